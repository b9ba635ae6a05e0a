/** Releases one after the other, some of them bad: whatever came before, each one is only as bad as it is. */
import assert from 'node:assert/strict';
import type { AppStatus } from '../../src/control/contract.ts';
import type { Flaw } from '../../examples/shop/build.ts';
import { answered, neverAnswered, nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { sleep } from './until.ts';

interface Turn {
  readonly version: string;
  /** How it is broken; good when left out. */
  readonly broken?: Flaw;
  /** Of who takes it back. */
  readonly ends?: 'aborted' | 'rolled-back';
}

/** Each kind behind each: good, bad, good, bad, bad (otherwise), bad (live already), good, good. */
const turns: readonly Turn[] = [
  { version: 'v2' },
  { version: 'b1', broken: 'tests', ends: 'aborted' },
  { version: 'v3' },
  { version: 'b2', broken: 'crash', ends: 'aborted' },
  { version: 'b3', broken: 'never-healthy', ends: 'aborted' },
  { version: 'b4', broken: 'crash-after-switch', ends: 'rolled-back' },
  { version: 'v4' },
  { version: 'v5' },
];
/** It is met by people before it is taken back: a request in flight on a process that dies dies with it. */
const meets = 'b4';
/** Whoever says so goes first. */
const tester = { 'x-tester': '1' };

export async function C8(): Promise<void> {
  await using world = await World.live({
    health: 'deadline: 3s',
    app: { audiences: '{ testers: { header: { name: x-tester, exact: "1" } } }' },
    release: { steps: '[{ expose: { to: [testers], for: 300ms } }]' },
    tests: ['http: /api/products\n          contains: cup'],
  });
  for (const { version, broken } of turns)
    await world.build(version, broken === undefined ? {} : { broken, failAfter: 60 });
  let live = 'v1';
  for (const turn of turns) {
    await taken(world, turn, live);
    if (turn.ends === undefined) live = turn.version;
  }
  for (const back of ['v4', 'v3']) {
    await world.client.command('shop', 'rollback', {});
    const after = await world.reaches(`back on ${back}`, ({ version, release }) => {
      return version !== live && (release?.ended === true || release?.status === 'promoted');
    });
    assert.equal(after.version, back, 'a way back leads past what was bad');
    live = back;
  }
  const ids = (await world.events()).flatMap(({ type, data }) =>
    type === 'release-started' ? [(data as { release: string }).release] : [],
  );
  assert.deepEqual(
    ids,
    ['v1', ...turns, 'v3'].map((_, index) => `shop-${index + 1}`),
    'each was tried once, and what is not warm any more begins anew',
  );
}

/** One release of the row, with people on it from before its beginning until after its end. */
async function taken(world: World, { version, ends }: Turn, live: string): Promise<void> {
  const before = await world.app();
  const load = world.load({ rps: 120 });
  const testers = world.load({ rps: 30, connections: 4, headers: tester });
  await world.deploy(version);
  const after = await over(world, version, ends);
  await sleep(200);
  const [report, inside] = await Promise.all([load.stop(), testers.stop()]);
  const right = ends === undefined ? version : live;
  const says = `${version} behind ${live}`;
  assert.equal(after.version, right, `${says}: who is live`);
  const error = ends === undefined ? after.release?.error : null;
  assert.equal(error, null, `${says}: nothing is left of what failed before`);
  const met = new Set([...answered(report), ...answered(inside)].map((sample) => sample.version));
  const allowed = new Set([live, ...(ends === undefined || version === meets ? [version] : [])]);
  assert.deepEqual(
    [...met].filter((each) => !allowed.has(each ?? '')),
    [],
    `${says}: who has answered`,
  );
  if (version !== meets) {
    nothingLost(report, 30);
    nothingLost(inside, 5);
  }
  if (ends === 'aborted') {
    neverAnswered(answered(report), version);
    assert.deepEqual(pids(after), pids(before), `${says}: no process of live was touched`);
  }
  if (ends === undefined)
    assert.deepEqual(
      after.rollback,
      { to: live, how: 'instant', harm: null },
      `${says}: back is what was live`,
    );
}

async function over(world: World, version: string, ends: Turn['ends']): Promise<AppStatus> {
  if (ends === undefined) return await world.promoted(version);
  return await world.reaches(
    `${version} ${ends}`,
    ({ release }) => release?.version === version && release.status === ends,
  );
}

const pids = ({ live, environments }: AppStatus): readonly (number | null)[] =>
  live === null ? [] : (environments[live]?.instances ?? []).map(({ pid }) => pid);
