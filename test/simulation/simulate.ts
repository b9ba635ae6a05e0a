import { isDeepStrictEqual } from 'node:util';
import { instances } from '../../src/release/effects.ts';
import { byItselfAt, runs } from '../../src/release/migrate.ts';
import { colours } from '../../src/release/state.ts';
import { transitions } from '../../src/release/transitions.ts';
import type { MakeInvariant } from './invariant.ts';
import { noRequestLost } from './invariants/1-no-request-lost.ts';
import { acknowledgedBeforeDrain } from './invariants/2-acknowledged-before-drain.ts';
import { rollbackIsUnconditional } from './invariants/3-rollback-is-unconditional.ts';
import { nobodyUnchosen } from './invariants/4-nobody-unchosen.ts';
import { everythingIsExplained } from './invariants/5-everything-is-explained.ts';
import { nothingIsLost } from './invariants/6-nothing-is-lost.ts';
import { trafficOutlivesControl } from './invariants/7-traffic-outlives-control.ts';
import { nobodyFlips } from './invariants/8-nobody-flips.ts';
import { schemaIsKnown } from './invariants/11-schema-is-known.ts';
import { Humans } from './world/humans.ts';
import { qualityOf } from './world/instances.ts';
import { planDatabaseStorms, planStorms } from './world/storms.ts';
import { settled, use } from './world/time.ts';
import { traffic } from './world/traffic.ts';
import { World, type Violation } from './world/world.ts';

/** What became of one story. */
export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Things that happened, and events of the log. */
  readonly steps: number;
  readonly events: number;
  /** Simulated. */
  readonly seconds: number;
}

export interface SimulateOptions {
  /** False: nothing goes wrong, and people only do what makes sense. */
  readonly faults: boolean;
  readonly trace?: (line: string) => void;
}

const invariants: readonly MakeInvariant[] = [
  noRequestLost,
  acknowledgedBeforeDrain,
  rollbackIsUnconditional,
  nobodyUnchosen,
  everythingIsExplained,
  nothingIsLost,
  trafficOutlivesControl,
  nobodyFlips,
  schemaIsKnown,
];

/** From the last fault and the last deploy on: a deadline, every step with its growth, a drain and a window, and all of it again for what was queued. */
const endsWithinMs = 600_000;
/** When all have ended: restarts with growing pauses, and drains. */
const restsWithinMs = 60_000;
/** More than any story has: something runs in circles. */
const mostSteps = 200_000;

/** Plays one story to its end. The clocks of this process are its own meanwhile (see `install`). */
export async function simulate(seed: number, { faults, trace }: SimulateOptions): Promise<Outcome> {
  const world = new World({ seed, invariants, trace: trace ?? null });
  use(world.time);
  try {
    await play(world, faults);
  } finally {
    use(null);
  }
  const { violations, time, log } = world;
  await world.close();
  const events = [...log.values()].reduce((sum, { length }) => sum + length, 0);
  return { seed, violations, steps: time.count, events, seconds: time.now / 1000 };
}

async function play(world: World, faults: boolean): Promise<void> {
  const { random, time } = world;
  const until = random.spread(5000, 60_000);
  world.boot();
  await settled();
  void new Humans(world, { wild: faults, until });
  traffic(world);
  if (faults) planStorms(world, until);
  if (faults) planDatabaseStorms(world, until);
  await run(world, until + 1, () => false);
  const over = (): boolean => unended(world) === null;
  if (!(await run(world, until + endsWithinMs / 2, over)) && world.jumpedMs > 0) {
    // A clock that was set back while nobody looked is believed: what waits for an hour waits for it. That long is now.
    if (world.control !== null) world.outside.kill(world.control.life, 'to let time pass');
    time.wallOffset += 2 * world.jumpedMs;
  }
  const ended = await run(world, until + endsWithinMs, over);
  if (!ended) world.broken(0, `${unended(world)} after ${endsWithinMs / 1000} s without faults`);
  else if (!(await run(world, time.now + restsWithinMs, () => unrest(world) === null)))
    world.broken(0, `${unrest(world)}, ${restsWithinMs / 1000} s after the last release ended`);
  await compare(world);
  world.tell((each) => each.end?.());
}

/** Until a time, or until what is looked for is there. False when it did not come, or something does not hold. */
async function run(world: World, until: number, done: () => boolean): Promise<boolean> {
  while (world.violations.length === 0) {
    if (done()) return true;
    if (!(await world.time.step(until))) return done();
    world.tell((each) => each.after?.());
    if (world.time.count > mostSteps) {
      world.broken(0, `${mostSteps} things have happened, and there is no end to it`);
      return false;
    }
  }
  return true;
}

/** What still goes on; null: nothing. */
function unended(world: World): string | null {
  for (const { name } of world.apps) {
    const { release, removing, queued } = world.state(name);
    if (removing) return `${name} is still being removed`;
    if (queued !== null) return `${queued.build.version} of ${name} still waits`;
    if (release !== null && !transitions[release.status].ended)
      return `${release.id} is still ${transitions[release.status].means}`;
    const state = world.state(name);
    if (runs(state) || byItselfAt(state) !== null)
      return `the migration of ${name} is still ${state.migration?.stage}`;
  }
  return world.control === null ? 'there is no control plane' : null;
}

/** Where what runs is not what is wished for; null: nowhere. */
function unrest(world: World): string | null {
  for (const { name } of world.apps) {
    const state = world.state(name);
    for (const colour of colours) {
      const environment = state.environments[colour];
      if (environment !== null && qualityOf(environment.version) !== 'good') continue;
      const here = world.machine.alive.filter(
        ({ workload: { app, colour: where } }) => app === name && where === colour,
      );
      const wanted = environment === null ? 0 : wantedIn(state, environment, colour === state.live);
      if (here.length !== wanted) return `${name} has ${here.length} of ${wanted} instances on ${colour}`;
    }
    for (const { number, table } of world.router.workers) {
      const found = table?.apps.find(({ app }) => app === name);
      if (state.config !== null && (found?.live ?? null) !== state.live)
        return `worker ${number} has ${name} live on ${found?.live ?? 'nothing'}`;
    }
  }
  return null;
}

function wantedIn(
  state: ReturnType<World['state']>,
  environment: NonNullable<ReturnType<World['state']>['environments']['blue']>,
  live: boolean,
): number {
  return environment.spec.roles
    .filter(({ runsIn }) => runsIn === 'both' || live)
    .reduce((sum, role) => sum + instances(state, environment, role), 0);
}

/** What is on disk is all that anybody was told of, and nothing else. */
async function compare(world: World): Promise<void> {
  const stored = await world.stored();
  const told = [...world.log.values()].flat();
  if (stored.length !== told.length)
    world.broken(6, `${stored.length} events are on disk, and ${told.length} were written`);
  const known = new Map(told.map((event) => [event.seq, event]));
  const other = stored.find((event) => !isDeepStrictEqual(known.get(event.seq), event));
  if (other !== undefined) world.broken(6, `event ${other.version} of ${other.stream} is another on disk`);
}
