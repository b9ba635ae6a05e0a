/**
 * Apps that are released together, with real processes and a router of two workers: the storefront asks the api through the router, and
 * every answer says both versions. No answer may be of a pair that was never deployed.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppStatus, EventView, GroupResult, RollbackResult } from '../../src/control/contract.ts';
import { freePort } from '../free-port.ts';
import { until } from './help.ts';
import { project, Refused, type Running } from './project.ts';

/** Says its version and that of the api, which it asks some time after it was asked itself. */
const storefront = `
const http = require('node:http');
const { TEAL_VERSION: version, PORT, HOST, ROUTER } = process.env;
const agent = new http.Agent({ keepAlive: true });
const server = http.createServer((request, response) => {
  if (request.url === '/health') return response.end('fine');
  const { cookie = '', 'x-teal-group': pair } = request.headers;
  const passOn = request.url.startsWith('/pass') && pair !== undefined;
  const headers = { host: 'api.test', cookie, ...(passOn ? { 'x-teal-group': pair } : {}) };
  const ask = () => {
    const inner = http.get({ port: ROUTER, path: '/', headers, agent }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk)).on('end', () => response.end(version + ' ' + text));
    });
    inner.on('error', (error) => response.end(version + ' ' + error.message));
  };
  setTimeout(ask, request.url.endsWith('slow') ? 400 : 5);
});
process.on('SIGTERM', () => { server.close(); server.closeIdleConnections(); agent.destroy(); });
server.listen(PORT, HOST);
`;

const yaml = (port: number, release: string): string => `
data: ./data
router: { listen: "127.0.0.1:${port}", workers: 2 }
groups: { shop: [storefront, api] }
apps:
${['storefront', 'api']
  .map(
    (name) => `  ${name}:
    hosts: [${name}.test]
    run:
      process:
        command: [${process.execPath}, ${name === 'api' ? 'server' : 'storefront'}.js]
        directory: ./versions/{version}
        environment: { ROUTER: "${port}" }
    health: { path: /health, interval: 100ms, timeout: 2s, deadline: 20s }
    identity: { sources: [{ cookie: uid }] }
    release: { ${release} }
    drain: { deadline: 5s }`,
  )
  .join('\n')}
`;

const agent = new http.Agent({ keepAlive: true, maxSockets: 200 });

interface Answer {
  readonly status: number;
  readonly body: string;
  /** When it was asked. */
  readonly at: number;
}

