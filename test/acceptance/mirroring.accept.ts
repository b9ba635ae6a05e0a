/** What a candidate does with copies of real requests, which nobody ever meets. */
import assert from 'node:assert/strict';
import { answered, neverAnswered, nothingLost } from './counted.ts';
import { Visitor } from './clients/visitor.ts';
import { World } from './harness.ts';
import { buildNotingApp, notedBy, type Noted } from './noting-app.ts';
import { forward, reachesStep } from './steps.ts';
import { until } from './until.ts';

const requests = 20;

export async function C11(): Promise<void> {
  const steps =
    '[{ mirror: { for: 1h, timeout: 500ms } }, { mirror: { methods: [POST], for: 1h, timeout: 500ms } }]';
  await using world = await World.live({ instances: 1, tests: [], release: { steps } });
  buildNotingApp('v2', world.folder);
  const load = world.load({ rps: 400 });
  const visitor = new Visitor(world.port, { headers: { 'x-teal-mirror': 'made-up' } });
  try {
    await world.deploy('v2');
    await reachesStep(world, 0);
    await asked(visitor, world, 'reads');
    await copied(world, 'GET', 'reads');
    assert.deepEqual(seen(world, 'POST'), [], 'writes were copied, which nobody asked for');
    await forward(world);
    await reachesStep(world, 1);
    await asked(visitor, world, 'writes');
    const orders = await copied(world, 'POST', 'writes');
    assert.deepEqual(
      new Set(orders.map(({ body }) => body)),
      new Set([order]),
      'a copy is the whole request',
    );
    const reads = seen(world, 'GET').filter(({ url }) => url.includes('writes'));
    assert.deepEqual(reads, [], 'reads were copied, which this step leaves out');
    assert.ok(!visitor.jar.has('candidate'), "a cookie of the candidate's answer reached somebody");
    await world.client.command('shop', 'abort', {});
    await world.reaches('v2 aborted', ({ release }) => release?.status === 'aborted');
  } finally {
    visitor.close();
  }
  const report = await load.stop();
  nothingLost(report, 50);
  neverAnswered(answered(report), 'v2');
}

const order = JSON.stringify({ items: [{ id: 'cup', quantity: 1 }] });

/** Reads and writes, each with a number of its own; all of them are answered by v1. */
async function asked(visitor: Visitor, world: World, step: string): Promise<void> {
  for (let number = 0; number < requests; number++) {
    assert.equal(await visitor.ask(`/version?${step}=${number}`), 'v1', 'the candidate answered somebody');
    const answer = await fetch(`${world.url}/api/orders?${step}=${number}`, { method: 'POST', body: order });
    assert.equal(answer.status, 202);
    assert.equal(
      ((await answer.json()) as { version: string }).version,
      'v1',
      'the candidate answered somebody',
    );
  }
}

const seen = ({ folder }: World, method: string): readonly Noted[] =>
  notedBy('v2', folder).filter((noted) => noted.method === method);

/** Each of these requests once at the candidate, and marked as what it is. */
async function copied(world: World, method: string, step: string): Promise<readonly Noted[]> {
  const those = (): readonly Noted[] => seen(world, method).filter(({ url }) => url.includes(`${step}=`));
  await until(`a copy of each ${method}`, () => those().length >= requests, { state: those });
  const numbers = those().map(({ url }) => Number(url.split('=')[1]));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    [...Array(requests).keys()],
  );
  for (const { mirror, cohort } of those()) assert.deepEqual([mirror, cohort], ['true', 'mirror']);
  return those();
}
