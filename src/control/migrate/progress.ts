import type { Phase } from '../../config/database.ts';
import { sayBlocker } from '../../database/run/blockers.ts';
import type { RunEvent } from '../../database/run/options.ts';
import type { MigrationProgress, Migrations } from './contract.ts';

/** Where what happens in a phase is told. */
export interface Telling {
  readonly hear: (event: RunEvent) => void;
  /** Something that is no step. @param why it waits; null: it does not */
  readonly at: (what: string, why?: string | null) => void;
  /** It is over. */
  readonly end: () => void;
}

interface Current {
  readonly signal: AbortSignal;
  progress: MigrationProgress;
}

/** What each app's migration is doing, in memory: after a restart the next event of its phase tells it again. */
export class Progress implements Migrations {
  readonly #now: () => number;
  readonly #current = new Map<string, Current>();

  /** @param now epoch ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  progress(app: string): MigrationProgress | null {
    const current = this.#current.get(app);
    // Who was given up while it waited to be tried again says nothing more.
    return current === undefined || current.signal.aborted ? null : current.progress;
  }

  /** @param signal of the work: tried again under the same one it goes on from what it waited for */
  begin(app: string, phase: Phase, signal: AbortSignal): Telling {
    const before = this.#current.get(app);
    const current: Current =
      before?.signal === signal
        ? { signal, progress: { ...before.progress, step: 0, of: 0 } }
        : { signal, progress: { ...nothingYet, phase, at: this.#now() } };
    this.#current.set(app, current);
    const set = (progress: MigrationProgress): void => {
      current.progress = { ...progress, at: this.#now() };
    };
    return {
      hear: (event) => set(after(current.progress, event)),
      at: (what, why = null) =>
        set({ ...current.progress, ...going, what, why, state: why === null ? 'running' : 'waiting' }),
      end: () => {
        if (this.#current.get(app) === current) this.#current.delete(app);
      },
    };
  }
}

const going = { state: 'running', why: null, seen: null, total: null, etaMs: null } as const;

const nothingYet: Omit<MigrationProgress, 'phase' | 'at'> = {
  step: 0,
  of: 0,
  what: 'about to begin',
  ...going,
};

function after(before: MigrationProgress, event: RunEvent): MigrationProgress {
  switch (event.type) {
    case 'phase-started':
      return { ...before, ...going, of: event.steps };
    case 'step-started':
      return { ...before, ...going, step: event.step, what: event.what };
    case 'step-ran':
      return { ...before, state: 'running', why: null };
    case 'waiting': {
      const [first] = event.blockers;
      return {
        ...before,
        state: 'waiting',
        why: `a lock is held by ${first === undefined ? 'somebody' : sayBlocker(first)}`,
      };
    }
    case 'progress': {
      const { seen, total, etaMs } = event;
      return { ...before, state: 'running', why: null, seen, total, etaMs };
    }
    case 'paused':
      return { ...before, state: 'paused', why: event.why };
    case 'reconnecting':
      return { ...before, state: 'waiting', why: `the database went away: ${event.why}` };
    case 'step-done':
    case 'notice':
    case 'output':
    case 'phase-done':
      return before;
  }
}
