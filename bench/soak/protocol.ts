/** What a kind of traffic has to be for the soak: one file in `protocols/`, one line in `protocols.ts`. */
import type { Versions } from './versions.ts';

/** Where the router listens, and what it speaks there. */
export interface Target {
  readonly port: number;
  /** A second port, with TLS; `ca` is a PEM file. */
  readonly secure: { readonly port: number; readonly ca: string; readonly h2: boolean } | null;
  /** A port on which HTTP/2 is spoken without TLS. */
  readonly h2c: number | null;
}

/** `sent` is always `answered + failed`. */
export interface Tally {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  /** Of the answered: by a version that had been replaced, with all workers' acknowledgement, before it was asked. */
  readonly stale: number;
  /** The first few failures, in words. */
  readonly problems: readonly string[];
}

/** Traffic under way. */
export interface Traffic {
  /** Begins nothing more; resolves when all that is under way has ended. */
  stop(): Promise<Tally>;
}

export interface Protocol {
  readonly name: string;
  /** @returns null when the router does not listen for this */
  start(target: Target, versions: Versions): Traffic | null;
}

const mostProblems = 5;

/** Counts what ends one by one. Which answers were stale is told afterwards (`Versions.staleOf`). */
export class Counter {
  #answered = 0;
  readonly #problems: string[] = [];
  #failed = 0;

  answered(): void {
    this.#answered += 1;
  }

  failed(problem: string): void {
    this.#failed += 1;
    if (this.#problems.length < mostProblems) this.#problems.push(problem);
  }

  get tally(): Tally {
    return {
      sent: this.#answered + this.#failed,
      answered: this.#answered,
      failed: this.#failed,
      stale: 0,
      problems: this.#problems,
    };
  }
}

export const nothing: Tally = { sent: 0, answered: 0, failed: 0, stale: 0, problems: [] };

export function sum(one: Tally, other: Tally): Tally {
  return {
    sent: one.sent + other.sent,
    answered: one.answered + other.answered,
    failed: one.failed + other.failed,
    stale: one.stale + other.stale,
    problems: [...one.problems, ...other.problems].slice(0, mostProblems),
  };
}
