/** From what was counted to figures, and to what the run is short of: pure. */
import type { Books } from './books.ts';
import type { Blamed, Broken, Failed, Kill } from './blame.ts';
import { blame, blameStream } from './blame.ts';
import type { Told } from './releaser.ts';
import type { StreamCounts } from './streams.ts';

export interface Measured {
  /** Kills that a run has to have. */
  readonly wanted: number;
  /** Long enough for each thing to have happened: else only what has happened is judged. */
  readonly full: boolean;
  readonly kills: readonly Kill[];
  readonly sent: number;
  readonly answered: number;
  readonly failed: readonly Failed[];
  readonly streams: StreamCounts;
  readonly broken: readonly Broken[];
  readonly told: readonly Told[];
  readonly refused: Readonly<Record<string, number>>;
  readonly stuck: readonly string[];
  readonly books: Books;
  /** Milliseconds from a start of the control plane to its first answer. */
  readonly starts: readonly number[];
  /** Before and after which events it was killed. */
  readonly transitions: Readonly<Record<string, number>>;
  /** Workers that the router found with another table. */
  readonly strayed: number;
  readonly leftBehind: number;
}

interface Cost {
  readonly kills: number;
  readonly failed: number;
  /** Most that may have failed: what was under way on what was killed. */
  readonly allowed: number;
  readonly streams: number;
}

export interface Result {
  readonly kills: number;
  readonly control: Cost & { readonly atTransitions: number };
  readonly worker: Cost;
  readonly instance: Cost & {
    /** Failed, although they may be sent again and nothing of an answer had been passed on. */
    readonly repeatable: number;
  };
  readonly unattributed: readonly string[];
  readonly ends: Readonly<Record<string, number>>;
  /** In words; none: all goals are met. */
  readonly short: readonly string[];
}

export function resultOf(measured: Measured): Result {
  const { kills } = measured;
  const failed = measured.failed.map((one) => blame(one, kills));
  const broken = measured.broken.map((one) => blameStream(one, kills));
  const nobody = [...failed, ...broken].filter(({ kill }) => kill === null);
  const ends: Record<string, number> = {};
  for (const { ended } of measured.told) ends[ended] = (ends[ended] ?? 0) + 1;
  const of = (kind: Kill['kind']): Cost => costOf(kind, { kills, failed, broken });
  const figures = {
    kills: kills.length,
    control: {
      ...of('control'),
      atTransitions: Object.values(measured.transitions).reduce((sum, n) => sum + n, 0),
    },
    worker: of('worker'),
    instance: {
      ...of('instance'),
      repeatable: failed.filter(({ of: one, kill }) => isRepeatable(one, kill, kills)).length,
    },
    unattributed: nobody.map(({ of: { says, at } }) => `${says}; ${nearest(at, kills)}`),
    ends,
  };
  return { ...figures, short: shortOf(figures, measured, perKill(failed, kills)) };
}

interface Blames {
  readonly kills: readonly Kill[];
  readonly failed: readonly Blamed<Failed>[];
  readonly broken: readonly Blamed<Broken>[];
}

function costOf(kind: Kill['kind'], { kills, failed, broken }: Blames): Cost {
  const mine = kills.filter((kill) => kill.kind === kind);
  return {
    kills: mine.length,
    failed: failed.filter(({ kill }) => kill?.kind === kind).length,
    allowed: mine.reduce((sum, kill) => sum + allowedBy(kill), 0),
    streams: broken.filter(({ kill }) => kill?.kind === kind).length,
  };
}

function allowedBy(kill: Kill): number {
  switch (kill.kind) {
    case 'control':
      return 0;
    case 'worker':
      return kill.inFlight.size;
    case 'instance':
      return Math.min(kill.connections, kill.inFlight.size);
  }
}

/** Blamed on nobody, but it was under way when an instance was killed. */
function isRepeatable(one: Failed, blamed: Kill | null, kills: readonly Kill[]): boolean {
  if (blamed !== null || !one.idempotent) return false;
  return kills.some((kill) => kill.kind === 'instance' && kill.inFlight.has(one.serial));
}

/** Kills that cost more than was under way on what they killed. */
function perKill(failed: readonly Blamed<Failed>[], kills: readonly Kill[]): readonly string[] {
  return kills.flatMap((kill) => {
    const cost = failed.filter((one) => one.kill === kill).length;
    if (cost <= allowedBy(kill)) return [];
    return [
      `the kill of ${kill.kind} ${kill.pid} cost ${cost} requests, and ${allowedBy(kill)} were under way there`,
    ];
  });
}

/** The kill that came last before it: what to look at first. */
function nearest(at: number, kills: readonly Kill[]): string {
  const before = kills.filter((kill) => kill.at <= at).toSorted((a, b) => b.at - a.at);
  const told = before
    .slice(0, 2)
    .map((kill) => `${at - kill.at} ms after the kill of ${kill.kind} ${kill.pid}`);
  return told.length === 0 ? 'before any kill' : told.join(', ');
}

/** Less of it proves nothing. */
const leastRequests = 1000;

function shortOf(
  { kills, control, worker, instance, unattributed }: Omit<Result, 'short'>,
  measured: Measured,
  excesses: readonly string[],
): readonly string[] {
  const { sent, answered, failed, books } = measured;
  const checks: readonly (readonly [boolean, string])[] = [
    [kills >= measured.wanted, `${kills} kills, not ${measured.wanted}`],
    [control.kills > 0 && worker.kills > 0 && instance.kills > 0, 'one kind of process was never killed'],
    [
      !measured.full || control.atTransitions > 0,
      'the control plane was never killed at a persisted transition',
    ],
    [sent >= leastRequests, `only ${sent} requests`],
    [answered + failed.length === sent, `sent ${sent}, answered ${answered}, failed ${failed.length}`],
    [
      instance.repeatable === 0,
      `${instance.repeatable} requests failed that may be sent again, after a kill of an instance`,
    ],
    [unattributed.length === 0, `${unattributed.length} failures that no kill explains`],
    [books.wrong.length === 0, `the event log: ${books.wrong.join('; ')}`],
    [measured.told.length > 0, 'no release was made'],
    [measured.leftBehind === 0, `${measured.leftBehind} processes were left behind`],
  ];
  return [
    ...checks.filter(([holds]) => !holds).map(([, words]) => words),
    ...excesses,
    ...measured.stuck.map((words) => `stuck: ${words}`),
  ];
}
