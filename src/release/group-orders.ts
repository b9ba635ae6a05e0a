import { TealError } from '../errors.ts';
import { busy } from './begin.ts';
import { harming, type Asked, type Decided, type Decision } from './decision.ts';
import { decide } from './decide.ts';
import { deploy, stepsOf } from './deploy.ts';
import type { Event } from './events.ts';
import { evolve } from './evolve.ts';
import { concert, takesPart, type Changes, type Part } from './group.ts';
import { beginTogether, later, type Beginner } from './group-begin.ts';
import { stepsTogether } from './group-steps.ts';
import type { Command, Fact } from './input.ts';
import { harmOf } from './migrate-harm.ts';
import * as refuse from './refusals.ts';
import type { AppState, Build } from './state.ts';
import { rollbackSteps } from './steps.ts';
import { next, transitions } from './transitions.ts';

/** What one input did to every app that it concerns: all of it is stored in one transaction. */
export type GroupDecision =
  | { readonly decisions: ReadonlyMap<string, Decided>; readonly refused?: never }
  | { readonly refused: TealError; readonly decisions?: never };

/** A longer chain of consequences than any release has would be a loop. */
const mostRounds = 32;

/** All that follows from what was decided first, for apps that are released together. */
function settle(
  states: readonly AppState[],
  first: ReadonlyMap<string, Decided>,
  asked: Asked,
): GroupDecision {
  const decisions = new Map(first);
  const happened = { at: asked.now, actor: asked.actor };
  const folded = (state: AppState, events: readonly Event[]): AppState =>
    events.reduce((after, event) => evolve(after, event, happened), state);
  let after = states.map((state) => folded(state, first.get(state.app)?.events ?? []));
  for (let round = 0; round < mostRounds; round++) {
    const changes = concert(after, asked.now);
    if (changes.size === 0) return { decisions };
    for (const [app, events] of changes) {
      const before = decisions.get(app);
      decisions.set(app, { ...before, events: [...(before?.events ?? []), ...events] });
    }
    after = after.map((state) => folded(state, changes.get(state.app) ?? []));
  }
  throw new Error(`no rest state for ${states.map(({ app }) => app).join(', ')}`);
}

/** One input of one app, and what it means for those that are released with it. */
export function decideTogether(
  states: readonly AppState[],
  { app, input }: { readonly app: string; readonly input: Command | Fact },
  asked: Asked,
): GroupDecision {
  const state = states.find((each) => each.app === app);
  if (state === undefined) throw new Error(`${app} is not among its own`);
  const name = state.release?.group?.name ?? null;
  if (name !== null && input.type === 'rollback')
    return rollbackTogether(name, states, { ...asked, reason: input.reason });
  if (name !== null && input.type === 'retry') return retryTogether(name, states, asked);
  if (isShared(input) && (name !== null || state.config?.group !== undefined))
    return obeyTogether(name === null && !isWide(input) ? [state] : states, input, asked);
  const decision = decide(state, input, asked);
  return decision.refused ? decision : settle(states, new Map([[app, decision]]), asked);
}

/** Commands about a release that is shared: those of one app are those of all. */
export type SharedCommand = Command & { readonly type: (typeof sharedTypes)[number] };

export const sharedTypes = [
  'promote',
  'approve',
  'reject',
  'abort',
  'pause',
  'resume',
  'freeze',
  'unfreeze',
] as const;
const sharedSet: ReadonlySet<string> = new Set(sharedTypes);
const isShared = (input: Command | Fact): input is SharedCommand => sharedSet.has(input.type);

/** About the apps themselves, whether or not a release of theirs runs. */
const isWide = ({ type }: SharedCommand): boolean => type === 'freeze' || type === 'unfreeze';

