/** What is secret is where it has to be, and in nothing that anybody is shown, or that is kept. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { request } from '../../src/cli/shell/http.ts';
import { Visitor } from './clients/visitor.ts';
import { Wire } from './clients/wire.ts';
import { World, type Settings } from './harness.ts';
import { processesOf } from './processes.ts';
import { reachesStep } from './steps.ts';

/** Random, so that finding one is no coincidence. */
const made = (): string => randomBytes(24).toString('hex');

/** Named by teal.yaml and held elsewhere. */
const held = { db: made(), pay: made(), payEnd: made(), signing: made() };
/** What people send, and Teal only passes on. */
const sent = { header: made(), cookie: made(), basic: made(), query: made(), malformed: made() };

const settings: Settings = {
  instances: 1,
  environment: 'DB_PASSWORD: { secret: env:ACCEPT_DB }, PAY_KEY: { secret: "file:./pay.key" }',
  files: { 'pay.key': `${held.pay}\n${held.payEnd}\n` },
  tls: true,
  control: true,
  router: { 'access-log': 'logs', 'access-log-query': 'all' },
  app: {
    identity:
      '{ sources: [{ jwt: sub }], jwt: { secret: env:ACCEPT_JWT, algorithms: HS256, issuer: i, audience: shop } }',
    audiences: '{ staff: { groups: [staff] }, insiders: { header: { name: x-key, prefix: a } } }',
  },
  // It knows both, and is not discreet.
  tests: [
    'name: leaky\n          command: \'echo "it got $ACCEPT_DB"; cat $TEAL_TEST_FOLDER/pay.key; test $TEAL_VERSION != v4\'',
  ],
  release: {
    steps: '[{ expose: { to: [staff], for: 1h } }]',
  },
};

export async function C16(): Promise<void> {
  await using world = await World.create(settings);
  for (const version of ['v1', 'v2', 'v3', 'v4']) await world.build(version);
  const env = { ACCEPT_DB: held.db, ACCEPT_JWT: held.signing, TEAL_TEST_FOLDER: world.folder };
  const up = await world.up([], env);
  await world.deploy('v1', { promote: 'auto' });
  await world.promoted('v1');
  await failing(world);
  await world.deploy('v2');
  await reachesStep(world, 1);
  const passing = await traffic(world);
  const preview = await world.client.preview('shop');
  await get(world, new URL(preview.url).pathname);
  const token = preview.header.value;
  await world.event('exposed');
  const table = readFileSync(path.join(world.data, 'router/table.json'), 'utf8');
  const keys = [...table.matchAll(/"previewKey":\s*"([^"]+)"/g)].map(([, key]) => key ?? '');
  assert.equal(keys.length, 1);
  const admin = await tokens(world);
  const secrets = new Map<string, string>([
    ...Object.entries({ ...held, ...sent, ...passing, preview: token }),
    ['the key of cookies and previews', keys[0] ?? ''],
    ['the token of the control plane', admin],
    ['the key of the certificate', lineOf(path.join(world.folder, 'tls.key'))],
  ]);
  const shown = await everythingShown(world);
  shown.set('what teal up says', up.said());
  const explained = await asked(world, '/v1/apps/shop/explain', {
    user: 'anna',
    headers: { 'x-key': sent.header, cookie: `session=${sent.cookie}` },
  });
  shown.set('POST explain', explained);
  // The output of tests and of an app is there at all: else it would prove nothing that its secrets are not.
  assert.match(shown.get('teal logs') ?? '', /cannot reach the database with \[DB_PASSWORD\]/);
  assert.match(shown.get('teal history --json') ?? '', /it got \[DB_PASSWORD\]/);
  const found = [
    ...leaks(shown, secrets),
    ...leaks(files(world), secrets),
    ...leaks(arguments_(world), secrets),
  ];
  assert.deepEqual(found, [], `${found.length} secrets were told`);
}

/** One that is used, rightly and wrongly; of both there may be traces, and of the secret none. */
async function tokens(world: World): Promise<string> {
  const admin = await world.token('root', 'admin');
  assert.equal((await world.far('/v1/status', admin)).status, 200);
  assert.equal(
    (await world.far(`/v1/apps/nobody/rollback?token=${admin}`, admin, { method: 'POST' })).status,
    400,
    'there is no such thing to ask by',
  );
  assert.equal((await world.far('/v1/status', `${admin}x`)).status, 401);
  const misplaced = { method: 'POST', headers: { 'user-agent': admin } };
  assert.equal((await world.far(`/v1/${admin}`, admin, misplaced)).status, 404, 'also where it has no place');
  return admin;
}

/** A version that prints what it was given before it dies, and one whose test does before it fails. */
async function failing(world: World): Promise<void> {
  const server = path.join(world.folder, 'versions/v3/server.js');
  const said = '`cannot reach the database with ${DB_PASSWORD}\\n${PAY_KEY}`';
  writeFileSync(
    server,
    `const { DB_PASSWORD, PAY_KEY } = process.env; console.error(${said}); process.exit(3);\n`,
  );
  for (const version of ['v3', 'v4']) {
    await world.deploy(version);
    const { release } = await world.reaches(
      `${version} aborted`,
      ({ release: of }) => of?.version === version && of.status === 'aborted',
    );
    assert.match(
      release?.error?.message ?? '',
      /\[DB_PASSWORD\]/,
      'why it failed is told, but for the secret',
    );
  }
}

