/** The API over TCP, of a running Teal: who comes in, and what they may. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type {
  AuditEntry,
  AuditReport,
  TokenBody,
  TokenMade,
  TokenView,
  WhoAmI,
} from '../../../src/control/contract-access.ts';
import type { Check, EventView, Status } from '../../../src/control/contract.ts';
import { makeSecret } from '../../../src/control/access/secret-text.ts';
import { CertificateFolder, issue } from '../../router/certificates.ts';
import { until } from '../help.ts';
import { project, yaml, type Problem, type Project, type Running } from '../project.ts';
import { far, type FarAnswer, type FarRequest } from './far.ts';

/** Also that it is a problem, as every refusal is. */
const told = ({ status, headers, body }: FarAnswer): string => {
  assert.equal(headers['content-type'], 'application/problem+json');
  const { code, detail } = JSON.parse(body) as Problem;
  return `${status} ${code}: ${detail}`;
};

describe('the API over TCP', () => {
  let shop: Project;
  let running: Running;
  const secrets: string[] = [];
  const ended: (() => unknown)[] = [];
  const fake = { after: (run: () => unknown) => ended.push(run) } as never;
  const ask = (at: string, options?: FarRequest): Promise<FarAnswer> =>
    far(`${running.control.url}${at}`, options);
  const make = async (body: TokenBody): Promise<string> => {
    const { secret } = await running.api.post<TokenMade>('/v1/tokens', body);
    secrets.push(secret);
    return secret;
  };

  before(async () => {
    const top = 'control: { listen: "127.0.0.1:0", max-upload: 1MB }\npeople: { managers: [anna, test] }';
    const gate = 'steps: [{ approve: { role: managers } }]';
    shop = await project(fake, yaml({ top, release: gate }));
    running = await shop.up();
    await running.api.post('/v1/apps/shop/deploy', { version: 'v1' });
    await running.when('v1 waits', ({ release }) => release?.step?.kind === 'approve');
    await running.api.post('/v1/apps/shop/approve', { step: 0 });
    await running.when('v1 is live', ({ release }) => release?.status === 'completed');
  });
  after(async () => {
    for (const run of ended) await run();
  });

  test('tells strangers nothing, and how to come in', async () => {
    for (const at of ['/v1/status', '/v1/apps/shop', '/metrics', '/', '/v1/whatever', '/v1/tokens']) {
      const answer = await ask(at);
      assert.equal(answer.status, 401, at);
      assert.match(told(answer), /not-signed-in: Teal does not know who asks/);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="teal"');
    }
    const named = await ask('/v1/apps/shop/rollback', {
      method: 'POST',
      headers: { 'x-teal-actor': 'user:root' },
    });
    assert.equal(named.status, 401, 'a name is no login');
  });

  test('can be shown in no frame, and is kept by no cache', async () => {
    const { headers } = await ask('/v1/status', { token: await make({ name: 'frames', role: 'viewer' }) });
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  test('lets each role do its own, and says which one is needed', async () => {
    const viewer = await make({ name: 'viewer', role: 'viewer' });
    const deployer = await make({ name: 'deployer', role: 'deployer' });
    assert.equal((await ask('/v1/status', { token: viewer })).status, 200);
    assert.equal(
      told(await ask('/v1/apps/shop/deploy', { token: viewer, body: { version: 'v2' } })),
      '403 not-allowed: deploy needs the role deployer; you are token:viewer (viewer).',
    );
    assert.equal(
      (await ask('/v1/apps/shop/deploy', { token: deployer, body: { version: 'v2' } })).status,
      200,
    );
    await running.when('v2 waits', ({ release }) => release?.step?.kind === 'approve');
    assert.match(
      told(await ask('/v1/apps/shop/approve', { token: deployer, body: { step: 0 } })),
      /approve needs the role approver; you are token:deployer \(deployer\)/,
    );
    assert.match(
      told(await ask('/v1/apps/shop/promote', { token: deployer, body: { full: true } })),
      /needs the role approver/,
    );
    // The role lets them ask; who may approve this release is what teal.yaml says.
    const ben = await make({ name: 'ben', role: 'approver', actor: 'ben' });
    const anna = await make({ name: 'anna', role: 'approver', actor: 'anna' });
    assert.match(
      told(await ask('/v1/apps/shop/approve', { token: ben, body: { step: 0 } })),
      /not-allowed: user:ben/,
    );
    assert.equal((await ask('/v1/apps/shop/approve', { token: anna, body: { step: 0 } })).status, 200);
    const { release } = await running.when('v2 is live', ({ release: of }) => of?.status === 'promoted');
    assert.equal(release?.version, 'v2');
    const events = await running.api.get<EventView[]>('/v1/events?app=shop&limit=100');
    const passed = events.find(({ type }) => type === 'step-passed');
    assert.equal(passed?.actor, 'user:anna');
    assert.equal(release?.actor, 'token:deployer');
  });

  test('refuses to pass by the approval that teal.yaml asks for', async () => {
    const other = await project(fake, yaml({ top: 'control: { listen: 0 }', release: 'promote: manual' }));
    const up = await other.up();
    const { secret } = await up.api.post<TokenMade>('/v1/tokens', { name: 'ci', role: 'deployer' });
    const body = { version: 'v1', promote: 'auto' };
    const answer = await far(`${up.control.url}/v1/apps/shop/deploy`, { token: secret, body });
    assert.match(told(answer), /403 not-allowed: promote: auto.*needs the role approver/);
    await up.control.stop({ everything: true });
  });

  test('ends what is expired and what is revoked, and says so to whoever has it', async () => {
    const short = await make({ name: 'short', role: 'viewer', expiresMs: 1000 });
    assert.equal((await ask('/v1/whoami', { token: short })).status, 200);
    await until('it has expired', async () => (await ask('/v1/whoami', { token: short })).status === 401);
    assert.match(told(await ask('/v1/whoami', { token: short })), /The token short has expired at/);
    const gone = await make({ name: 'gone', role: 'admin' });
    await running.api.post('/v1/tokens/gone/revoke');
    assert.match(told(await ask('/v1/whoami', { token: gone })), /The token gone was revoked/);
    assert.match(told(await ask('/v1/apps/shop/rollback', { token: gone, method: 'POST' })), /^401/);
  });

  test('takes nothing else for a token', async () => {
    const token = await make({ name: 'real', role: 'admin' });
    const wrong = [
      `Basic ${Buffer.from(`teal:${token}`).toString('base64')}`,
      `Bearer ${token}x`,
      `Bearer ${makeSecret()}`,
      'Bearer',
      'Bearer null',
      token,
    ];
    for (const authorization of wrong)
      assert.equal((await ask('/v1/whoami', { headers: { authorization } })).status, 401, authorization);
    assert.equal((await ask(`/v1/whoami?token=${token}`)).status, 401, 'an address ends in logs');
    assert.equal((await ask('/v1/whoami', { headers: { cookie: `teal-session=${token}` } })).status, 401);
    assert.equal((await ask('/v1/whoami', { headers: { authorization: `bearer  ${token}` } })).status, 200);
  });

  test('a token of one app sees and does nothing of others', async () => {
    const token = await make({ name: 'one', role: 'deployer', apps: ['blog'] });
    assert.deepEqual((await ask('/v1/status', { token })).json<Status>().apps, []);
    assert.deepEqual((await ask('/v1/events', { token })).json<unknown[]>(), []);
    for (const at of ['/v1/apps/shop', '/v1/apps/shop/logs', '/v1/events?app=shop', '/v1/doctor', '/metrics'])
      assert.equal((await ask(at, { token })).status, 403, at);
    for (const at of ['/v1/apps/shop/rollback', '/v1/rollback', '/v1/apps/%73hop/pause', '/v1/apply'])
      assert.equal((await ask(at, { token, method: 'POST' })).status, 403, at);
    const { router: none } = (await ask('/v1/status', { token })).json<Status>();
    assert.deepEqual([none?.environments, none?.endpoints], [[], []]);
    const own = await make({ name: 'own', role: 'viewer', apps: ['shop'] });
    const { apps, router } = (await ask('/v1/status', { token: own })).json<Status>();
    assert.equal(apps.length, 1);
    assert.ok(router?.environments.some(({ app }) => app === 'shop') && router.endpoints.length > 0);
    assert.ok((await ask('/v1/events?limit=1', { token: own })).json<EventView[]>().length === 1);
  });

  test('names no files of the machine for whoever is elsewhere', async () => {
    const token = await make({ name: 'far', role: 'admin' });
    for (const body of [
      { version: 'v9', from: shop.folder },
      { version: 'v9', from: 'git:main' },
      { version: 'v9', from: '/etc' },
    ])
      assert.match(
        told(await ask('/v1/apps/shop/deploy', { token, body })),
        /would be a file of the machine/,
      );
    const plan = { version: 'v3', log: '/etc/passwd' };
    assert.equal((await ask('/v1/apps/shop/plan', { token, body: plan })).status, 403);
    assert.equal((await ask('/v1/apply', { token, body: { file: '/etc/teal.yaml' } })).status, 403);
    assert.equal(
      (await ask('/v1/apply', { token, body: { dryRun: true } })).status,
      200,
      'its own it may name',
    );
    for (const from of ['upload:../../../etc/passwd', 'upload:', `upload:${'a'.repeat(32)}`, 'upload:a/../b'])
      assert.equal(
        (await ask('/v1/apps/shop/deploy', { token, body: { version: 'v9', from } })).status,
        422,
        from,
      );
  });

  test('app names that are paths are names of no app', async () => {
    const token = await make({ name: 'paths', role: 'admin' });
    for (const name of [
      '..',
      '%2e%2e',
      '..%2f..%2fetc',
      '%40audit',
      '@access',
      'shop%00',
      '%5c..',
      'a'.repeat(5000),
    ]) {
      const answer = await ask(`/v1/apps/${name}/deploy`, { token, body: { version: 'v9' } });
      assert.ok([400, 403, 404].includes(answer.status), `${name}: ${answer.status}`);
    }
  });

  test('whoever shows a token on the socket is held to it', async () => {
    const token = await make({ name: 'held', role: 'viewer' });
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'x-teal-actor': 'user:root' };
      const options = {
        socketPath: running.control.socket,
        method: 'POST',
        path: '/v1/apps/shop/pause',
        headers,
      };
      http
        .request(options, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', reject)
        .end();
    });
    assert.equal(status, 403);
  });

  test('says who somebody is, and an admin when which token was used', async () => {
    const token = await make({ name: 'me', role: 'deployer', apps: ['shop'], expiresMs: 3_600_000 });
    const who = (await ask('/v1/whoami', { token })).json<WhoAmI>();
    assert.deepEqual(
      [who.actor, who.role, who.apps, who.by, who.name],
      ['token:me', 'deployer', ['shop'], 'token', 'me'],
    );
    const tokens = await running.api.get<TokenView[]>('/v1/tokens');
    const me = tokens.find(({ name }) => name === 'me');
    assert.ok(me?.lastUsedAt !== null && me?.lastFrom === '127.0.0.1');
    assert.ok(!JSON.stringify(tokens).includes('hash'));
    assert.equal((await ask('/v1/tokens', { token })).status, 403);
  });

  test('has in its audit log who did what, from where, and what is different; also who was refused', async () => {
    const token = await make({ name: 'audited', role: 'deployer' });
    const agent = { 'user-agent': 'robot/1' };
    await ask('/v1/apps/shop/maintenance', { token, body: { on: true }, headers: agent });
    await ask('/v1/apps/shop/remove', { token, method: 'POST', headers: agent });
    await ask('/v1/apps/shop/maintenance', { token, body: { on: false } });
    const entries = await running.api.get<AuditEntry[]>('/v1/audit?limit=100');
    const [on] = entries.filter(
      ({ what, after: now }) => what === 'maintenance' && JSON.stringify(now).includes('true'),
    );
    assert.deepEqual(
      [on?.actor, on?.role, on?.by, on?.address, on?.agent, on?.path, on?.status],
      ['token:audited', 'deployer', 'token', '127.0.0.1', 'robot/1', '/v1/apps/shop/maintenance', 200],
    );
    assert.deepEqual(
      [on?.before, on?.after],
      [{ shop: { maintenance: false } }, { shop: { maintenance: true } }],
    );
    const refused = entries.find(({ what }) => what === 'remove');
    assert.deepEqual([refused?.status, refused?.code, refused?.after], [403, 'not-allowed', null]);
    const made = entries.find(
      ({ what, after: now }) => what === 'POST /v1/tokens' && JSON.stringify(now).includes('"audited"'),
    );
    assert.deepEqual([made?.actor, made?.address], ['user:test', null]);
    const report = await running.api.get<AuditReport>('/v1/audit/verify');
    assert.deepEqual([report.ok, report.problems], [true, []]);
    const { lines, end } = await running.api.stream('/v1/audit/export');
    assert.equal(await end, 'ended');
    assert.equal(lines.length, report.entries);
    assert.ok(
      !(await running.api.get<EventView[]>('/v1/events?limit=1000')).some(({ app }) => app.startsWith('@')),
    );
  });

  test('says what is open', async () => {
    await make({ name: 'endless', role: 'admin' });
    const checks = await running.api.get<Check[]>('/v1/doctor/security');
    const by = new Map(checks.map((check) => [check.name, check]));
    assert.match(by.get('control')?.says ?? '', /^127\.0\.0\.1:0, this machine only, tokens needed/);
    assert.match(by.get('tokens')?.says ?? '', /without an end: .*endless/);
    assert.match(by.get('admins')?.says ?? '', /token endless/);
    assert.equal(by.get('audit log')?.state, 'ok');
    assert.equal(
      (await ask('/v1/doctor/security', { token: await make({ name: 'v2', role: 'viewer' }) })).status,
      403,
    );
  });

  test('has told no token to anybody, in no file', async () => {
    const files = await readdir(shop.data, { recursive: true });
    assert.ok(secrets.length > 10 && files.length > 5);
    for (const name of files) {
      const file = path.join(shop.data, name);
      if (!(await stat(file)).isFile()) continue;
      const text = await readFile(file, 'latin1');
      for (const secret of secrets) assert.ok(!text.includes(secret), `a token is in ${name}`);
    }
  });
});

