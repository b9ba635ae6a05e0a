/** Which version was live when, as the one who changes the table sees it. */

/** Two processes of one machine read their clocks: this far apart at most. */
const clockMs = 5;

interface Span {
  readonly version: string;
  /** The table that makes it live is about to be sent to the router. */
  readonly from: number;
  /** Every worker has acknowledged the table that makes another one live. */
  to: number;
}

/** Told over IPC. Times are milliseconds since the epoch. */
export type VersionNews =
  | { readonly kind: 'begins'; readonly version: string; readonly at: number }
  | { readonly kind: 'in-force'; readonly version: string; readonly at: number };

/** One answer. */
export interface Seen {
  readonly version: string | null;
  readonly sentAt: number;
  readonly endedAt: number;
}

export class Versions {
  readonly #spans: Span[] = [];

  hear(news: VersionNews): void {
    if (news.kind === 'begins') {
      this.#spans.push({ version: news.version, from: news.at, to: Infinity });
      return;
    }
    const current = this.#spans.at(-1);
    for (const span of this.#spans) if (span !== current && span.to === Infinity) span.to = news.at;
  }

  /**
   * To be asked when the traffic has ended. An answer can overtake the news of its version, which comes another way: in
   * a process that had to wait for the CPU both are there at once, in any order.
   */
  staleOf(seen: Iterable<Seen>): number {
    let stale = 0;
    for (const { version, sentAt, endedAt } of seen)
      if (version === null || this.isStale(version, sentAt, endedAt)) stale += 1;
    return stale;
  }

  /** An answer by a version that was at no moment live while the request was under way (invariant 2). */
  isStale(version: string, sentAt: number, endedAt: number): boolean {
    return !this.#spans.some(
      (span) => span.version === version && span.from <= endedAt + clockMs && span.to >= sentAt - clockMs,
    );
  }
}
