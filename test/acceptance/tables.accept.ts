/** A routing table that is in force in one place and not in another: seen, not relied on, repaired, and told. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { EventView } from '../../src/control/contract.ts';
import type { RouterStatus } from '../../src/router/router.ts';
import type { LoadReport } from '../../src/load/report.ts';
import { answered, neverAnswered, nothingLost } from './counted.ts';
import { World } from './harness.ts';
import type { Patch } from './sabotage/patch.ts';
import { sleep, until } from './until.ts';

/** Below the time after which a worker that says nothing is given up. */
const lateMs = 1500;
/** Two clocks of one machine, one read in whole milliseconds. */
const clockMs = 5;

export async function L15(): Promise<void> {
  await oneIsLate();
  await oneDoesNotTakeIt();
  await oneFallsBack();
}

/**
 * One worker of the two, whichever comes first, does something else with the table by which everyone moves.
 * @param then has `taken`, `before` (both compiled), `running()`, and `first()`: whether this is that worker at that table
 */
function firstWorker(folder: string, then: string): Patch {
  const once = JSON.stringify(path.join(folder, 'first-worker'));
  return {
    file: 'src/router/embedded/worker.ts',
    find: '    running().commit(prepared);\n    prepared = null;\n',
    replace:
      '    const taken = prepared; prepared = null; const before = running().table;\n' +
      '    const moves = before !== null && [...taken.apps.values()].some(({ name, live }) => before.apps.get(name)?.live && before.apps.get(name)?.live !== live);\n' +
      `    const first = () => { if (!moves) return false; try { process.getBuiltinModule('node:fs').mkdirSync(${once}); return true; } catch { return false; } };\n` +
      `    ${then}\n`,
  };
}

/** It switches when the other has long switched: until then nothing counts as switched, and nothing is drained. */
async function oneIsLate(): Promise<void> {
  const late =
    `if (first()) return new Promise<number>((resolve) => setTimeout(() => { running().commit(taken); resolve(taken.generation); }, ${lateMs}));\n` +
    '    running().commit(taken);';
  await using moved = await moving(late);
  const { report, started, switched, drained } = moved;
  const samples = answered(report);
  const between = samples.filter(({ sentAt }) => sentAt > started.at && sentAt < switched.at);
  const got = (wanted: string) => between.filter(({ version }) => version === wanted).length;
  assert.ok(
    switched.at - started.at >= lateMs - clockMs,
    `it counted as switched ${switched.at - started.at} ms after it began, when one worker had no such table`,
  );
  assert.ok(
    got('v1') > 5 && got('v2') > 5,
    `meanwhile ${got('v1')} were answered by v1, and ${got('v2')} by v2`,
  );
  neverAnswered(samples, 'v1', { from: switched.at + clockMs });
  assert.ok(drained.at >= switched.at, 'the old version drains only when nobody is sent to it any more');
  assert.equal(moved.router.tablesRepaired.count, 0, 'who is late is not wrong');
}

/** It says yes, and does nothing: it is told again before anything counts as switched. */
async function oneDoesNotTakeIt(): Promise<void> {
  await using moved = await moving('if (!first()) running().commit(taken);');
  const { report, switched, router } = moved;
  const { last } = router.tablesRepaired;
  assert.ok(last !== null, 'nobody has noticed that a worker did not take the table');
  assert.ok(last.at <= switched.at, 'it counted as switched while a worker had the old table');
  neverAnswered(answered(report), 'v1', { from: switched.at + clockMs });
  await told(moved);
}

/** It has it, and then has the old one again: seen before anything is drained, and the old version is never cut off from who is still sent there. */
async function oneFallsBack(): Promise<void> {
  const then =
    'running().commit(taken);\n    if (first() && before !== null) setImmediate(() => running().commit(before));';
  await using moved = await moving(then);
  const { report, drained, router } = moved;
  const { last } = router.tablesRepaired;
  assert.ok(last !== null, 'nobody has noticed that a worker has another table');
  assert.ok(last.at <= drained.at, 'the old version was drained while a worker sent people there');
  neverAnswered(answered(report), 'v1', { from: drained.at + clockMs });
  await told(moved);
}

/** A person is told, and which worker it was. */
async function told({ world, router }: Moved): Promise<void> {
  const { last } = router.tablesRepaired;
  assert.ok(last !== null && last.had < last.generation, JSON.stringify(last));
  const { out } = await world.teal('status');
  assert.match(out.replaceAll(/\s+/g, ' '), /a worker had another table than the router and was given it/);
  assert.match(out, /^ {2}router +table \d+ {2}2 workers {2}heard from Teal .* ago$/m);
}

interface Moved extends AsyncDisposable {
  readonly world: World;
  readonly report: LoadReport;
  /** Of the switch to v2. */
  readonly started: EventView;
  readonly switched: EventView;
  readonly drained: EventView;
  /** After it. */
  readonly router: RouterStatus;
}

/** Everyone moves from v1 to v2 under load, over two workers, of which one is not as it should be. Nothing may be lost, whatever that is. */
async function moving(then: string): Promise<Moved> {
  const world = await World.create({ workers: 2 });
  try {
    for (const version of ['v1', 'v2']) await world.build(version);
    await world.up([firstWorker(world.folder, then)]);
    await world.deploy('v1');
    await world.promoted('v1');
    const load = world.load({
      rps: 300,
      connections: 48,
      shapes: [{ path: '/api/products', weight: 9 }, { path: '/slow?ms=400' }],
    });
    await world.deploy('v2');
    await world.promoted('v2');
    // What is sent behind the switch tells whether it was one; in a machine's hurry it would be too little.
    await sleep(lateMs);
    const report = await load.stop();
    nothingLost(report, 300);
    const drained = await world.event('drained');
    assert.equal((drained.data as { drain: { cut: number } }).drain.cut, 0);
    const router = await until('both workers with one table', async () => {
      const status = (await world.client.status()).router;
      if (status === null || status.workers.length !== 2) return null;
      return status.workers.every(({ generation }) => generation === status.generation) && status;
    });
    assert.equal(router.workersReplaced.count, 0, 'a worker that is told again need not be killed');
    return {
      world,
      report,
      drained,
      router,
      started: await world.event('switch-started', ({ data }) => 'differences' in (data as object)),
      switched: await world.event('switched'),
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}
