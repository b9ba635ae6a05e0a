/** People on both sides are compared while they are there: what lets a release go on, what takes it back, and what makes it ask. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { AppStatus, EvidenceView } from '../../src/control/contract.ts';
import type { RequestShape } from '../../src/load/shape.ts';
import { World, type Settings } from './harness.ts';
import { sleep, until } from './until.ts';

/** Short, so that a scenario takes seconds; what is promised is as by default, but where a scenario says so. */
const quick = 'tick: 1s, min: 1s';

function judged(judge: string, steps: string, more: Readonly<Record<string, string>> = {}): Settings {
  return {
    instances: 1,
    tests: [],
    app: {
      identity: '{ sources: [{ header: x-user-id, from: anyone }] }',
      judge: `{ ${quick}, ${judge} }`,
    },
    release: { ...more, steps },
  };
}

/** So many people, each known by a header. */
const people = (count: number, path = '/api/products'): readonly RequestShape[] =>
  Array.from({ length: count }, (_, index) => ({ path, headers: { 'x-user-id': `u${index}` } }));

/** What a version does to a request, as the body of a function of path, request and response: true when it has answered. */
function flaw(world: World, version: string, body: string): void {
  const text = `import { port } from './settings.js';
export const listenPort = port;
export function breakAtStart() {}
let served = 0;
export function flawed(path, response) {
  if (path === '/healthz' || path === '/version') return false;
  served++;
  const request = response.req;
  const fails = () => { response.writeHead(500); response.end('no'); return true; };
  ${body}
}
`;
  writeFileSync(path.join(world.folder, 'versions', version, 'flaws.js'), text);
}

async function evidence(world: World): Promise<EvidenceView | null> {
  return await world.client.evidence('shop').catch(() => null);
}

/** Back on v1 by what the judge said, and nobody was asked. */
async function takenBack(world: World, status: 'aborted' | 'rolled-back'): Promise<EvidenceView> {
  const app = await world.reaches(`v2 ${status}`, ({ release }) => release?.status === status);
  assert.equal(app.version, 'v1');
  assert.equal(app.release?.error?.code, 'verdict-fail', `${app.release?.reason}`);
  const event = await world.event(status === 'aborted' ? 'abort-started' : 'rollback-started');
  assert.equal(event.actor, 'teal', 'nobody had to watch');
  const seen = await evidence(world);
  assert.ok(seen !== null);
  assert.equal(seen.verdict.action, 'roll-back');
  return seen;
}

const asks = ({ release }: AppStatus): boolean => release?.verdict?.action === 'ask';

export async function C1(): Promise<void> {
  // Ten seconds of some thousand people are as much as an hour of a few: enough for one in five, where one in twenty takes longer.
  const steps = '[{ warm: { paths: [/api/products], count: 2000 } }, { expose: { percent: 50 } }]';
  await using world = await World.live(judged('max: 1h, beta: 0.2', steps, { deadline: '2m' }));
  await world.build('v2');
  const load = world.load({ rps: 350, connections: 32, shapes: people(8000) });
  await sleep(2000);
  await world.deploy('v2');
  // Where the machine gives one version less time than the other, the judge waits until the evidence of that has faded.
  await world.promoted('v2', { times: 3 });
  const report = await load.stop();
  assert.equal(report.failed, 0);
  const passed = await world.event('step-passed', ({ data }) => (data as { cursor: number }).cursor === 1);
  assert.equal(passed.actor, 'teal');
  const { verdict } = passed.data as {
    verdict?: { action: string; seconds: number; people: { candidate: number } };
  };
  assert.equal(verdict?.action, 'advance', 'by evidence, which is kept with it');
  assert.ok(verdict.people.candidate > 500, `${verdict.people.candidate} people had met it`);
  const seen = await world.client.evidence('shop');
  assert.ok(seen?.course.some(({ action }) => action === 'advance'));
  const { code, out } = await world.teal('history', '--evidence', 'shop-2');
  assert.equal(code, 0);
  assert.match(out, /safe to\s+go\s+on/);
}

export async function C2(): Promise<void> {
  const steps = '[{ expose: { percent: 50, judge: on } }, { wait: 1h }]';
  await using world = await World.live(judged('max: 2s', steps));
  await world.build('v2');
  world.load({ rps: 20, shapes: people(6) });
  await world.deploy('v2');
  const asked = await world.reaches('a person is asked', asks);
  assert.equal(asked.next, 'teal approve shop');
  assert.match(asked.release?.verdict?.sentence ?? '', /not enough to go on without a person/);
  const { out } = await world.teal('status', 'shop', '--evidence');
  assert.match(out, /not enough to go\s+on without a person/);
  assert.match(out, /rolled\s+back by mistake: at most 1 %/);
  await sleep(1500);
  assert.equal((await world.app()).release?.step?.index, 0, 'time alone does not let it pass');
  const { code } = await world.teal('approve', 'shop', '--reason', 'looks fine');
  assert.equal(code, 0);
  const on = await world.reaches('step 2', ({ release }) => release?.step?.index === 1);
  const [approval] = on.release?.approvals ?? [];
  assert.equal(approval?.verdict?.action, 'ask', 'with what was seen');
  assert.ok((approval?.verdict?.people.candidate ?? 0) > 0);
}