test('who asks too often is told to wait, and others are not held up', async (t) => {
  const shop = await project(t, yaml({ top: 'control: { listen: 0, trusted-proxies: [127.0.0.1] }' }));
  const running = await shop.up();
  const { secret } = await running.api.post<TokenMade>('/v1/tokens', { name: 'ci', role: 'viewer' });
  const ask = (from: string, token?: string) =>
    far(`${running.control.url}/v1/whoami`, {
      headers: { 'x-forwarded-for': from },
      ...(token === undefined ? {} : { token }),
    });
  const wrong = async (): Promise<FarAnswer> => await ask('192.0.2.1', makeSecret());
  const first = await Promise.all(Array.from({ length: 20 }, wrong));
  assert.deepEqual(new Set(first.map(({ status }) => status)), new Set([401]));
  const next = await wrong();
  assert.equal(next.status, 429);
  assert.ok(Number(next.headers['retry-after']) >= 1);
  assert.equal((await ask('192.0.2.2', makeSecret())).status, 401, 'another address');
  assert.equal((await ask('192.0.2.1', secret)).status, 200, 'a good token is not held up by that');
  const entries = await running.api.get<AuditEntry[]>('/v1/audit?limit=50');
  assert.deepEqual(
    new Set(entries.filter(({ actor }) => actor === 'nobody').map(({ address }) => address)),
    new Set(['192.0.2.1', '192.0.2.2']),
  );
});

