/** The parts of access that give the same for the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { authorize, concerned } from '../../../src/control/access/authorize.ts';
import type { Caller } from '../../../src/control/access/caller.ts';
import { readCookie, setCookie } from '../../../src/control/access/cookies.ts';
import { foreign } from '../../../src/control/access/csrf.ts';
import { flagPages } from '../../../src/control/flags/pages.ts';
import { commandRoles, neededFor, needs } from '../../../src/control/access/needs.ts';
import { personOf } from '../../../src/control/access/person.ts';
import { csrfOf, hashOf, looksRight, makeSecret } from '../../../src/control/access/secret-text.ts';
import { neighbourhood, Throttle } from '../../../src/control/access/throttle.ts';
import { loginPages } from '../../../src/control/access/login-pages.ts';
import { dashboardPages } from '../../../src/control/dashboard/pages.ts';
import { Traffic } from '../../../src/control/traffic/traffic.ts';
import { onlyApps } from '../../../src/control/access/visible.ts';
import { api } from '../../../src/control/api/app.ts';
import { routeEntries } from '../../../src/control/api/routes/routes.ts';
import { wholeStatus } from '../../../src/control/api/status.ts';
import { commandNames } from '../../../src/control/contract.ts';
import { TealError } from '../../../src/errors.ts';
import { fakeDeps } from '../fakes.ts';

test('a token can be told from other text by its form, and a mistyped one from a right one', () => {
  const token = makeSecret();
  assert.match(token, /^teal_[A-Za-z0-9_-]{43}_[0-9a-f]{8}$/);
  assert.ok(looksRight(token));
  assert.notEqual(makeSecret(), token);
  for (let at = 5; at < 48; at++) {
    const other = token[at] === 'A' ? 'B' : 'A';
    assert.equal(looksRight(token.slice(0, at) + other + token.slice(at + 1)), false, `changed at ${at}`);
  }
  for (const wrong of ['', 'teal_', `${token} `, `${token}0`, token.toUpperCase(), token.slice(5)])
    assert.equal(looksRight(wrong), false, wrong);
  assert.match(hashOf(token), /^[0-9a-f]{64}$/);
  assert.notEqual(csrfOf(token), hashOf(token));
});

const onlyShop: Caller = {
  actor: 'token:x',
  role: 'viewer',
  apps: ['shop'],
  by: 'token',
  id: '1',
  name: 'x',
  expiresAt: null,
  from: { address: '192.0.2.1', agent: null },
};

/** Whether a line names it, or is for commands and it is one. */
const isDeclared = (method: string, path: string): boolean =>
  needs.some((need) => {
    const [of, name = ''] = [path.slice(0, path.lastIndexOf('/')), path.split('/').at(-1)];
    const isCommand = need.path === `${of}/:command` && commandNames.some((each) => each === name);
    return need.method === method && (need.path === path || isCommand);
  });