export async function C3(): Promise<void> {
  const steps = '[{ expose: { percent: 25, judge: on } }]';
  await using world = await World.live(judged('max: 1h', steps));
  await world.build('v2');
  // Answers as quickly as before, and refuses nobody.
  flaw(world, 'v2', 'return path === "/api/products" && served % 3 === 0 && fails();');
  world.load({ rps: 150, shapes: people(400) });
  await sleep(500);
  await world.deploy('v2');
  const { verdict } = await takenBack(world, 'aborted');
  assert.match(verdict.sentence, /people on green hit an error/);
  const named = verdict.metrics.filter((metric) => metric.named).map(({ id }) => id);
  assert.ok(named.includes('errors'), `named: ${named.join(', ')}`);
  assert.ok(!named.some((id) => id.startsWith('slow') || id === 'latency'), `named: ${named.join(', ')}`);
  const { error } = (await world.app()).release ?? {};
  assert.match(error?.message ?? '', /hit an error/);
}

export async function G3(): Promise<void> {
  const steps = '[{ expose: { percent: 50, for: 1s } }, { approve: {} }]';
  await using world = await World.live(judged('max: 1h', steps));
  await world.build('v2');
  flaw(world, 'v2', 'return served > 300 && fails();');
  world.load({ rps: 100, shapes: people(200) });
  await world.deploy('v2');
  const waiting = await world.reaches('approve', ({ release }) => release?.step?.kind === 'approve');
  assert.equal(waiting.release?.verdict, null, 'nothing was wrong until then');
  await takenBack(world, 'aborted');
  const events = await world.events();
  assert.ok(
    events.some(
      ({ type, data }) => type === 'step-passed' && (data as { name: string }).name.startsWith('expose'),
    ),
  );
  assert.ok(!events.some(({ actor }) => actor !== 'teal' && !actor.startsWith('user:')));
}

export async function L7(): Promise<void> {
  const steps = '[{ expose: { percent: 50, judge: on } }]';
  await using world = await World.live(judged('max: 6s', steps));
  await world.build('v2');
  // One visitor, who meets an error: one of six requests in a minute.
  flaw(world, 'v2', 'return served === 1 && fails();');
  await world.deploy('v2');
  await world.reaches('exposed', ({ release }) => (release?.exposed.length ?? 0) > 0);
  world.load({ rps: 0.1, connections: 1, shapes: [await somebodyOn(world, 'green')] });
  const asked = await world.reaches('a person is asked', asks);
  assert.equal(asked.release?.status, 'stepping', 'one request is no evidence, in either direction');
  const seen = await evidence(world);
  assert.equal(seen?.verdict.metrics.find(({ id }) => id === 'errors')?.candidate, 1, 'it was seen');
  assert.ok(seen.verdict.log < Math.log(10), `log E ${seen.verdict.log}`);
  await world.order('user:ben', 'reject', { step: 0, reason: 'too few to know' });
  await world.reaches('aborted', ({ release }) => release?.status === 'aborted');
}

/** Where they would be sent is asked of Teal: a visit would be a request. */
async function somebodyOn(world: World, environment: 'blue' | 'green'): Promise<RequestShape> {
  for (const shape of people(50)) {
    const { explanation } = await world.client.explain('shop', { headers: shape.headers ?? {} });
    if (explanation.routed.environment === environment) return shape;
  }
  throw new Error(`nobody is on ${environment}`);
}

export async function L8(): Promise<void> {
  const steps = '[{ expose: { percent: 50, judge: on } }]';
  await using world = await World.live(judged('max: 1h', steps));
  await world.build('v2');
  flaw(
    world,
    'v2',
    `if (path !== '/api/products' || request.late) return false;
  request.late = true;
  setTimeout(() => { response.writeHead(200); response.end('cup'); }, 250);
  return true;`,
  );
  const load = world.load({ rps: 150, connections: 64, shapes: people(400) });
  // What was usual has to be known before.
  await sleep(2500);
  await world.deploy('v2');
  const { verdict } = await takenBack(world, 'aborted');
  const report = await load.stop();
  assert.equal(report.failed, 0, 'there was no error');
  assert.equal(verdict.metrics.find(({ id }) => id === 'errors')?.candidate, 0);
  const named = verdict.metrics.filter((metric) => metric.named).map(({ id }) => id);
  assert.ok(
    named.some((id) => id.startsWith('slow') || id === 'latency'),
    `named: ${named.join(', ')}`,
  );
}

