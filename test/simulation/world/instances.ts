import type { Stopped, Workload } from '../../../src/platform/platform.ts';
import type { Random } from '../random.ts';
import type { Outside } from './faults.ts';
import type { Time } from './time.ts';

/**
 * How a version behaves, said by the end of its name: `good` · `slow` to start · `dead`: never healthy · `crashy`: ends at once ·
 * `late`: ends again and again once it was healthy · `worse`: hits people with errors · `untested`: its tests fail
 */
export const qualities = ['good', 'slow', 'dead', 'crashy', 'late', 'worse', 'untested'] as const;
export type Quality = (typeof qualities)[number];

export const qualityOf = (version: string): Quality => {
  const end = version.slice(version.lastIndexOf('-') + 1);
  return qualities.find((each) => each === end) ?? 'good';
};

/** One instance: it outlives whoever started it. */
export interface Instance {
  readonly id: string;
  readonly workload: Workload;
  readonly port: number;
  readonly startedAt: number;
  alive: boolean;
  healthy: boolean;
  everHealthy: boolean;
  /** Teal has told it to stop: kept beside it, so that the next Teal goes on with it. */
  stopping: boolean;
  /** Teal lets go of it: it gets nothing new, whatever becomes of the others. */
  leaving: boolean;
  /** Ended by a fault, and not by Teal. */
  killed: boolean;
}

/** Who is told of what becomes of instances. */
export interface Supervisor {
  changed(instance: Instance): void;
  ended(instance: Instance): void;
}

/** The machine that instances run on. */
export class Machine {
  readonly instances = new Map<string, Instance>();
  readonly #alive = new Set<Instance>();
  readonly #time: Time;
  readonly #random: Random;
  readonly #outside: Outside;
  /** The control plane that watches now. */
  supervisor: Supervisor | null = null;
  /** Told when Teal stops one, and when one has ended. */
  onStop: (instance: Instance) => void = () => undefined;
  onEnd: (instance: Instance) => void = () => undefined;

  constructor(time: Time, random: Random, outside: Outside) {
    this.#time = time;
    this.#random = random;
    this.#outside = outside;
  }

  get alive(): readonly Instance[] {
    return [...this.#alive];
  }

  launch(workload: Workload): Instance {
    const number = this.instances.size + 1;
    const instance: Instance = {
      id: `${workload.app}-${workload.colour}-${workload.role}-${number}`,
      workload,
      port: 1024 + number,
      startedAt: this.#time.wall,
      alive: true,
      healthy: false,
      everHealthy: false,
      stopping: false,
      leaving: false,
      killed: false,
    };
    this.instances.set(instance.id, instance);
    this.#alive.add(instance);
    this.#live(instance, qualityOf(workload.version));
    return instance;
  }

  /** The signal to end. Resolves when it is gone. */
  async stop(instance: Instance): Promise<Stopped> {
    if (instance.alive && !instance.stopping) {
      instance.stopping = true;
      instance.leaving = true;
      this.onStop(instance);
    }
    const { deadlineMs } = instance.workload.spec.stop;
    const slow = this.#outside.weather.slowInstances;
    const ms = slow ? this.#random.between(0, deadlineMs) : Math.min(deadlineMs, this.#random.spread(1, 200));
    await this.#time.pause(ms);
    this.#end(instance);
    return { id: instance.id, code: 0, signal: null, forced: ms === deadlineMs, ms };
  }

  /** A fault: out of memory, a power cut, a bug. */
  kill(instance: Instance): void {
    if (!instance.alive) return;
    instance.killed = true;
    this.#end(instance);
  }

  #live(instance: Instance, quality: Quality): void {
    const slow = quality === 'slow' || this.#outside.weather.slowInstances;
    const starts = slow ? this.#random.between(500, 4000) : this.#random.spread(10, 800);
    if (quality === 'dead') return;
    this.#time.after(starts, () => {
      if (quality === 'crashy') this.kill(instance);
      else this.#becomesHealthy(instance, quality);
    });
  }

  #becomesHealthy(instance: Instance, quality: Quality): void {
    if (!instance.alive) return;
    instance.healthy = true;
    instance.everHealthy = true;
    this.supervisor?.changed(instance);
    if (quality === 'late')
      this.#time.after(this.#random.spread(500, 6000), () => {
        if (!instance.stopping) this.kill(instance);
      });
  }

  #end(instance: Instance): void {
    if (!instance.alive) return;
    instance.alive = false;
    this.#alive.delete(instance);
    instance.healthy = false;
    this.onEnd(instance);
    this.supervisor?.ended(instance);
  }
}
