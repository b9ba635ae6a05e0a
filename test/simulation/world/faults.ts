import type { Random } from '../random.ts';
import { never, type Life } from './life.ts';
import type { Time } from './time.ts';

/** What can be wrong, and how much of it; all 0 (and false) while nothing is. Probabilities are per occasion. */
export interface Weather {
  /** The control plane is killed before, or after, a write or an effect. */
  crash: number;
  /** A message to the router, or its answer, is lost. */
  loss: number;
  /** What was asked is done, the answer is lost, and it is asked again. */
  twice: number;
  /** Nothing gets through to the router. */
  cut: boolean;
  /** One worker of the router takes its time. */
  workerBehind: boolean;
  /** No write succeeds. */
  diskFull: boolean;
  /** A write is done, and its writer is told that it was not. */
  doubt: number;
  /** Writes take long. */
  slowDisk: boolean;
  /** Instances take long to start, and to end. */
  slowInstances: boolean;
}

export const fair = (): Weather => ({
  crash: 0,
  loss: 0,
  twice: 0,
  cut: false,
  workerBehind: false,
  diskFull: false,
  doubt: 0,
  slowDisk: false,
  slowInstances: false,
});

/** The outside world as a process meets it: every write and every effect goes through here, and may be its last. */
export class Outside {
  readonly #time: Time;
  readonly #random: Random;
  weather: Weather = fair();
  /** Told when a process is killed. */
  killed: (life: Life, where: string) => void = () => undefined;

  constructor(time: Time, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** Does something to the outside for a process. What a dead one asks for is not done, and what it is told it does not hear. */
  async act<T>(life: Life, what: string, work: () => T | Promise<T>): Promise<T> {
    if (!life.alive || this.#dies(life, `before ${what}`)) return never();
    try {
      const result = await work();
      if (!life.alive || this.#dies(life, `after ${what}`)) return never();
      return result;
    } catch (error) {
      if (!life.alive) return never();
      throw error;
    }
  }

  kill(life: Life, where: string): void {
    if (!life.alive) return;
    life.alive = false;
    life.gone.abort();
    this.killed(life, where);
  }

  #dies(life: Life, where: string): boolean {
    if (this.weather.crash === 0 || !this.#random.chance(this.weather.crash)) return false;
    this.kill(life, where);
    return true;
  }

  pause(life: Life | null, least: number, most: number): Promise<void> {
    return this.#time.pause(this.#random.spread(least, most), life);
  }
}
