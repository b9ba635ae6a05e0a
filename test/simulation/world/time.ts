import { as, never, whose, type Life } from './life.ts';

/**
 * Simulated time: a queue of what happens when. The clock and the timers of the whole process are replaced (`install`), instead of
 * being passed to each module: so nothing that the control plane does now or will do one day escapes the simulation, and all of it
 * is the shipped code as it stands.
 */
export class Time {
  /** Milliseconds that have really passed. */
  now = 0;
  /** How far the clock on the wall is from what has really passed: faults set it. */
  wallOffset = startsAt;
  /** The furthest that the clock on the wall has ever shown. */
  furthest = startsAt;
  /** Events so far. */
  count = 0;
  readonly #queue: Due[] = [];
  #order = 0;

  /** What the clock on the wall shows, as every process reads it. */
  get wall(): number {
    const shown = this.now + this.wallOffset;
    if (shown > this.furthest) this.furthest = shown;
    return shown;
  }

  /** @param life whose timer it is: it goes with the process */
  after(ms: number, run: () => void, life: Life | null = null): Due {
    const due = {
      at: this.now + Math.max(ms, 0),
      order: this.#order++,
      run,
      life,
      cancelled: false,
      alone: false,
    };
    push(this.#queue, due);
    return due;
  }

  /** The same for what nobody waits for: nothing else follows from it at once. */
  aside(ms: number, run: () => void): void {
    this.after(ms, run).alone = true;
  }

  /** Resolves later; never when the life ends before. */
  pause(ms: number, life: Life | null = null): Promise<void> {
    if (life !== null && !life.alive) return never();
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.after(ms, resolve, life);
    });
  }

  /** Runs what is due next, and all that follows from it at once. False when nothing is due until then. */
  async step(until: number): Promise<boolean> {
    for (;;) {
      const due = this.#queue[0];
      if (due === undefined || due.at > until) {
        this.now = Math.max(this.now, until);
        return false;
      }
      pop(this.#queue);
      if (due.cancelled || due.life?.alive === false) continue;
      this.now = Math.max(this.now, due.at);
      this.count += 1;
      as(due.life, due.run);
      if (!due.alone) await settled();
      return true;
    }
  }
}

/** A Monday at nine. */
const startsAt = Date.UTC(2027, 0, 4, 9);

export interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  readonly life: Life | null;
  cancelled: boolean;
  alone: boolean;
}

const immediate = globalThis.setImmediate;

/** Promises that wait for nothing outside have all been gone through when the next turn of the loop begins. */
export const settled = (): Promise<void> => new Promise((resolve) => void immediate(resolve));

const before = (one: Due, two: Due): boolean =>
  one.at < two.at || (one.at === two.at && one.order < two.order);

/** A binary heap. */
function push(heap: Due[], due: Due): void {
  let at = heap.length;
  heap.push(due);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(due, heap[parent] as Due)) break;
    heap[at] = heap[parent] as Due;
    at = parent;
  }
  heap[at] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop() as Due;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child += 1;
    if (!before(heap[child] as Due, last)) break;
    heap[at] = heap[child] as Due;
    at = child;
  }
  heap[at] = last;
}

/** Whose time it is; null: the machine's. */
let current: Time | null = null;

/** A timer as Node gives it out. */
class Timer {
  readonly cancel: () => void;

  constructor(cancel: () => void) {
    this.cancel = cancel;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

function timeout(time: Time, run: () => void, ms: number): Timer {
  const due = time.after(ms, run, whose());
  return new Timer(() => {
    due.cancelled = true;
  });
}

function interval(time: Time, run: () => void, ms: number): Timer {
  const life = whose();
  const again = (): void => {
    run();
    if (!over) due = time.after(ms, again, life);
  };
  let over = false;
  let due = time.after(ms, again, life);
  return new Timer(() => {
    over = true;
    due.cancelled = true;
  });
}

/** From now on clocks and timers of this process are those of the simulation; null gives them back. */
export function use(time: Time | null): void {
  current = time;
}

/** Puts the switch in front of the process's clocks and timers. Once per process. */
export function install(): void {
  const real = {
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    clearTimeout: globalThis.clearTimeout,
    now: Date.now,
    elapsed: performance.now.bind(performance),
    timeout: AbortSignal.timeout.bind(AbortSignal),
  };
  const clear = (timer: unknown): void => {
    if (timer instanceof Timer) timer.cancel();
    else real.clearTimeout(timer as NodeJS.Timeout);
  };
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms = 0) =>
      current === null ? real.setTimeout(run, ms) : timeout(current, run, ms),
    setInterval: (run: () => void, ms = 0) =>
      current === null ? real.setInterval(run, ms) : interval(current, run, ms),
    clearTimeout: clear,
    clearInterval: clear,
  });
  Date.now = () => current?.wall ?? real.now();
  Object.defineProperty(performance, 'now', { value: () => current?.now ?? real.elapsed() });
  AbortSignal.timeout = (ms) => {
    if (current === null) return real.timeout(ms);
    const controller = new AbortController();
    current.after(ms, () => controller.abort(new DOMException('timed out', 'TimeoutError')), whose());
    return controller.signal;
  };
}