/** To every app that takes part in the running release of the group; when one refuses, nothing is done. */
export function obeyTogether(
  states: readonly AppState[],
  command: SharedCommand,
  asked: Asked,
): GroupDecision {
  const wide = isWide(command);
  // What was removed while the others go on holds nobody up.
  const there = states.filter(({ config, removing }) => config !== null && !removing);
  const all = wide ? (there.length > 0 ? there : states) : latest(states);
  const going = all.filter(({ release }) => release !== null && !transitions[release.status].ended);
  const decisions = new Map<string, Decided>();
  let unasked: TealError | null = null;
  for (const state of wide || going.length === 0 ? all : going) {
    const decision = decide(state, command, asked);
    if (!decision.refused) decisions.set(state.app, decision);
    // The judge may ask a person about one of them while the others are waited for: a word to one is a word to all.
    else if (command.type === 'approve' && decision.refused.code === 'wrong-state')
      unasked = decision.refused;
    else return decision;
  }
  if (decisions.size === 0 && unasked !== null) return { refused: unasked };
  return settle(states, decisions, asked);
}

/** Those that take part in the group's release, or took part in its last; all of them when there was none. */
function latest(states: readonly AppState[]): readonly AppState[] {
  const parts: readonly Part[] = states.filter(takesPart);
  const [first, ...rest] = parts;
  if (first === undefined) return states;
  const last = rest.reduce(later, first);
  return parts.filter(({ release }) => release.group.id === last.release.group.id);
}

/**
 * Everyone of the group goes back (invariant 3: an app that has nowhere to go back to holds up nobody). While the last release can be
 * taken back that is done; after that, the versions before start again, and switch together.
 */
export function rollbackTogether(
  name: string,
  states: readonly AppState[],
  { reason, ...asked }: Asked & { readonly reason: string | null },
): GroupDecision {
  const parts = latest(states);
  const input = { type: 'rollback', reason } as const;
  if (parts.some(({ release }) => release !== null && canReturn(release.status))) {
    const answers = parts
      .filter(({ release }) => release !== null && canReturn(release.status))
      .map((state) => [state.app, decide(state, input, asked)] as const);
    const done = answers.flatMap(([app, answer]) => (answer.refused ? [] : [[app, answer] as const]));
    const refused = answers.find(([, answer]) => answer.refused)?.[1].refused;
    return done.length === 0 && refused !== undefined ? { refused } : settle(states, new Map(done), asked);
  }
  const wentLive = parts.some(({ release, live }) => release !== null && release.colour === live);
  const back = (wentLive ? parts : states).flatMap((state): readonly Beginner[] => {
    const build = state.lives.at(-2);
    const free = state.release === null || !busy(state.release);
    return build === undefined || state.live === null || !free
      ? []
      : [{ state, build, steps: rollbackSteps }];
  });
  const [first] = states;
  if (back.length === 0 && first !== undefined) return { refused: refuse.nothingToRollBackTo(first) };
  const begun = beginTogether(back, { name, kind: 'rollback', states, now: asked.now });
  const harms = new Map(back.map(({ state, build }) => [state.app, harmOf(state, build.version)]));
  return settle(states, decided(withoutQueues(states, begun), harms), asked);
}

/** Its own rollback is a switch, an abort, or already going on. */
const canReturn = (status: NonNullable<AppState['release']>['status']): boolean =>
  next(status, 'rollback-started') !== null ||
  next(status, 'abort-started') !== null ||
  status === 'aborting' ||
  status === 'reverting' ||
  status === 'reverted';

/** Who goes back does not want the next version to follow by itself. */
const withoutQueues = (states: readonly AppState[], changes: Changes): Changes =>
  new Map(
    [...changes].map(([app, events]) => {
      const queued = states.find((state) => state.app === app)?.queued ?? null;
      return [app, queued === null ? events : [{ type: 'queued', deploy: null } as const, ...events]];
    }),
  );

/** @param harms by app; what is not there is not known to do any */
const decided = (
  changes: Changes,
  harms: ReadonlyMap<string, string | null | undefined>,
): ReadonlyMap<string, Decided> =>
  new Map([...changes].map(([app, events]) => [app, { events, ...harming(harms.get(app) ?? null) }]));

/** The last release of the group once more, with the same people first. */
export function retryTogether(name: string, states: readonly AppState[], asked: Asked): GroupDecision {
  const parts: Beginner[] = [];
  const harms = new Map<string, string | undefined>();
  let kind: 'deploy' | 'rollback' = 'deploy';
  for (const state of latest(states)) {
    const decision = decide(state, { type: 'retry' }, asked);
    if (decision.refused) return decision;
    const { release } = state;
    if (release === null) continue;
    if (busy(release)) return { refused: refuse.inProgress(state, release) };
    kind = release.kind;
    harms.set(state.app, decision.harm);
    parts.push({ state, build: release.build, steps: release.steps, retried: release.cohort });
  }
  const begun = beginTogether(parts, { name, kind, states, now: asked.now });
  return settle(states, decided(begun, harms), asked);
}

