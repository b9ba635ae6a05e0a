import type { Event } from './events.ts';
import { beginTogether } from './group-begin.ts';
import { goesOn, grown, learn } from './learn.ts';
import { differences } from './parity.ts';
import { outdatedBy } from './migrate-knows.ts';
import type { AppState, GroupPart, Release } from './state.ts';
import { other } from './state.ts';
import { stepName } from './steps.ts';
import { next, transitions } from './transitions.ts';

/** Events by app: of one store transaction. */
export type Changes = ReadonlyMap<string, readonly Event[]>;

/** An app that takes part in a group's release. */
export type Part = AppState & { readonly release: Release & { readonly group: GroupPart } };

/**
 * What follows for apps that are released together from what each of them has become; empty: nothing. Every app goes on by its
 * own rules, except where all have to go at once: there each says that it is `ready`, and here all are let on in one transaction. What
 * takes one back takes all back, first of all (invariant 3). A function of the states alone, so that a restart comes to the same.
 */
export function concert(states: readonly AppState[], now: number): Changes {
  const releases = Map.groupBy(states.filter(takesPart), ({ release }) => release.group.id);
  for (const parts of releases.values()) {
    const over = parts.some(({ release }) => goesBack.has(release.status));
    for (const rule of over ? [back, letGo] : [onward]) {
      const changes = rule(parts, now);
      if (changes !== null && changes.size > 0) return changes;
    }
  }
  const queues = Map.groupBy(states, ({ queued }) => queued?.group?.name ?? null);
  for (const [name, waiting] of queues) {
    const changes = name === null ? null : dequeued(name, waiting, { states, now });
    if (changes !== null && changes.size > 0) return changes;
  }
  // What has become true for one of them without any work left to wait for.
  return new Map(
    states
      .filter(takesPart)
      .map((state) => [state.app, learn(state, { type: 'tick' }, now)] as const)
      .filter(([, events]) => events.length > 0),
  );
}

export const takesPart = (state: AppState): state is Part => state.release?.group != null;

const each = (parts: readonly Part[], events: (part: Part) => readonly Event[]): Changes =>
  new Map(parts.map((part) => [part.app, events(part)] as const).filter(([, made]) => made.length > 0));

const ended = ({ release }: Part): boolean => transitions[release.status].ended ?? false;

/** One that gives up or goes back takes all along that can. */
function back(parts: readonly Part[]): Changes | null {
  const first = parts.find(({ release }) => goesBack.has(release.status));
  if (first === undefined) return null;
  const { reason, error } = first.release;
  const why = `${reason ?? 'asked for'} (${first.app})`;
  return each(parts, ({ release, environments }): readonly Event[] => {
    if (next(release.status, 'abort-started')) return [{ type: 'abort-started', why, error }];
    const there = environments[other(release.colour)] !== null;
    return next(release.status, 'rollback-started') && there
      ? [{ type: 'rollback-started', why, error }]
      : [];
  });
}

const goesBack: ReadonlySet<Release['status']> = new Set([
  'aborting',
  'aborted',
  'reverting',
  'reverted',
  'rolled-back',
]);

/** Candidates are stopped when none of them has people any more: until then their people find each of them as they left it. */
function letGo(parts: readonly Part[]): Changes | null {
  const leaving = parts.filter(
    ({ release, environments }) =>
      next(release.status, 'let-go') && environments[release.colour]?.phase === 'running',
  );
  if (leaving.length === 0 || !leaving.every(({ release }) => release.drain !== null)) return null;
  if (parts.some(({ release }) => release.status === 'reverting')) return null;
  return each(leaving, () => [{ type: 'let-go' }]);
}

/** All at once, as soon as the slowest may. */
function onward(parts: readonly Part[], now: number): Changes | null {
  const [first] = parts;
  if (first === undefined || parts.some(({ release }) => release.stoppedAt !== null)) return null;
  const are = (status: Release['status']): boolean => parts.every(({ release }) => release.status === status);
  const ready = parts.every(({ release }) => release.ready);
  if (are('starting') && ready)
    return each(parts, (part) => [{ type: 'candidate-ready', differences: differences(part, part.release) }]);
  if (are('stepping')) return stepped(parts, now);
  if (are('scaling') && ready)
    return each(parts, (part) => [{ type: 'switch-started', differences: differences(part, part.release) }]);
  return windowClosed(parts, now);
}

function stepped(parts: readonly Part[], now: number): Changes | null {
  const cursor = Math.max(...parts.map(({ release }) => release.cursor));
  const behind = parts.filter(({ release }) => release.cursor < cursor);
  // A step of one app alone (a test) has passed, or a person has let one of them on: so has it for the others.
  if (behind.length > 0) return each(behind, ({ release }) => passed(release));
  // The others only look on while one takes a step of its own.
  const active = parts.filter(({ release }) => release.steps[cursor]?.kind !== 'member');
  const grow = active.filter(({ release }) => grown(release).length > 0);
  if (grow.length > 0)
    return grow.every(({ release }) => release.ready) ? each(grow, ({ release }) => grown(release)) : null;
  const wishes = active.map((part) => goesOn(part, part.release, now));
  const gaveUp = wishes.findIndex((wish) => wish.some(({ type }) => type === 'abort-started'));
  if (gaveUp >= 0) return each(active.slice(gaveUp, gaveUp + 1), () => wishes[gaveUp] ?? []);
  // The slowest holds.
  return wishes.some((wish) => wish.length === 0)
    ? null
    : each(active, (part) => wishes[active.indexOf(part)] ?? []);
}

function passed(release: Release): readonly Event[] {
  const { cursor } = release;
  const step = release.steps[cursor];
  return step === undefined
    ? []
    : [{ type: 'step-passed', cursor, name: stepName(step), output: null, skipped: false }];
}

/** The old environments are kept until none of them is needed to go back. */
function windowClosed(parts: readonly Part[], now: number): Changes | null {
  const live = parts.filter((part) => !ended(part));
  const over = live.every(
    ({ release, environments }) =>
      release.status === 'promoted' &&
      environments[other(release.colour)] !== null &&
      release.drain !== null &&
      now >= (release.windowEndsAt ?? Infinity),
  );
  return live.length > 0 && over ? each(live, () => [{ type: 'window-closed' }]) : null;
}

/** What waited begins when all of them may; when one of them is not wanted any more, none is. */
function dequeued(
  name: string,
  waiting: readonly AppState[],
  { states, now }: { readonly states: readonly AppState[]; readonly now: number },
): Changes | null {
  const apps = waiting[0]?.queued?.group?.apps ?? [];
  const isOutdated = waiting.some((state) => state.queued && outdatedBy(state, state.queued.build) !== null);
  if (isOutdated || !apps.every((app) => waiting.some((state) => state.app === app)))
    return new Map(waiting.map(({ app }) => [app, [{ type: 'queued', deploy: null }]]));
  const parts = waiting.flatMap((state) => (state.queued === null ? [] : [{ state, ...state.queued }]));
  return beginTogether(parts, { name, kind: 'deploy', states, now, wait: true });
}
