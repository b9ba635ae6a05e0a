/** Signing in by OpenID Connect, in a browser and on the command line, at a provider that may do it wrongly. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type {
  AuditEntry,
  DeviceAnswer,
  DeviceBegun,
  SessionView,
  TokenView,
  WhoAmI,
} from '../../../src/control/contract-access.ts';
import { start, until as whenSaid } from '../../cli/cli.ts';
import { freePort } from '../../free-port.ts';
import { until } from '../help.ts';
import { project, yaml, type Problem, type Project, type Running } from '../project.ts';
import { far, type FarAnswer, type FarRequest } from './far.ts';
import { client, Provider } from './provider.ts';

/** A browser: keeps cookies as it is told to. */
class Browser {
  static #addresses = 0;
  /** Each comes from an address of its own, as a proxy tells: what many do together, one may not. */
  readonly address = `192.0.2.${(Browser.#addresses += 1)}`;
  readonly cookies = new Map<string, string>();
  readonly set: string[] = [];

  async open(url: string, options: FarRequest = {}): Promise<FarAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const from = { 'x-forwarded-for': this.address };
    const headers = { ...from, ...(cookie === '' ? {} : { cookie }), ...options.headers };
    const answer = await far(url, { ...options, headers });
    for (const line of answer.headers['set-cookie'] ?? []) {
      this.set.push(line);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0\b/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }
}

