/** What one upgrade came to. Times in milliseconds. */
export interface Turn {
  /** Until the new router served, and until the new control plane had taken over. */
  readonly routersMs: number;
  readonly totalMs: number;
  /** Of the processes of Teal, those that were there before. */
  readonly kept: number;
  /** Streams that were open before, and stayed on the router before. */
  readonly streams: number;
  /** What was wrong with how they ended. */
  readonly wrong: readonly string[];
}

export interface LoadFigures {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly rps: number;
  readonly p99: number;
  readonly max: number;
}

export interface Measured {
  readonly turns: readonly Turn[];
  /** Each request on a connection of its own. */
  readonly fresh: LoadFigures;
  /** On kept connections. */
  readonly kept: LoadFigures;
  /** Questions to the API, meanwhile. */
  readonly asked: {
    readonly count: number;
    readonly failures: readonly string[];
    readonly longestMs: number;
  };
  readonly cut: { readonly expected: number; readonly counted: number };
}

export interface Goals {
  readonly upgrades: number;
  readonly freshRps: number;
  /** Streams before each. */
  readonly streams: number;
}

/** What is short of the goals, in words; nothing when all is well. */
export function shortOf({ turns, fresh, kept, asked, cut }: Measured, goals: Goals): readonly string[] {
  const short: string[] = [];
  const need = (holds: boolean, says: string): void => {
    if (!holds) short.push(says);
  };
  need(turns.length === goals.upgrades, `${turns.length} of ${goals.upgrades} upgrades`);
  for (const [name, load] of Object.entries({ fresh, kept })) {
    need(load.failed === 0, `${load.failed} ${name} requests failed: ${JSON.stringify(load.failures)}`);
    need(load.answered === load.sent, `${load.answered} of ${load.sent} ${name} requests were answered`);
  }
  need(fresh.rps >= goals.freshRps, `${fresh.rps.toFixed(0)} new connections/s, not ${goals.freshRps}`);
  need(
    asked.failures.length === 0,
    `of ${asked.count} questions to the API failed: ${asked.failures.join('; ')}`,
  );
  need(cut.counted === cut.expected, `${cut.counted} streams were counted as cut, not ${cut.expected}`);
  for (const [index, turn] of turns.entries()) {
    const where = `upgrade ${index + 1}`;
    need(turn.kept === 0, `${where}: ${turn.kept} processes were there before`);
    need(turn.streams === goals.streams, `${where}: ${turn.streams} of ${goals.streams} streams stayed`);
    short.push(...turn.wrong.map((each) => `${where}: ${each}`));
  }
  return short;
}

/** For a person. */
export function tableOf(measured: Measured): string {
  const { turns, fresh, kept, asked, cut } = measured;
  const load = (name: string, { sent, rps, failures, failed, p99, max }: LoadFigures): string =>
    `${name.padEnd(26)}${sent} sent (${rps.toFixed(0)}/s), ${failures['refused'] ?? 0} refused, ${failures['reset'] ?? 0} reset, ` +
    `${failed} failed; p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms`;
  return [
    `${'upgrades'.padEnd(26)}${turns.length}: control plane, router process and workers, all replaced`,
    load('on new connections', fresh),
    load('on kept connections', kept),
    `${'until the router serves'.padEnd(26)}median ${quantile(turns, 'routersMs', 0.5)} ms, longest ${quantile(turns, 'routersMs', 1)} ms`,
    `${'until all is replaced'.padEnd(26)}median ${quantile(turns, 'totalMs', 0.5)} ms, longest ${quantile(turns, 'totalMs', 1)} ms`,
    `${'API meanwhile'.padEnd(26)}${asked.count} asked, ${asked.failures.length} failed, longest ${asked.longestMs.toFixed(0)} ms`,
    `${'streams'.padEnd(26)}${sum(turns)} open before and kept; 0 ended before their deadline, ${cut.counted} cut at it (1012, end of stream)`,
  ].join('\n');
}

const sum = (turns: readonly Turn[]): number => turns.reduce((total, { streams }) => total + streams, 0);

function quantile(turns: readonly Turn[], of: 'routersMs' | 'totalMs', share: number): string {
  const sorted = turns.map((turn) => turn[of]).toSorted((left, right) => left - right);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
}