describe('what a request needs', () => {
  const sample = (path: string): string => path.replaceAll(/:(\w+)/g, 'some-$1');
  const loginRoutes = [
    'GET /login',
    'GET /login/callback',
    'GET /login/token',
    'POST /login/token',
    'GET /login/link',
  ];
  const pageRoutes = [
    'GET /',
    'GET /apps/:app',
    'GET /apps/:app/history',
    'GET /apps/:app/logs',
    'GET /events',
    'GET /assets/:file',
  ];

  test('is said of every route that there is, as the table of routes has it, and of none that there is not', async (t) => {
    const deps = await fakeDeps(t);
    for (const [id, { method, path, role, about, acts }] of routeEntries) {
      const needed = neededFor(method, sample(path));
      assert.deepEqual([needed.role, needed.about], [role, about], id);
      assert.equal(needed.app, path.includes(':app') ? 'some-app' : null, id);
      assert.equal(needed.group, path.includes(':group') ? 'some-group' : null, id);
      if (acts === true) assert.ok(needed.changes, `${id} is in the audit log`);
      assert.ok(isDeclared(method, path), `${id} has a line of its own`);
    }
    assert.deepEqual(
      loginPages(deps.access)
        .routes.filter(({ method }) => method !== 'ALL')
        .map(({ method, path }) => `${method} ${path}`),
      loginRoutes,
    );
    const flagRoutes = flagPages(deps, new AbortController().signal)
      .routes.filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path}`);
    const session = (): never => assert.fail('nobody asks');
    assert.deepEqual(
      dashboardPages({ deps, traffic: new Traffic(deps), session })
        .routes.filter(({ method }) => method !== 'ALL')
        .map(({ method, path }) => `${method} ${path}`),
      pageRoutes,
    );
    const there = [
      ...routeEntries.map(([, { method, path }]) => `${method} ${path}`),
      ...loginRoutes,
      ...flagRoutes,
      ...pageRoutes,
    ];
    for (const route of flagRoutes) {
      const [method = '', path = ''] = route.split(' ');
      const needed = neededFor(method, sample(path));
      assert.deepEqual(
        [needed.role, needed.about, needed.app, needed.changes],
        ['viewer', 'app', 'some-app', false],
      );
    }
    for (const { method, path } of needs.filter(({ role }) => role !== 'command'))
      assert.ok(there.includes(`${method} ${path}`), `${method} ${path}`);
    const declared = needs.map(({ method, path }) => `${method} ${path}`);
    assert.equal(new Set(declared).size, declared.length, 'each once');
  });

  test('is asked of the route that was found, too: who has come in by another name gets no further', async (t) => {
    const deps = await fakeDeps(t);
    const closing = new AbortController().signal;
    const app = api(deps, { access: deps.access, startedAt: 0, stop: () => undefined, closing });
    const ask = async (method: string, path: string, env: object): Promise<number> =>
      (await app.fetch(new Request(`http://teal${sample(path)}`, { method }), env)).status;
    const from = { address: '192.0.2.1', agent: null };
    const of = (role: Caller['role'], apps: Caller['apps']): Caller => ({ ...onlyShop, role, apps });
    for (const [id, { method, path, role, about }] of routeEntries) {
      if (role === 'anyone') continue;
      assert.equal(await ask(method, path, { from }), 401, `${id} for nobody`);
      if (role !== 'viewer')
        assert.equal(await ask(method, path, { from, caller: of('viewer', null) }), 403, `${id} for viewers`);
      if (about !== 'own')
        assert.equal(
          await ask(method, path, { from, caller: of('admin', ['blog']) }),
          403,
          `${id} for another app`,
        );
    }
  });

  test('is the role of the command, whose app stands in the path', () => {
    for (const name of commandNames) {
      const needed = neededFor('POST', `/v1/apps/shop/${name}`);
      assert.deepEqual([needed.role, needed.app, needed.changes], [commandRoles[name], 'shop', true], name);
    }
    assert.equal(neededFor('POST', '/v1/groups/all/approve').group, 'all');
    assert.equal(neededFor('POST', '/v1/apps/shop/plan').changes, false);
    assert.equal(neededFor('HEAD', '/v1/status').role, 'viewer');
  });

  test('is admin wherever nothing is said', () => {
    for (const [method, path] of [
      ['GET', '/apps'],
      ['GET', '/v1/secrets'],
      ['DELETE', '/v1/apps/shop'],
      ['PUT', '/v1/status'],
      ['GET', '/v1//status'],
      ['GET', '/v1/status/'],
      ['GET', '/v1/apps/'],
      ['OPTIONS', '/v1/status'],
    ] as const)
      assert.deepEqual([neededFor(method, path).role, neededFor(method, path).about], ['admin', 'all'], path);
  });

  test('says the app as the routes will read it, whatever is encoded how', () => {
    assert.equal(neededFor('GET', '/v1/apps/s%68op').app, 'shop');
    assert.equal(neededFor('GET', '/v1/apps/..%2f..%2fetc').app, '../../etc');
    assert.equal(neededFor('GET', '/v1/apps/%zz').app, '%zz');
  });
});