export async function L9(): Promise<void> {
  const steps = '[{ expose: { percent: 50, judge: on } }]';
  await using world = await World.live(judged('max: 1h', steps));
  await world.build('v2');
  // Always, for one kind of client, one in ten; all requests together hardly show it.
  flaw(world, 'v2', 'return request.headers["x-client"] === "old" && fails();');
  const all = people(400).map((shape, index) =>
    index % 10 === 0 ? { ...shape, headers: { ...shape.headers, 'x-client': 'old' } } : shape,
  );
  world.load({ rps: 200, shapes: all });
  await sleep(500);
  await world.deploy('v2');
  const { verdict } = await takenBack(world, 'aborted');
  const { candidate } = verdict.people;
  const errors = verdict.metrics.find(({ id }) => id === 'errors');
  assert.ok((errors?.candidate ?? 0) <= candidate / 4, 'the others were fine');
}

export async function L10(): Promise<void> {
  const late = 'return served > 500 && fails();';
  const holdBack = '[{ expose: { percent: 80, for: 1h } }]';
  await using world = await World.live(judged('max: 1h', holdBack));
  await world.build('v2');
  flaw(world, 'v2', late);
  const load = world.load({ rps: 150, shapes: people(300) });
  await world.deploy('v2');
  const held = await takenBack(world, 'aborted');
  assert.ok(held.verdict.people.live > 0, 'some were held back, to compare with');
  await load.stop();
  // Everyone is on it, and the old one is still there.
  await world.apply(judged('max: 1h, limit: { errors: 0.05 }', '[{ wait: 1ms }]'));
  await world.build('v3');
  flaw(world, 'v3', late);
  world.load({ rps: 150, shapes: people(300) });
  await world.deploy('v3');
  await world.reaches('v3 live', ({ version }) => version === 'v3');
  const app = await world.reaches('v3 rolled back', ({ release }) => release?.status === 'rolled-back');
  assert.equal(app.version, 'v1');
  assert.equal(app.release?.error?.code, 'verdict-fail');
  assert.equal((await evidence(world))?.verdict.guarantee, 'no comparison: absolute limits only');
}

/** A source of numbers; what it answers may be changed, null: it hangs. */
class Source implements AsyncDisposable {
  readonly #server: Server;
  #port = 0;
  body: string | null = '{ "queue": 5 }';
  asked = 0;

  private constructor() {
    this.#server = createServer((_, response) => {
      this.asked += 1;
      if (this.body !== null) response.end(this.body);
    });
  }

  static async open(): Promise<Source> {
    const source = new Source();
    await new Promise<void>((resolve) => source.#server.listen(source.#port, '127.0.0.1', resolve));
    source.#port = (source.#server.address() as AddressInfo).port;
    return source;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const queue = (source: Source, more = ''): string =>
  `{ name: queue, http: { url: "${source.url}", path: $.queue }, max: 100, interval: 1s, window: 0s, failures: 2, timeout: 500ms${more} }`;

export async function C15(): Promise<void> {
  await using source = await Source.open();
  source.body = '{ "queue": 900 }';
  const steps = '[{ expose: { percent: 50, for: 1h } }]';
  const metric = (more = ''): Settings => judged(`max: 1h, metrics: [${queue(source, more)}]`, steps);
  await using world = await World.live(metric(', dry-run: true'));
  await world.build('v2');
  world.load({ rps: 50, shapes: people(50) });
  await world.deploy('v2');
  const rule = await until('it was found', async () => {
    const found = (await evidence(world))?.rules.find(({ name }) => name === 'queue');
    return source.asked >= 5 && found?.says.includes('900') === true && found;
  });
  assert.match(rule.says, /900/, 'it is shown');
  await sleep(1500);
  const { release } = await world.app();
  assert.equal(release?.status, 'stepping', 'and decides nothing');
  await world.client.command('shop', 'abort', {});
  await world.reaches('aborted', (app) => app.release?.status === 'aborted');
  // The same in earnest.
  await world.apply(metric());
  await world.deploy('v2');
  await takenBack(world, 'aborted');
}

export async function L6(): Promise<void> {
  await using source = await Source.open();
  const steps = '[{ expose: { percent: 50, for: 1h } }]';
  await using world = await World.live(judged(`max: 1h, metrics: [${queue(source)}]`, steps));
  await world.build('v2');
  world.load({ rps: 50, shapes: people(50) });
  await world.deploy('v2');
  await until('a number', async () => (await evidence(world))?.rules[0]?.outcome === 'pass');
  for (const body of [null, '', '{ "queue": "NaN" }', '{ "queue": [] }', '{', '[]', '<html>']) {
    source.body = body;
    const before = source.asked;
    await until(`no number from ${body}`, async () => {
      const rule = (await evidence(world))?.rules[0];
      return source.asked > before + 1 && rule?.outcome === 'inconclusive';
    });
    assert.equal((await world.app()).release?.status, 'stepping', `${body} takes nobody back`);
  }
  await source[Symbol.asyncDispose]();
  await sleep(2500);
  assert.equal((await world.app()).release?.status, 'stepping', 'a source that is down takes nobody back');
}
