import { clockJumped } from '../release/clock.ts';
import type { GroupDecision } from '../release/group-orders.ts';
import type { AppState } from '../release/state.ts';
import { teal, type Apps } from './apps.ts';

export interface ClockOptions {
  /** Milliseconds since the epoch: what somebody may set. */
  readonly wall?: () => number;
  /** Milliseconds since whenever: what nobody can set. */
  readonly steady?: () => number;
}

/**
 * From how much on it is a jump. Time services slew what is less than a fraction of a second; what they set at once, and what people
 * set, is more. Nothing that a release waits for is so short that this much would matter to it.
 */
const jumpMs = 5_000;
/** A jump that nobody knows of yet changes nothing. */
const lookEveryMs = 1_000;

/**
 * The time of day as releases go by it. When somebody sets the machine's clock it goes on as if nobody had, until every app has been told:
 * then it is the machine's again, and all that releases wait for has moved along (src/release/clock.ts). So a step never ends early, a
 * deadline is never missed and a window never closed because of it. A clock that is set while no control plane runs is believed.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  /** How far the machine's clock is ahead of the steady one, as far as everybody knows. */
  #ahead: number;

  constructor({ wall = () => Date.now(), steady = () => performance.now() }: ClockOptions = {}) {
    this.#wall = wall;
    this.#steady = steady;
    this.#ahead = wall() - steady();
  }

  readonly now = (): number => {
    const steady = this.#steady();
    const ahead = this.#wall() - steady;
    if (Math.abs(ahead - this.#ahead) < jumpMs) this.#ahead = ahead;
    return Math.round(steady + this.#ahead);
  };

  /** What the machine says: for what others check by theirs. */
  readonly wall = (): number => this.#wall();

  /** By how much it was set and not everybody knows yet; 0 mostly. */
  get jumped(): number {
    const ahead = this.#wall() - this.#steady();
    const by = ahead - this.#ahead;
    return Math.abs(by) < jumpMs ? 0 : Math.round(by);
  }

  /** Everybody knows now. */
  accept(ms: number): void {
    this.#ahead += ms;
  }
}

/** Whose time of day cannot be set: that is what it goes by. */
export const believing = (): Clock => new Clock({ steady: () => Date.now() });

/**
 * Tells all apps of a jump, in one transaction; the clock is the machine's again in the very turn in which that is known to be stored.
 * @returns by how much it was set; 0 when it was not
 */
export async function tellOfJump(
  clock: Clock,
  apps: Pick<Apps, 'names' | 'decide' | 'listen'>,
): Promise<number> {
  const ms = clock.jumped;
  if (ms === 0) return 0;
  let accepted = false;
  const accept = (): void => {
    if (!accepted) clock.accept(ms);
    accepted = true;
  };
  const unlisten = apps.listen((_, events) => {
    if (events.some(({ type }) => type === 'clock-jumped')) accept();
  });
  try {
    const tell = (states: readonly AppState[]): GroupDecision => ({
      // Somebody who shares the event log, and the clock, may have been quicker: then that was read before this is asked again.
      decisions: new Map(
        states.map((state) => [state.app, { events: accepted ? [] : clockJumped(state, ms) }]),
      ),
    });
    await apps.decide(() => apps.names(), tell, teal);
    // Also where nobody waits for anything.
    accept();
    return ms;
  } finally {
    unlisten();
  }
}

/** Looks all the time whether somebody has set the clock. @param told of each jump, and of what went wrong, which is tried again */
export function watchClock(
  clock: Clock,
  apps: Pick<Apps, 'names' | 'decide' | 'listen'>,
  told: (outcome: { readonly ms: number } | { readonly error: unknown }) => void,
): { close(): void } {
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking || clock.jumped === 0) return;
    looking = true;
    try {
      told({ ms: await tellOfJump(clock, apps) });
    } catch (error) {
      told({ error });
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