/** @returns cookies that Teal has given, and tokens that were sent */
async function traffic(world: World): Promise<Readonly<Record<string, string>>> {
  const good = token('anna', held.signing);
  const wrong = token('anna', made());
  const headers = {
    authorization: `Bearer ${good}`,
    'x-key': sent.header,
    cookie: `session=${sent.cookie}`,
  };
  const query = `/version?access_token=${sent.query}&page=2`;
  const employee = new Visitor(world.port, { headers });
  assert.equal(await employee.ask(query), 'v2', 'the token is good');
  assert.equal(await employee.ask(query), 'v2');
  const guest = new Visitor(world.port, { headers: { ...headers, authorization: `Bearer ${wrong}` } });
  assert.equal(await guest.ask(query), 'v1');
  const basic = new Visitor(world.port, { headers: { authorization: `Basic ${sent.basic}` } });
  assert.equal(await basic.ask(query), 'v1');
  for (const visitor of [employee, guest, basic]) visitor.close();
  const wire = new Wire(world.port);
  const refused = await wire.send(
    `GET /${sent.malformed} HTTP/1.1\r\nHost: shop\r\nx-key : ${sent.malformed}\r\n\r\n`,
  );
  assert.equal(refused.status, 400);
  assert.ok(!refused.body.includes(sent.malformed), 'an error page repeats nothing');
  wire.close();
  const release = employee.jar.get('teal-release');
  assert.ok(release !== undefined);
  return { 'the good token': signatureOf(good), 'the wrong token': signatureOf(wrong), release };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const signatureOf = (text: string): string => text.slice(text.lastIndexOf('.') + 1);

function token(sub: string, secret: string): string {
  const claims = { iss: 'i', aud: 'shop', sub, groups: ['staff'], exp: Math.floor(Date.now() / 1000) + 600 };
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** All that a person can ask for, by command line and API. */
async function everythingShown(world: World): Promise<Map<string, string>> {
  const access = path.join(world.data, 'router/access.log');
  const commands = [
    'status',
    'status shop',
    'history',
    'logs',
    'logs shop --lines 500',
    'logs --access --lines 500',
    'doctor',
    'config check',
    'apply',
    'app list',
    `plan shop v3 --log ${access}`,
    `explain shop --header x-key:${'b'}`,
    'prove --requests nonsense',
    'deploy shop v2',
    'rollback nobody',
    'token list',
    'audit list --limit 500',
    'audit export',
    'doctor --security',
  ];
  const shown = new Map<string, string>();
  for (const command of commands) {
    for (const json of [[], ['--json']]) {
      const { out, err } = await world.teal(...command.split(' '), ...json);
      shown.set(`teal ${[command, ...json].join(' ')}`, out + err);
    }
  }
  const paths = [
    'status',
    'doctor',
    'apps/shop',
    'apps/shop/logs?lines=500',
    'access',
    'events?limit=500',
    'audit?limit=500',
    'tokens',
    'doctor/security',
    'metrics',
  ];
  for (const each of paths) shown.set(`GET ${each}`, await asked(world, `/v1/${each}`));
  shown.set('GET /metrics', await asked(world, '/metrics'));
  return shown;
}

async function asked(world: World, at: string, body?: unknown): Promise<string> {
  const answer = await request({
    socket: world.client.at,
    method: body === undefined ? 'GET' : 'POST',
    path: at,
    headers: {},
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  let text = '';
  for await (const chunk of answer.body) text += chunk.toString();
  return text;
}

async function get(world: World, at: string): Promise<void> {
  await fetch(`${world.url}${at}`, { redirect: 'manual' }).then((response) => response.arrayBuffer());
}

/** Everything below the data directory. */
function files(world: World): ReadonlyMap<string, string> {
  const names = readdirSync(world.data, { recursive: true, encoding: 'utf8' });
  const regular = names.filter((name) => statSync(path.join(world.data, name)).isFile());
  return new Map(regular.map((name) => [name, readFileSync(path.join(world.data, name), 'latin1')]));
}

/** Anybody on the machine can read them. */
const arguments_ = (world: World): ReadonlyMap<string, string> =>
  new Map(
    processesOf(world.folder).map((pid) => [
      `the arguments of ${pid}`,
      readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
    ]),
  );

/** Where a secret may be: keys where they are kept (0600), and what an app printed in its own log. */
const home: Readonly<Record<string, RegExp>> = {
  'the key of cookies and previews': /^(teal\.db(-wal)?|router\/table\.json)$/,
  db: /^instances\/[^/]+\/std(out|err)\.log$/,
  pay: /^instances\/[^/]+\/std(out|err)\.log$/,
  payEnd: /^instances\/[^/]+\/std(out|err)\.log$/,
};

function leaks(texts: ReadonlyMap<string, string>, secrets: ReadonlyMap<string, string>): readonly string[] {
  return [...texts].flatMap(([where, text]) =>
    [...secrets].flatMap(([name, secret]) =>
      text.includes(secret) && home[name]?.test(where) !== true ? [`${name} is in ${where}`] : [],
    ),
  );
}

/** One of its lines: a file of it anywhere would hold it. */
const lineOf = (file: string): string => readFileSync(file, 'utf8').split('\n')[1] ?? '';
