/** A routing table that is in force in one place and not yet in another. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { answered, neverAnswered, nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { sleep } from './until.ts';
import type { Patch } from './sabotage/patch.ts';

/** Below the time after which a worker that says nothing is given up. */
const lateMs = 1500;
/** Two clocks of one machine, one read in whole milliseconds. */
const clockMs = 5;

/** One worker of the two, whichever comes first, takes its time over the table by which everyone moves. */
function oneIsLate(folder: string): Patch {
  const once = JSON.stringify(path.join(folder, 'late-worker'));
  return {
    file: 'src/router/embedded/worker.ts',
    find: '    running().commit(prepared);\n    prepared = null;\n',
    replace:
      '    const taken = prepared; prepared = null; const before = running().table;\n' +
      '    const moves = before !== null && [...taken.apps.values()].some(({ name, live }) => before.apps.get(name)?.live && before.apps.get(name)?.live !== live);\n' +
      `    const first = () => { try { process.getBuiltinModule('node:fs').mkdirSync(${once}); return true; } catch { return false; } };\n` +
      `    if (moves && first()) return new Promise<number>((resolve) => setTimeout(() => { running().commit(taken); resolve(taken.generation); }, ${lateMs}));\n` +
      '    running().commit(taken);\n',
  };
}

export async function L15(): Promise<void> {
  await using world = await World.create({ workers: 2 });
  for (const version of ['v1', 'v2']) await world.build(version);
  await world.up([oneIsLate(world.folder)]);
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
  const samples = answered(report);
  const started = await world.event('switch-started', ({ data }) => 'differences' in (data as object));
  const switched = await world.event('switched');
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
  nothingLost(report, 300);
  neverAnswered(samples, 'v1', { from: switched.at + clockMs });
  const drained = await world.event('drained');
  assert.ok(drained.at >= switched.at, 'the old version drains only when nobody is sent to it any more');
  assert.equal((drained.data as { drain: { cut: number } }).drain.cut, 0);
}
