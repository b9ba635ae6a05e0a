/** A way to decide, replayed over one hour. */
import { happens, type Outcome, type Scenario } from './scenarios.ts';
import type { Trace } from './trace.ts';

export interface Rule {
  readonly name: string;
  readonly replay: (trace: Trace, scenario: Scenario) => Replay;
}

/** Times in seconds from the start of the release; null: never. */
export interface Replay {
  readonly rolledBackAt: number | null;
  /** When everybody was on the new version. */
  readonly promotedAt: number | null;
  /** Requests that failed on the new version and would not have on the old. */
  readonly harmed: number;
}

/** Walks over an hour, period by period, with a share that the rule sets between them. */
export class Walk {
  readonly trace: Trace;
  readonly scenario: Scenario;
  harmed = 0;
  #next = 0;
  readonly #now: Outcome = { fails: false, latency: 0 };
  readonly #old: Outcome = { fails: false, latency: 0 };

  constructor(trace: Trace, scenario: Scenario) {
    this.trace = trace;
    this.scenario = scenario;
  }

  /** Serves all requests before `end`. `see` is told of each: the outcome object is used again for the next. */
  to(
    end: number,
    share: number,
    see?: (person: number, isNew: boolean, outcome: Readonly<Outcome>, at: number) => void,
  ): void {
    const { trace, scenario } = this;
    for (; this.#next < trace.length; this.#next += 1) {
      const index = this.#next;
      const at = trace.at[index] ?? 0;
      if (at >= end) return;
      const person = trace.person[index] ?? 0;
      const isNew = (trace.bucket[person] ?? 1) < share;
      const outcome = happens(trace, index, { scenario, isNew }, this.#now);
      if (isNew && outcome.fails && !happens(trace, index, { scenario, isNew: false }, this.#old).fails)
        this.harmed += 1;
      see?.(person, isNew, outcome, at);
    }
  }
}