describe('who may', () => {
  const together = {
    members: (group: string) => (group === 'pair' ? ['shop', 'blog'] : group === 'left' ? ['paired'] : []),
    companions: (app: string) => (app === 'paired' ? ['paired', 'other'] : [app]),
  };
  const caller = (more: Partial<Caller>): Caller => ({
    actor: 'token:ci',
    role: 'deployer',
    apps: null,
    by: 'token',
    id: '1',
    name: 'ci',
    expiresAt: null,
    from: { address: '192.0.2.1', agent: null },
    ...more,
  });
  const asks = (who: Partial<Caller>, method: string, path: string): string | null => {
    try {
      authorize(caller(who), neededFor(method, path), together);
      return null;
    } catch (error) {
      assert.ok(error instanceof TealError);
      assert.equal(error.code, 'not-allowed');
      return error.message;
    }
  };

  test('is told which role is needed, and who they are', () => {
    assert.equal(asks({}, 'POST', '/v1/apps/shop/deploy'), null);
    assert.equal(
      asks({ role: 'viewer' }, 'POST', '/v1/apps/shop/deploy'),
      'deploy needs the role deployer; you are token:ci (viewer).',
    );
    assert.match(
      asks({}, 'POST', '/v1/apps/shop/approve') ?? '',
      /needs the role approver; you are token:ci \(deployer\)/,
    );
    assert.match(asks({ role: 'approver' }, 'GET', '/v1/tokens') ?? '', /needs the role admin/);
  });

  test('with one app may do nothing with another, nor with what concerns another', () => {
    const shop = { apps: ['shop', 'paired'] };
    assert.equal(asks(shop, 'POST', '/v1/apps/shop/rollback'), null);
    assert.equal(asks(shop, 'GET', '/v1/status'), null, 'cut down to it');
    for (const path of [
      '/v1/apps/blog/rollback',
      '/v1/apps/paired/rollback',
      '/v1/groups/pair/rollback',
      '/v1/groups/none/rollback',
      '/v1/groups/left/rollback',
      '/v1/rollback',
      '/v1/apply',
      '/v1/apps/shop%2f..%2fblog/rollback',
      '/v1/apps/SHOP/rollback',
    ])
      assert.match(asks(shop, 'POST', path) ?? 'allowed', /may do nothing with|about every app/, path);
  });
});

test('what is done to a group is done to those that are still released with it, too', () => {
  const together = { members: () => ['shop', 'blog'], companions: (app: string) => [app, 'left'] };
  assert.deepEqual(concerned({ app: null, group: 'pair' }, together), ['shop', 'left', 'blog']);
  assert.deepEqual(concerned({ app: null, group: null }, together), []);
});

test('a lease is of an app, and of those that it is released with', async (t) => {
  const deps = await fakeDeps(t);
  const closing = new AbortController().signal;
  const app = api(deps, { access: deps.access, startedAt: 0, stop: () => undefined, closing });
  const from = { address: '192.0.2.1', agent: null };
  const caller: Caller = { ...onlyShop, role: 'deployer' };
  const lease = async (): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: '{"of":"shop"}' };
    return (await app.request('/v1/leases', init, { from, caller })).status;
  };
  const companions = t.mock.method(deps.apps, 'companions', () => ['shop', 'blog']);
  assert.equal(await lease(), 403);
  companions.mock.restore();
  assert.equal(await lease(), 200);
});

test('a status of some apps names nothing of others', async (t) => {
  const deps = await fakeDeps(t);
  const whole = await wholeStatus(deps, 0);
  assert.ok(whole.router);
  const of = (name: string) => ({ app: name, colour: 'blue' as const });
  const count = { version: 'v1', requests: 1, errors: 0, failed: 0, inFlight: 0, waiting: 0 };
  const end = { role: 'web', inFlight: 0, streams: 0, ejectedUntil: null, ejectedBy: 0 };
  const certificate = {
    certificate: '/tls/blog.pem',
    key: '/tls/blog.key',
    names: ['blog.test'],
    validFrom: 0,
    validUntil: 1,
    problem: null,
  };
  const status = {
    ...whole,
    router: {
      ...whole.router,
      environments: ['shop', 'blog'].map((name) => ({ ...of(name), ...count })),
      endpoints: ['shop', 'blog'].map((name) => ({ ...of(name), ...end, id: `${name}-1` })),
      certificates: [certificate],
      accessLog: { file: '/logs/blog', linesDropped: 0 },
    },
  };
  const shown = onlyApps(onlyShop, status);
  assert.ok(!JSON.stringify(shown).includes('blog'));
  assert.deepEqual([shown.router?.environments.length, shown.router?.endpoints.length], [1, 1]);
  assert.equal(onlyApps({ ...onlyShop, apps: null }, status), status);
});

describe('a request with a cookie', () => {
  const wanted = { origin: 'https://teal.test', token: 'right' };
  const own = { method: 'POST', origin: 'https://teal.test', fetchSite: 'same-origin', token: 'right' };

  test('changes something only from our own page, with the token of the session', () => {
    assert.equal(foreign(own, wanted), null);
    assert.equal(foreign({ ...own, fetchSite: null }, wanted), null, 'an older browser');
    for (const other of [
      { fetchSite: 'cross-site' },
      { fetchSite: 'same-site' },
      { fetchSite: 'none' },
      { origin: 'https://evil.test' },
      { origin: 'https://teal.test.evil.test' },
      { origin: 'http://teal.test' },
      { origin: 'null' },
      { origin: null, fetchSite: null },
      { token: null },
      { token: 'wrong' },
      { token: 'right ' },
    ])
      assert.notEqual(foreign({ ...own, ...other }, wanted), null, JSON.stringify(other));
  });

  test('reads wherever it comes from: nobody else sees the answer', () => {
    assert.equal(
      foreign({ method: 'GET', origin: null, fetchSite: 'cross-site', token: null }, wanted),
      null,
    );
  });
});