function ask(
  port: number,
  host: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const at = Date.now();
  return new Promise((resolve, reject) => {
    const request = http.get({ port, path, agent, headers: { host, ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, at }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** Asks on and on, as many people at the same time. */
class Load {
  readonly answers: Answer[] = [];
  readonly failures: string[] = [];
  #over = false;
  readonly #loops: Promise<void>[];

  constructor(port: number, paths: readonly string[], people: number) {
    this.#loops = Array.from({ length: people }, (_, person) =>
      this.#loop(port, paths[person % paths.length] ?? '/', person),
    );
  }

  async #loop(port: number, path: string, person: number): Promise<void> {
    while (!this.#over) {
      try {
        const answer = await ask(port, 'storefront.test', path, { cookie: `uid=${person}` });
        if (answer.status === 200) this.answers.push(answer);
        else this.failures.push(`${answer.status} ${answer.body}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      await sleep(2);
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#loops);
  }
}

const mixed = (answers: readonly Answer[]): readonly Answer[] =>
  answers.filter(({ body }) => new Set(body.split(' ')).size !== 1);

interface Shop {
  readonly port: number;
  readonly running: Running;
  readonly status: (app: string) => Promise<AppStatus>;
  readonly when: (
    what: string,
    holds: (release: NonNullable<AppStatus['release']>) => boolean,
  ) => Promise<void>;
  readonly deploy: (body: object) => Promise<GroupResult>;
  readonly events: () => Promise<readonly EventView[]>;
}

async function shopOf(t: Parameters<typeof project>[0], release: string): Promise<Shop> {
  const port = await freePort();
  const made = await project(t, yaml(port, release));
  await made.write('app/storefront.js', storefront);
  const running = await made.up();
  const { api } = running;
  const status: Shop['status'] = (app) => api.get<AppStatus>(`/v1/apps/${app}`);
  const when: Shop['when'] = async (what, holds) => {
    await until(what, async () => {
      const all = await Promise.all(['storefront', 'api'].map(status));
      for (const { release: each } of all) if (each?.error) throw new Error(each.error.message);
      return all.every(({ release: each }) => each !== null && holds(each));
    });
  };
  const shop: Shop = {
    port,
    running,
    status,
    when,
    deploy: (body) => api.post('/v1/groups/shop/deploy', body),
    events: async () => (await api.get<readonly EventView[]>('/v1/events?limit=1000')).toReversed(),
  };
  await shop.deploy({ version: 'v1' });
  await when('v1 is live', ({ version, status: is }) => version === 'v1' && is === 'completed');
  return shop;
}

/** By app: the generation of its last event of this type. */
async function generations(shop: Shop, type: string): Promise<readonly unknown[]> {
  const events = (await shop.events()).filter((event) => event.type === type);
  return ['storefront', 'api'].map(
    (name) =>
      (events.findLast(({ app }) => app === name)?.data as { generation?: number } | undefined)?.generation,
  );
}

describe('apps of a group, under load', { concurrency: true }, () => {
  test(
    'switch and go back as one: no answer is of a pair that was never deployed, also of those in flight',
    { timeout: 90_000 },
    async (t) => {
      const shop = await shopOf(t, '');
      const load = new Load(shop.port, ['/pass', '/pass/slow'], 12);
      const careless = new Load(shop.port, ['/forget', '/forget/slow'], 12);
      await sleep(300);
      await shop.deploy({ version: 'v2' });
      await shop.when('v2 is live', ({ version, status }) => version === 'v2' && status === 'promoted');
      const switched = Date.now();
      const [one, two] = await generations(shop, 'switched');
      assert.equal(one, two, 'one table');
      await sleep(600);
      const goesBack = Date.now();
      const { apps } = await shop.running.api.post<RollbackResult>('/v1/rollback', { reason: 'a drill' });
      assert.ok(apps.every(({ error }) => error === null));
      await shop.when('everyone is back', ({ status }) => status === 'rolled-back');
      const isBack = Date.now();
      await sleep(600);
      await Promise.all([load.end(), careless.end()]);
      assert.deepEqual([...load.failures, ...careless.failures], []);
      assert.deepEqual(mixed(load.answers), []);
      const versions = new Set(load.answers.map(({ body }) => body));
      assert.deepEqual([...versions].sort(), ['v1 v1', 'v2 v2']);
      // What does not pass the header on is decided anew: mixed where a switch came in between, and nowhere else.
      const apart = mixed(careless.answers);
      assert.ok(apart.length > 0, 'the load does not meet the switch: this test proves nothing');
      const settled = apart.filter(({ at }) => at > isBack || (at > switched && at < goesBack - 500));
      assert.deepEqual(settled, []);
      t.diagnostic(
        `${load.answers.length} answers with the header, none mixed; ${apart.length} of ${careless.answers.length} without it`,
      );
    },
  );

  test(
    'expose the same people in all of them, by the header and by who they are, and abort as one',
    { timeout: 90_000 },
    async (t) => {
      const shop = await shopOf(
        t,
        'steps: [{ expose: { percent: 50, for: 10m } }], preview-instances: 1, tests: [{ http: /health }]',
      );
      const load = new Load(shop.port, ['/pass', '/pass/slow', '/forget/slow'], 24);
      await shop.deploy({ versions: { storefront: 'v2', api: 'v2' } });
      await shop.when('half are exposed', ({ exposed, step }) => exposed.length > 0 && step?.endsAt !== null);
      const began = Date.now();
      await sleep(800);
      const people = Array.from({ length: 40 }, (_, person) => `uid=${person}`);
      for (const cookie of people) {
        const direct = await ask(shop.port, 'api.test', '/', { cookie });
        const through = await ask(shop.port, 'storefront.test', '/pass', { cookie });
        assert.equal(through.body, `${direct.body} ${direct.body}`, cookie);
      }
      const over = Date.now();
      await shop.running.api.post('/v1/apps/api/abort', { reason: 'a drill' });
      await shop.when('it is aborted', ({ status }) => status === 'aborted');
      await load.end();
      assert.deepEqual(load.failures, []);
      const seen = load.answers.filter(({ at }) => at > began).map(({ body }) => body);
      assert.ok(seen.includes('v1 v1') && seen.includes('v2 v2'));
      // Without the header, only who was under way when people came or left can be mixed.
      const apart = mixed(load.answers);
      assert.deepEqual(
        apart.filter(({ at }) => at > began && at < over - 500),
        [],
      );
      t.diagnostic(`${apart.length} of ${load.answers.length} answers mixed, all without the header`);
    },
  );

  test(
    'are deployed together, one of them alone by name, and say what is wrong',
    { timeout: 90_000 },
    async (t) => {
      const shop = await shopOf(t, 'rollback-window: 0s');
      const { api } = shop.running;
      const alone = await api.post('/v1/apps/api/deploy', { version: 'v2' }).catch((error: unknown) => error);
      assert.ok(alone instanceof Refused);
      assert.equal(alone.json.code, 'released-together');
      const stranger = await api
        .post('/v1/groups/shop/deploy', { versions: { blog: 'v2' } })
        .catch((error: unknown) => error);
      assert.ok(stranger instanceof Refused);
      assert.match(stranger.json.remedy, /storefront, api/);
      await shop.deploy({ versions: { api: 'v2' } });
      await until('the api is live', async () => (await shop.status('api')).release?.status === 'completed');
      assert.equal((await shop.status('storefront')).version, 'v1');
      const { apps } = await shop.deploy({ version: 'v2' });
      assert.deepEqual(
        apps.map(({ app }) => app.app),
        ['storefront'],
      );
      await shop.when('both are at v2', ({ version, status }) => version === 'v2' && status === 'completed');
    },
  );
});
