/** What `teal doctor --security` says of what is open. */
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseConfig } from '../../../src/config/load.ts';
import type { Grant } from '../../../src/control/access/grant.ts';
import { securityChecks, type Looked } from '../../../src/control/access/security.ts';
import type { Check } from '../../../src/control/contract.ts';
import { forever, scratch } from '../help.ts';

const day = 24 * 3600_000;
const now = 1000 * day;

const grant = (more: Partial<Grant>): Grant => ({
  id: 'a1',
  kind: 'token',
  name: 'ci',
  actor: 'token:ci',
  role: 'deployer',
  apps: ['shop'],
  hash: '',
  madeAt: now - day,
  madeBy: 'user:anna',
  expiresAt: now + day,
  revokedAt: null,
  lastUsedAt: now,
  lastFrom: null,
  ...more,
});

const app = (environment = ''): string =>
  `apps: { shop: { run: { process: { command: x, environment: { ${environment} } } } } }`;

async function looked(t: TestContext, text: string, more: Partial<Looked> = {}) {
  const folder = await scratch(t);
  const file = path.join(folder, 'teal.yaml');
  await writeFile(file, text, { mode: 0o600 });
  const config = parseConfig(text, file);
  await mkdir(config.data, { mode: 0o700 });
  const whole = { ok: true, entries: 3, head: null, problems: [] };
  const options: Looked = {
    config,
    grants: [],
    audit: { verifyOn: async () => whole },
    socket: path.join(config.data, 'control.sock'),
    now,
    uid: 1000,
    environment: {},
    signal: forever,
    ...more,
  };
  return { folder, config, checks: () => securityChecks(options) };
}

const bad = (checks: readonly Check[]): readonly string[] =>
  checks.filter(({ state }) => state !== 'ok').map(({ name, state, says }) => `${state} ${name}: ${says}`);

test('a Teal that nobody has opened has nothing to say', async (t) => {
  const { checks } = await looked(t, app());
  assert.deepEqual(bad(await checks()), []);
  const tight = await looked(t, app('DB_PASSWORD: { secret: env:X }'), { grants: [grant({})] });
  assert.deepEqual(bad(await tight.checks()), []);
});

test('each thing that is more open than it has to be is told, with what to do', async (t) => {
  const text = `
router: { listen: 0.0.0.0:80, h2c: 0.0.0.0:81, trusted-proxies: [0.0.0.0/0], proxy-protocol: ["::/0"] }
control:
  listen: 127.0.0.1:7433
  url: https://teal.test
  oidc: { issuer: "https://id.test", client-id: teal, roles: { deployer: ["*"] } }
${app('API_KEY: abc, NAME: x')}`;
  const { checks } = await looked(t, text, {
    uid: 0,
    environment: { SUDO_USER: 'anna' },
    grants: [
      grant({ name: 'endless', expiresAt: null }),
      grant({ name: 'root', role: 'admin', apps: null }),
      grant({ name: 'idle', madeAt: now - 60 * day, lastUsedAt: now - 31 * day }),
      grant({ name: 'ended', role: 'admin', expiresAt: now - 1 }),
      grant({ name: 'gone', role: 'admin', expiresAt: null, revokedAt: now - 1 }),
      grant({ kind: 'session', name: 'user:olga', actor: 'user:olga', role: 'admin', apps: null }),
    ],
    audit: {
      verifyOn: async () => ({
        ok: false,
        entries: 2,
        head: null,
        problems: [{ number: 2, says: 'it is missing' }],
      }),
    },
  });
  const all = await checks();
  assert.deepEqual(bad(all), [
    'warning router: 0.0.0.0:80 is not encrypted',
    'warning h2c: 0.0.0.0:81 takes HTTP/2 without encryption',
    'failed router.trusted-proxies: 0.0.0.0/0 believes strangers who they are',
    'failed router.proxy-protocol: ::/0 believes strangers who they are',
    'warning tokens: without an end: endless',
    'warning admins: may do everything: token root, session of user:olga',
    'warning unused tokens: not used for 30 days: idle',
    'failed sign-in: everybody whom https://id.test knows is deployer',
    'warning user: Teal and every app run as root',
    'warning sudo: started by anna with sudo: whoever may do that is in the history by the name that SUDO_USER says',
    'warning secrets: written in teal.yaml: API_KEY of shop',
    'failed audit log: entry 2: it is missing',
  ]);
  assert.ok(all.every(({ state, remedy }) => (state === 'ok') === (remedy === null)));
});

test('files that others can use are told, each with the command that mends it', async (t) => {
  const { folder, config, checks } = await looked(t, app('KEY: { secret: "file:./key" }'));
  const key = path.join(folder, 'key');
  await writeFile(key, 'x', { mode: 0o600 });
  assert.deepEqual(bad(await checks()), []);
  await chmod(key, 0o644);
  await chmod(config.data, 0o755);
  await chmod(config.file, 0o664);
  const found = (await checks()).filter(({ state }) => state === 'failed');
  assert.deepEqual(
    found.map(({ remedy }) => remedy),
    [`chmod 700 ${config.data}`, `chmod 644 ${config.file}`, `chmod 600 ${key}`],
  );
});