test('is encrypted, and shows a new certificate without a dropped request', async (t) => {
  await using folder = await CertificateFolder.make();
  const authority = issue({ subject: 'authority', authority: true });
  const files = await folder.put('control', issue({ names: ['localhost'], by: authority }));
  const tls = `tls: { certificate: ${files.certificate}, key: ${files.key} }`;
  const shop = await project(t, yaml({ top: `control: { listen: "127.0.0.1:0", ${tls} }` }));
  const running = await shop.up();
  const { secret: token } = await running.api.post<TokenMade>('/v1/tokens', { name: 'ci', role: 'viewer' });
  const url = (running.control.url ?? '').replace('127.0.0.1', 'localhost');
  assert.match(url, /^https:/);
  const ca = authority.certificate;
  assert.equal((await far(`${url}/v1/whoami`, { token, ca })).status, 200);
  await assert.rejects(far(`${url}/v1/whoami`, { token }), /self-signed|unable to/i);
  await assert.rejects(far(`${url.replace('https', 'http')}/v1/whoami`, { token }));
  const other = issue({ subject: 'other authority', authority: true });
  await folder.put('control', issue({ names: ['localhost'], by: other }));
  await until('the new one is shown', async () => {
    const answer = await far(`${url}/v1/whoami`, { token, ca: other.certificate }).catch(() => null);
    return answer?.status === 200;
  });
});
