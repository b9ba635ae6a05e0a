import { fair, type Weather } from './faults.ts';
import type { World } from './world.ts';

const hourMs = 3_600_000;

/** One kind of fault: what begins, and what ends it again. */
type Fault = (world: World) => () => void;

const weather =
  (change: (now: Weather, world: World) => void): Fault =>
  (world) => {
    change(world.outside.weather, world);
    return () => {
      world.outside.weather = fair();
    };
  };

const nothing = (): void => undefined;

/** By name, for traces. */
const faults: Readonly<Record<string, Fault>> = {
  kills: weather((now, { random }) => {
    now.crash = random.pick([0.01, 0.03, 0.1]);
  }),
  'lost messages': weather((now, { random }) => {
    now.loss = random.pick([0.1, 0.3, 0.6]);
  }),
  'messages twice': weather((now) => {
    now.twice = 0.4;
  }),
  'router cut off': weather((now) => {
    now.cut = true;
  }),
  'a worker behind': weather((now) => {
    now.workerBehind = true;
  }),
  'disk full': weather((now) => {
    now.diskFull = true;
  }),
  'writes in doubt': weather((now) => {
    now.doubt = 0.3;
  }),
  'slow disk': weather((now) => {
    now.slowDisk = true;
  }),
  'slow instances': weather((now) => {
    now.slowInstances = true;
  }),
  'an instance dies': (world) => {
    const alive = world.machine.alive;
    if (alive.length > 0) world.machine.kill(world.random.pick(alive));
    return nothing;
  },
  'all instances of an app die': (world) => {
    const { name } = world.random.pick(world.apps);
    const { live } = world.state(name);
    const all = world.random.chance(0.5);
    for (const instance of world.machine.alive)
      if (instance.workload.app === name && (all || instance.workload.colour === live))
        world.machine.kill(instance);
    return nothing;
  },
  'router restarts': (world) => {
    void world.router.restart();
    return nothing;
  },
  'worker replaced': (world) => {
    world.router.replace(world.random.pick(world.router.workers));
    return nothing;
  },
  'kill -9': (world) => {
    if (world.control !== null) world.outside.kill(world.control.life, 'out of the blue');
    return nothing;
  },
  'clock jumps': (world) => {
    world.time.wallOffset += world.random.pick([-hourMs, hourMs]);
    world.jumpedMs += hourMs;
    return nothing;
  },
  'two leaders': (world) => {
    world.supplant();
    return () => {
      if (world.former === null) return;
      world.outside.kill(world.former.life, 'at last');
      // What it has written meanwhile nobody has told the other: whoever leads next reads the log anew.
      if (world.control !== null) world.outside.kill(world.control.life, 'to begin anew');
    };
  },
};

const names = Object.keys(faults);

/** Plans times of trouble, with quiet between them. All is over, and the clock is right again, at the time given. */
export function planStorms(world: World, until: number): void {
  const { random, time } = world;
  for (let at = random.between(0, 4000); at < until - 1000;) {
    const ends = Math.max(at + 100, Math.min(at + random.spread(100, 9000), until - 500));
    const kinds = Array.from({ length: random.between(1, 3) }, () => random.pick(names));
    const ms = ends - at;
    time.after(at, () => storm(world, kinds, ms));
    at = ends + random.spread(500, 15_000);
  }
  time.after(until, () => {
    time.wallOffset = Math.max(time.wallOffset, time.furthest - time.now);
  });
}

/** Servers of databases go away, or grant no lock, for a while; by chance of their own. */
export function planDatabaseStorms({ databases, time }: World, until: number): void {
  const { random, weather: now } = databases;
  for (let at = random.between(0, 8000); at < until - 1000; at += random.spread(2000, 30_000)) {
    const kind = random.pick(['away', 'locked'] as const);
    time.after(at, () => {
      now[kind] = true;
    });
    time.after(Math.min(at + random.spread(100, 9000), until - 500), () => {
      now[kind] = false;
    });
  }
  time.after(until, () => Object.assign(now, { away: false, locked: false }));
}

function storm(world: World, kinds: readonly string[], ms: number): void {
  world.note(() => `— ${kinds.join(', ')}, for ${ms} ms`);
  const over = world.storm();
  const ends = kinds.map((kind) => faults[kind]?.(world) ?? nothing);
  world.time.after(ms, () => {
    for (const end of ends) end();
    over();
    world.note(() => '— over');
  });
}