export interface GroupDeploy {
  readonly name: string;
  /** Every app of the group, also those that stay as they are. */
  readonly states: readonly AppState[];
  /** By app: those that change. */
  readonly builds: ReadonlyMap<string, Build>;
  readonly promote: 'auto' | 'manual' | null;
  readonly onConflict: 'refuse' | 'queue' | 'supersede';
}

/** One release of several versions: all begin now, or all wait, or none does. */
export function deployTogether(what: GroupDeploy, asked: Asked): GroupDecision {
  const { name, states, promote, onConflict } = what;
  const parts = changing(what);
  const steps = stepsTogether(
    parts.map(({ state, build }) => ({
      app: state.app,
      steps: stepsOf(build.spec.release, promote),
      live: state.live !== null,
    })),
  );
  if (steps === null) return { refused: unlike(name) };
  const answers = new Map<string, Decided>();
  for (const { state, build } of parts) {
    const answer = deploy(state, { type: 'deploy', build, promote, onConflict, group: name }, asked);
    if (answer.refused) return answer;
    answers.set(state.app, answer);
  }
  const beginners = parts.map((part) => ({ ...part, steps: steps.get(part.state.app) ?? [] }));
  const now = [...answers.values()].every(({ events }) =>
    events.some(({ type }) => type === 'release-started'),
  );
  if (now) {
    const begun = beginTogether(beginners, { name, kind: 'deploy', states, now: asked.now });
    const harms = new Map([...answers].map(([app, { harm }]) => [app, harm]));
    return settle(states, decided(begun, harms), asked);
  }
  const ends = ![...answers.values()].some(({ events }) =>
    events.some(({ type }) => type !== 'abort-started'),
  );
  if (ends) return settle(states, answers, asked);
  const apps = beginners.map(({ state }) => state.app);
  const queued = beginners.map(({ state, build, steps: own }): [string, Decided] => {
    const answer = answers.get(state.app);
    const aborted = answer?.events.filter(({ type }) => type === 'abort-started') ?? [];
    const waiting = { build, steps: own, actor: asked.actor, at: asked.now, group: { name, apps } };
    const note = answer?.note ?? `${build.version} is deployed when all apps of ${name} may`;
    const events = [{ type: 'queued', deploy: waiting } as const, ...aborted];
    return [state.app, { events, note, ...harming(answer?.harm ?? null) }];
  });
  return settle(states, new Map(queued), asked);
}

/** An app whose version is live already stays as it is, as long as others change. */
function changing({
  states,
  builds,
}: GroupDeploy): readonly { readonly state: AppState; readonly build: Build }[] {
  const all = states.flatMap((state) => {
    const build = builds.get(state.app);
    return build === undefined ? [] : [{ state, build }];
  });
  const some = all.filter(({ state, build }) => state.lives.at(-1)?.version !== build.version);
  return some.length === 0 ? all : some;
}

const unlike = (name: string): TealError =>
  new TealError(
    'config-invalid',
    `The apps of ${name} do not have the same expose, wait and approve steps.`,
    {
      remedy: 'teal config check, then: teal apply',
      details: { group: name },
    },
  );

/** Every app that can goes back, groups together; those that cannot say why. Groups and other apps never hold each other up. */
export function rollbackAll(
  states: readonly AppState[],
  asked: Asked & { readonly reason: string | null },
): ReadonlyMap<string, Decision> {
  const { reason } = asked;
  const all = new Map<string, Decision>();
  for (const [name, members] of Map.groupBy(states, ({ release }) => release?.group?.name ?? null)) {
    if (name === null) {
      for (const state of members) all.set(state.app, decide(state, { type: 'rollback', reason }, asked));
      continue;
    }
    const answer = rollbackTogether(name, members, asked);
    for (const state of members) {
      const own = answer.decisions?.get(state.app);
      all.set(state.app, own ?? { refused: answer.refused ?? refuse.nothingToRollBackTo(state) });
    }
  }
  return all;
}