describe('signing in', () => {
  let provider: Provider;
  let shop: Project;
  let running: Running;
  let url: string;
  const ended: (() => unknown)[] = [];
  const fake = { after: (run: () => unknown) => ended.push(run) } as never;

  before(async () => {
    provider = await Provider.start();
    ended.push(() => provider.close());
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    process.env['TEAL_TEST_OIDC'] = client.secret;
    const oidc = `{ issuer: "${provider.issuer}", client-id: teal, client-secret: { secret: env:TEAL_TEST_OIDC }, roles: { deployer: [devs], admin: [ops] } }`;
    shop = await project(
      fake,
      yaml({
        top: `control: { listen: ${port}, url: "${url}", trusted-proxies: [127.0.0.1], oidc: ${oidc} }`,
      }),
    );
    running = await shop.up();
  });
  after(async () => {
    delete process.env['TEAL_TEST_OIDC'];
    for (const run of ended.toReversed()) await run();
  });
  beforeEach(() => {
    provider.faults = {};
    provider.info = {};
    provider.person = { sub: '1', preferred_username: 'anna', groups: ['devs'] };
  });

  /** Up to where the provider sends the browser back; not yet there. */
  const begun = async (browser: Browser, to = '/'): Promise<string> => {
    const away = await browser.open(`${url}/login?to=${encodeURIComponent(to)}`);
    assert.equal(away.status, 302);
    const back = await far(away.headers.location ?? '');
    assert.equal(back.status, 302);
    return back.headers.location ?? '';
  };
  const signedIn = async (): Promise<Browser> => {
    const browser = new Browser();
    const page = await browser.open(await begun(browser));
    assert.equal(page.status, 200, page.body);
    return browser;
  };
  const session = async (browser: Browser): Promise<SessionView> =>
    (await browser.open(`${url}/v1/session`)).json<SessionView>();

  test('sends a person to the provider, by PKCE, and a program away', async () => {
    const page = await far(`${url}/v1/status`, { headers: { accept: 'text/html,*/*' } });
    assert.deepEqual([page.status, page.headers.location], [302, '/login?to=%2Fv1%2Fstatus']);
    assert.equal((await far(`${url}/v1/status`)).status, 401);
    const away = await far(`${url}/login`);
    const asked = new URL(away.headers.location ?? '').searchParams;
    assert.equal(asked.get('response_type'), 'code');
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.equal(asked.get('redirect_uri'), `${url}/login/callback`);
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.ok((asked.get(name) ?? '').length >= 32, name);
  });

  test('makes a session whose cookie no script reads, and which does what the groups may', async () => {
    const browser = await signedIn();
    const cookie = browser.set.find((line) => line.startsWith('teal-session='));
    assert.match(cookie ?? '', /; HttpOnly; SameSite=Strict; Max-Age=43(?:200|1\d\d)$/);
    const { actor, role, csrf } = await session(browser);
    assert.deepEqual([actor, role], ['user:anna', 'deployer']);
    assert.equal((await browser.open(`${url}/v1/status`)).status, 200);
    const body = { on: true };
    const own = { origin: url, 'sec-fetch-site': 'same-origin', 'x-teal-csrf': csrf ?? '' };
    const at = `${url}/v1/apps/shop/maintenance`;
    assert.equal((await browser.open(at, { body, headers: own })).status, 200);
    assert.equal((await browser.open(at, { body: { on: false }, headers: own })).status, 200);
    for (const headers of [
      {},
      { ...own, 'x-teal-csrf': 'guessed' },
      { ...own, origin: 'https://evil.test' },
      { ...own, 'sec-fetch-site': 'cross-site' },
      { 'x-teal-csrf': csrf ?? '' },
    ]) {
      const answer = await browser.open(at, { body, headers });
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.match(answer.json<Problem>().detail, /not a request of Teal's own page/);
    }
    assert.match(
      (await browser.open(`${url}/v1/apps/shop/remove`, { method: 'POST', headers: own })).body,
      /needs the role admin; you are user:anna/,
    );
    const [, secret = ''] = [...browser.cookies].find(([name]) => name === 'teal-session') ?? [];
    assert.equal(
      (await far(`${url}/v1/status`, { token: secret })).status,
      401,
      'it is good as a cookie alone',
    );
  });

  test('ends with the session: its cookie opens nothing afterwards', async () => {
    const browser = await signedIn();
    const copy = new Map(browser.cookies);
    const { csrf } = await session(browser);
    const headers = { origin: url, 'x-teal-csrf': csrf ?? '' };
    assert.equal((await browser.open(`${url}/v1/logout`, { method: 'POST', headers })).status, 200);
    assert.equal(browser.cookies.has('teal-session'), false);
    const stolen = new Browser();
    for (const [name, value] of copy) stolen.cookies.set(name, value);
    assert.match((await stolen.open(`${url}/v1/status`)).body, /The sign-in of user:anna was revoked/);
    for (let times = 0; times < 21; times++) await stolen.open(`${url}/v1/status`);
    assert.equal((await stolen.open(`${url}/v1/status`)).status, 429);
    assert.equal((await stolen.open(`${url}/login`)).status, 302, 'whoever signs in again has it with them');
  });

  test('is good once, and only in the browser that began it', async () => {
    const browser = new Browser();
    const back = await begun(browser);
    const other = new Browser();
    assert.equal((await other.open(back)).status, 403, 'sent to somebody else');
    assert.equal(other.cookies.size, 0);
    const again = new Browser();
    const second = await begun(again);
    assert.equal((await again.open(second)).status, 200);
    again.cookies.set('teal-login', 'x');
    assert.equal((await again.open(second)).status, 403, 'the same answer again');
    const state = new URL(await begun(browser));
    state.searchParams.set('state', 'made-up');
    assert.equal((await browser.open(state.href)).status, 403);
    assert.equal((await new Browser().open(`${url}/login/callback?code=x&state=y`)).status, 403);
  });

  for (const [what, faults] of [
    ['another issuer', { claims: { iss: 'https://evil.test' } }],
    ['another audience', { claims: { aud: 'somebody-else' } }],
    ['another nonce', { claims: { nonce: 'x'.repeat(43) } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['a time that is over', { claims: { exp: 1_000_000 } }],
    ['a key that nobody published', { otherKey: true }],
    ['no signature', { unsigned: true }],
    ['a refusal', { deny: true }],
  ] as const)
    test(`believes nothing with ${what}`, async () => {
      const browser = new Browser();
      provider.faults = faults;
      const page = await browser.open(await begun(browser));
      assert.equal(page.status, 403, page.body);
      assert.match(page.body, /Not signed in/);
      assert.equal(browser.cookies.has('teal-session'), false);
    });

  test('lets nobody in who is in no group, and takes groups from the user info as well', async () => {
    provider.person = { sub: '2', preferred_username: 'eve', groups: ['strangers'] };
    const eve = new Browser();
    const page = await eve.open(await begun(eve));
    assert.equal(page.status, 403);
    assert.match(page.body, /eve is in no group/);
    provider.person = { sub: '3', preferred_username: 'olga' };
    provider.info = { groups: ['ops'] };
    const olga = await signedIn();
    assert.equal((await session(olga)).role, 'admin');
    const entries = await running.api.get<AuditEntry[]>('/v1/audit?limit=5');
    const told = entries
      .filter(({ what }) => what === 'sign in')
      .map(({ actor, status, address }) => [actor, status, address]);
    assert.deepEqual(told.slice(0, 2), [
      ['user:olga', 200, olga.address],
      ['nobody', 403, eve.address],
    ]);
  });

  test('goes on where it began, and nowhere else', async () => {
    for (const [to, expected] of [
      ['/apps/shop?tab=1', '/apps/shop?tab=1'],
      ['https://evil.test/', '/'],
      ['//evil.test', '/'],
      ['/\\evil.test', '/'],
      ['/\t/evil.test', '/'],
      ['javascript:alert(1)', '/'],
      ['/"><script>alert(1)</script>', '/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'],
    ] as const) {
      const browser = new Browser();
      const page = await browser.open(await begun(browser, to));
      assert.ok(page.body.includes(`url=${expected}"`), `${to}: ${page.body}`);
      assert.ok(!page.body.includes('<script>'));
    }
  });

  test('on the command line takes the way over any browser', async (t) => {
    const home = await mkdtemp(path.join(os.tmpdir(), 'teal-login-'));
    t.after(() => rm(home, { recursive: true, force: true }));
    const env = { HOME: home, XDG_CONFIG_HOME: path.join(home, '.config') };
    const login = start(home, ['login', '--server', url], env);
    await whenSaid('the code is shown', () => login.said().includes('ABCD-EFGH'));
    provider.approve();
    const { code, out, err } = await login.finished;
    assert.equal(code, 0, err);
    assert.match(out, /Signed in +user:anna \(deployer\)/);
    const status = await start(home, ['status', '--json'], env).finished;
    assert.equal(status.code, 0, status.err);
    assert.equal((await start(home, ['logout'], env).finished).code, 0);
    const tokens = await running.api.get<TokenView[]>('/v1/tokens');
    assert.equal(tokens.findLast(({ kind }) => kind === 'login')?.state, 'revoked');
  });

  test('of a device is told once, to whoever began it, and to nobody when it is refused', async () => {
    const begin = async () => (await far(`${url}/v1/login/device`, { method: 'POST' })).json<DeviceBegun>();
    const ask = (id: string) => far(`${url}/v1/login/device/token`, { body: { id } });
    const { id } = await begin();
    assert.equal((await ask(id)).json<DeviceAnswer>().secret, null);
    assert.equal((await ask('x'.repeat(43))).status, 403);
    assert.equal((await ask('../../etc')).status, 400);
    provider.approve();
    const token = await until('it is there', async () => (await ask(id)).json<DeviceAnswer>().secret);
    assert.equal((await far(`${url}/v1/whoami`, { token })).json<WhoAmI>().by, 'login');
    assert.equal((await ask(id)).status, 403, 'not twice');
    const refused = await begin();
    provider.faults = { deny: true };
    await until('it is refused', async () => (await ask(refused.id)).status === 403);
  });

  test('keeps the client secret and every code to itself', async () => {
    await signedIn();
    const shown = JSON.stringify([
      await running.api.get('/v1/status'),
      await running.api.get('/v1/doctor/security'),
      await running.api.get('/v1/audit?limit=1000'),
      await running.api.get('/v1/tokens'),
    ]);
    assert.ok(!shown.includes(client.secret));
    const codes = provider.tokenRequests.map((body) => body.get('code') ?? body.get('device_code') ?? '-');
    assert.ok(codes.length > 0 && codes.every((code) => code === '' || !shown.includes(code)));
  });
});

test('a provider that is away is told, and tried again', async (t) => {
  const port = await freePort();
  const away = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const oidc = `{ issuer: "http://127.0.0.1:${away}", client-id: teal, roles: { admin: [ops] } }`;
  const shop = await project(t, yaml({ top: `control: { listen: ${port}, url: "${url}", oidc: ${oidc} }` }));
  await shop.up();
  for (let times = 0; times < 2; times++) {
    const page = await far(`${url}/login`);
    assert.equal(page.status, 403);
    assert.match(page.body, /Not signed in/);
  }
});
