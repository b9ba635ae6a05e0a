/** The pages as a browser gets them, over TCP, of a real control plane. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freshDashboard } from '../../../scripts/dashboard/build.ts';
import type { TokenMade } from '../../../src/control/contract-access.ts';
import type { BoardView, OverviewView, ReleaseRow } from '../../../src/control/contract.ts';
import { far, type FarAnswer, type FarRequest } from '../access/far.ts';
import { project, yaml, Refused, type Running } from '../project.ts';

const html = { accept: 'text/html' };

describe('the dashboard', () => {
  let running: Running;
  const ended: (() => unknown)[] = [];
  const fake = { after: (run: () => unknown) => ended.push(run) } as never;
  const ask = (at: string, options?: FarRequest): Promise<FarAnswer> =>
    far(`${running.control.url}${at}`, options);
  const make = async (name: string, role: string, apps?: readonly string[]): Promise<string> =>
    (await running.api.post<TokenMade>('/v1/tokens', { name, role, ...(apps === undefined ? {} : { apps }) }))
      .secret;
  const form = (token: string, headers: Readonly<Record<string, string>> = {}): Promise<FarAnswer> =>
    ask('/login/token', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      body: Buffer.from(new URLSearchParams({ token, to: '/apps/shop' }).toString()),
    });
  const cookieOf = ({ headers }: FarAnswer): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const board = (): Promise<BoardView> => running.api.get('/v1/apps/shop/board');

  before(async () => {
    await freshDashboard();
    const top = 'control: { listen: "127.0.0.1:0" }';
    const shop = await project(fake, yaml({ top, release: 'promote: manual' }));
    running = await shop.up();
    await running.api.post('/v1/apps/shop/deploy', { version: 'v1', promote: 'auto' });
    await running.when('v1 is live', ({ release }) => release?.status === 'completed');
  });
  after(async () => {
    for (const run of ended) await run();
  });

  test('shows nothing to who has no name: a person is led to sign in, a program is told', async () => {
    for (const at of ['/', '/apps/shop', '/apps/shop/history', '/apps/shop/logs', '/events']) {
      const person = await ask(at, { headers: html });
      assert.deepEqual(
        [person.status, person.headers.location],
        [302, `/login?to=${encodeURIComponent(at)}`],
        at,
      );
      assert.equal((await ask(at)).status, 401, at);
    }
    const to = await ask('/login?to=%2Fapps%2Fshop');
    assert.equal(to.headers.location, '/login/token?to=%2Fapps%2Fshop');
    const page = await ask('/login/token?to=%2Fapps%2Fshop');
    assert.match(page.body, /name="to" value="\/apps\/shop"/);
    assert.match((await ask('/login/token?to=https://evil.test/')).body, /name="to" value="\/"/);
  });

  test('a token lets a browser in from our own page alone, and its session ends with it', async () => {
    const token = await make('vera', 'viewer');
    const elsewhere = await form(token, { 'sec-fetch-site': 'cross-site' });
    assert.deepEqual([elsewhere.status, elsewhere.headers['set-cookie']], [403, undefined]);
    const wrong = await form('teal_wrong');
    assert.deepEqual([wrong.status, wrong.headers['set-cookie']], [401, undefined]);
    assert.match(wrong.body, /Nobody knows this token/);
    const right = await form(token);
    const [cookie = ''] = right.headers['set-cookie'] ?? [];
    assert.match(cookie, /^teal-session=teal_[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const headers = { ...html, cookie: cookieOf(right) };
    const page = await ask('/apps/shop', { headers });
    assert.equal(page.status, 200);
    assert.match(page.body, /v1/);
    assert.match(page.body, /This needs the role deployer; you are viewer/);
    await running.api.post('/v1/tokens/vera/revoke', {});
    assert.equal((await ask('/apps/shop', { headers })).status, 302);
  });

  test('a link lets one browser in, once, as who made it', async () => {
    const { url } = await running.api.post<{ url: string }>('/v1/login/link', {});
    const first = await far(url);
    assert.equal(first.status, 200);
    assert.match(first.body, /You are user:test/);
    assert.equal((await far(url)).status, 403);
    assert.equal((await ask('/login/link?code=guessed')).status, 403);
    const page = await ask('/', { headers: { ...html, cookie: cookieOf(first) } });
    assert.match(page.body, /<a href="\/apps\/shop" class="name">shop<\/a>/);
  });

  test('a page runs no script and no style but files of ours, which are kept for ever', async () => {
    const cookie = cookieOf(await form(await make('anna', 'admin')));
    for (const at of ['/', '/apps/shop', '/apps/shop/history', '/apps/shop/logs', '/events?app=shop']) {
      const page = await ask(at, { headers: { ...html, cookie } });
      assert.equal(page.status, 200, at);
      const policy = String(page.headers['content-security-policy']);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.doesNotMatch(policy, /unsafe/);
      assert.equal(page.headers['cache-control'], 'no-store');
      assert.doesNotMatch(page.body, / style="| on[a-z]+="|<style/, at);
      const scripts = [...page.body.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
      assert.equal(scripts.length, 2, at);
      assert.match(scripts[0] ?? '', /^ type="module" src="\/assets\/client-[\w-]+\.js"$/);
      assert.equal(scripts[1], ' type="application/json" id="page"');
      for (const [, file = ''] of page.body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
        const asset = await ask(file);
        assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable', file);
      }
    }
    for (const at of ['/assets/nothing.js', '/assets/..%2Fserver%2Frender.js', '/assets/../listing.json'])
      assert.notEqual((await ask(at)).status, 200, at);
  });

  test('what somebody has written is text, also where it looks like a page', async () => {
    const reason = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
    await running.api.post('/v1/apps/shop/freeze', { reason });
    const cookie = cookieOf(await form(await make('otto', 'viewer')));
    const { body } = await ask('/apps/shop', { headers: { ...html, cookie } });
    assert.equal(body.match(/<script/g)?.length, 2);
    assert.doesNotMatch(body, /<img/);
    await running.api.post('/v1/apps/shop/unfreeze', {});
  });

  test('a token of another app sees neither this one nor that it is there', async () => {
    const cookie = cookieOf(await form(await make('blog', 'admin', ['blog'])));
    const overview = await ask('/', { headers: { ...html, cookie } });
    assert.equal(overview.status, 200);
    assert.doesNotMatch(overview.body, /shop/);
    const page = await ask('/apps/shop', { headers: { ...html, cookie } });
    assert.equal(page.status, 403);
    assert.match(String(page.headers['content-type']), /text\/html/);
  });

  test('the board tells of each step, and what may be done; who looked at another state is refused, but never to go back', async () => {
    const { api } = running;
    await api.post('/v1/apps/shop/deploy', { version: 'v2' });
    await running.when('it waits', ({ release }) => release?.step?.asks === true);
    const waiting = await board();
    assert.deepEqual(
      waiting.rungs.map(({ kind, state }) => `${kind} ${state}`),
      ['start passed', 'approve current', 'promote ahead', 'window ahead'],
    );
    const may = (view: BoardView): readonly string[] =>
      view.actions.filter(({ refusal }) => refusal === null).map(({ id }) => id);
    assert.deepEqual(may(waiting), [
      'rollback',
      'approve',
      'reject',
      'promote',
      'promote-full',
      'pause',
      'abort',
      'freeze',
    ]);
    await api.post('/v1/apps/shop/pause', { seen: waiting.stamp });
    const paused = await board();
    assert.match(paused.actions.find(({ id }) => id === 'approve')?.refusal?.remedy ?? '', /teal resume/);
    await assert.rejects(
      api.post('/v1/apps/shop/abort', { seen: waiting.stamp }),
      (error: Refused) => error.json.code === 'moved-on',
    );
    await api.post('/v1/apps/shop/resume', { seen: paused.stamp });
    const index = waiting.status.release?.step?.index ?? 0;
    await api.post('/v1/apps/shop/approve', { step: index, reason: 'fine', seen: waiting.stamp });
    await running.when('v2 is live', ({ release }) => release?.status === 'promoted');
    const live = await board();
    assert.deepEqual(
      live.rungs.map(({ kind, state, actor, reason }) => [kind, state, actor, reason].join(' ')),
      ['start passed  ', 'approve passed user:test fine', 'promote passed  ', 'window current  '],
    );
    await assert.rejects(
      api.post('/v1/apps/shop/rollback', { seen: waiting.stamp }),
      Refused,
      'takes no such key',
    );
    await api.post('/v1/apps/shop/rollback', {});
    await running.when('v1 is live', ({ release }) => release?.status === 'rolled-back');
    const rows = await api.get<readonly ReleaseRow[]>('/v1/apps/shop/releases');
    assert.deepEqual(
      rows.map(({ version, outcome, why }) => [version, outcome, why].join(' ')),
      ['v2 rolled back asked for', 'v1 completed '],
    );
    assert.deepEqual(
      rows[0]?.approvals.map(({ actor, reason }) => [actor, reason]),
      [['user:test', 'fine']],
    );
    const before = await api.get<readonly ReleaseRow[]>(`/v1/apps/shop/releases?before=${rows[0]?.seq}`);
    assert.deepEqual(
      before.map(({ id }) => id),
      ['shop-1'],
    );
    const { apps } = await api.get<OverviewView>('/v1/overview');
    assert.deepEqual(
      apps.map(({ app, version }) => `${app} ${version}`),
      ['shop v1'],
    );
  });
});
