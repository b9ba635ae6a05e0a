import type { KeyObject } from 'node:crypto';
import type { EventView } from '../../src/control/contract.ts';
import type { Visit } from './crowd.ts';
import { isChosen, stages, type Stage } from './oracle.ts';
import type { Kind } from './people.ts';

/** When a stage began to be put in force, and when every router had it; milliseconds since the epoch. */
interface Moment {
  readonly begun: number;
  readonly done: number;
}

export interface Checked {
  readonly requests: number;
  /** No answer, or an answer that the shop does not give. */
  readonly failed: readonly Visit[];
  /** Answered by the side where the person did not belong. */
  readonly misrouted: readonly Visit[];
  /** Answered by the old version after having been answered by the new one. */
  readonly flips: readonly Visit[];
  /** Stages at which people were on both sides as they should be, with who has joined. */
  readonly reached: readonly Reached[];
}

export interface Reached {
  readonly stage: Stage;
  /** Seen on the new version for the first time at this stage, by kind. */
  readonly joined: Readonly<Partial<Record<Kind, number>>>;
}

const old = 'v1';
const fresh = 'v2';

/** Compares where everyone was with where everyone belonged. @param history all events, oldest first */
export function check(visits: readonly Visit[], history: readonly EventView[], key: KeyObject): Checked {
  const started = history.findLast(({ type }) => type === 'release-started');
  const release = (started?.data as { readonly release?: string } | undefined)?.release ?? '';
  const moments = momentsOf(history.filter(({ seq }) => seq > (started?.seq ?? 0)));
  const known = { key, release };
  const sorted = visits.toSorted((one, two) => one.sent.at - two.sent.at);
  const answered = sorted.filter(({ version }) => version !== null);
  return {
    requests: visits.length,
    failed: sorted.filter(({ version }) => version === null),
    misrouted: answered.filter((visit) => !isRight(visit, moments, known)),
    flips: flipsOf(answered),
    reached: reachedBy(answered, moments),
  };
}

/** Of the stages that were reached, in order. */
function momentsOf(history: readonly EventView[]): readonly Moment[] {
  const begun = history.filter(({ type }) => type === 'expose-started' || type === 'switch-started');
  const done = history.filter(({ type }) => type === 'exposed' || type === 'switched');
  return begun.map(({ at }, index) => ({ begun: at, done: done[index]?.at ?? Infinity }));
}

/**
 * While a table is on its way to the routers, the one before it may still answer: right is what is right by any table that
 * can have been in force between sending and answer.
 */
function isRight(
  { sent, endedAt, version }: Visit,
  moments: readonly Moment[],
  known: { readonly key: KeyObject; readonly release: string },
): boolean {
  const first = moments.findLastIndex(({ done }) => done < sent.at);
  const last = moments.findLastIndex(({ begun }) => begun <= endedAt);
  for (let stage = first; stage <= last; stage++) {
    if ((isChosen(sent, stage, known) ? fresh : old) === version) return true;
  }
  return false;
}

function flipsOf(answered: readonly Visit[]): readonly Visit[] {
  const seen = new Set<Visit['person']>();
  return answered.filter(({ person, version }) => {
    if (version === fresh) seen.add(person);
    return version === old && seen.has(person);
  });
}

function reachedBy(answered: readonly Visit[], moments: readonly Moment[]): readonly Reached[] {
  const seen = new Set<Visit['person']>();
  const joined = moments.map((): Partial<Record<Kind, number>> => ({}));
  for (const { person, version, endedAt } of answered) {
    if (version !== fresh || seen.has(person)) continue;
    seen.add(person);
    const at = joined[moments.findLastIndex(({ begun }) => begun <= endedAt)];
    if (at !== undefined) at[person.kind] = (at[person.kind] ?? 0) + 1;
  }
  return joined.flatMap((who, index) => {
    const stage = stages[index];
    return stage === undefined || Object.keys(who).length === 0 ? [] : [{ stage, joined: who }];
  });
}