test('cookies are for this host alone, and no script reads them', () => {
  assert.equal(
    setCookie({ secure: true, of: 'session' }, 'x', 60),
    '__Host-teal-session=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure',
  );
  assert.equal(
    setCookie({ secure: false, of: 'login' }, 'x', 60.7),
    'teal-login=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60',
  );
  assert.equal(readCookie('a=1; __Host-teal-session=x', { secure: true, of: 'session' }), 'x');
  assert.equal(readCookie('teal-session=x', { secure: true, of: 'session' }), null, 'not the weaker one');
  assert.equal(readCookie('teal-session=a; teal-session=b', { secure: false, of: 'session' }), null, 'twice');
});

describe('a throttle', () => {
  test('lets nobody ask more often than it says, however they try', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 300 }), (pauses) => {
        const throttle = new Throttle({ burst: 5, perSecond: 10 });
        let now = 1000;
        let passed = 0;
        for (const pause of pauses) {
          now += pause;
          if (throttle.take('a', now) === 0) passed++;
        }
        assert.ok(passed <= 5 + ((now - 1000) / 1000) * 10 + 1e-6);
      }),
    );
  });

  test('says when to come again, and keeps its word', () => {
    const throttle = new Throttle({ burst: 2, perSecond: 0.5 });
    assert.deepEqual([throttle.take('a', 0), throttle.take('a', 0), throttle.take('a', 0)], [0, 0, 2000]);
    assert.equal(throttle.take('b', 0), 0, 'others are not held');
    assert.ok(throttle.take('a', 1999) > 0);
    assert.equal(throttle.take('a', 2001), 0);
    assert.ok(throttle.take('a', 1000) > 0, 'a clock that goes back gives nothing');
  });

  test('takes all addresses of one IPv6 network for one', () => {
    assert.equal(neighbourhood('192.0.2.7'), '192.0.2.7');
    const same = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff::'];
    assert.equal(new Set(same.map(neighbourhood)).size, 1);
    assert.notEqual(neighbourhood('2001:db8:1:3::1'), neighbourhood('2001:db8:1:2::1'));
    assert.equal(neighbourhood('::1'), neighbourhood('0:0:0:0:0:0:0:2'));
  });
});

describe('who somebody is by what their issuer says', () => {
  const oidc = {
    name: 'preferred_username',
    groups: 'groups',
    roles: { viewer: ['*'], deployer: ['devs'], approver: ['leads'], admin: ['ops'] },
  };
  const anna = { sub: '1', preferred_username: 'anna' };

  test('is their name, and the role of their groups that may most', () => {
    assert.deepEqual(personOf(anna, oidc), { actor: 'user:anna', role: 'viewer' });
    assert.equal(personOf({ ...anna, groups: ['devs', 'leads', 'x'] }, oidc).role, 'approver');
    assert.equal(personOf({ ...anna, groups: 'ops' }, oidc).role, 'admin');
    const nested = { ...oidc, groups: 'realm_access.roles' };
    assert.equal(personOf({ ...anna, realm_access: { roles: ['devs'] } }, nested).role, 'deployer');
  });

  test('is nobody without a name that can be used, a group, or a verified address', () => {
    const refusedBy = (claims: Record<string, unknown>, how = {}): void =>
      assert.throws(() => personOf(claims, { ...oidc, ...how }), { code: 'login-failed' });
    for (const name of [undefined, '', 7, ['anna'], 'anna smith', 'ci:main', 'an\nna', 'é', 'a'.repeat(101)])
      refusedBy({ ...anna, preferred_username: name });
    const closed = { roles: { ...oidc.roles, viewer: [] } };
    refusedBy({ ...anna, groups: ['strangers'] }, closed);
    const byMail = { name: 'email' };
    refusedBy({ email: 'anna@x.test' }, byMail);
    refusedBy({ email: 'anna@x.test', email_verified: 'true' }, byMail);
    assert.equal(
      personOf({ email: 'anna@x.test', email_verified: true }, { ...oidc, ...byMail }).actor,
      'user:anna@x.test',
    );
  });

  test('is not made more by a group that is called as the sign for everybody', () => {
    const only = { ...oidc, roles: { viewer: [], deployer: ['devs'], approver: [], admin: [] } };
    assert.throws(() => personOf({ ...anna, groups: ['*'] }, only), { code: 'login-failed' });
  });
});
