import { didYouMean } from '../config/did-you-mean.ts';
import { TealError } from '../errors.ts';
import type { Asked } from '../release/decision.ts';
import {
  deployTogether,
  obeyTogether,
  retryTogether,
  rollbackTogether,
  type GroupDecision,
  sharedTypes,
  type SharedCommand,
} from '../release/group-orders.ts';
import type { AppState, Build } from '../release/state.ts';
import { toCommand } from './api/command.ts';
import { statusesAfter } from './api/status.ts';
import type { By } from './apps.ts';
import type { CommandBody, CommandName, GroupResult } from './contract.ts';
import {
  afterTurn,
  checkDirectories,
  checkSecrets,
  checkSupported,
  putVersion,
  unread,
  versionName,
} from './deploy.ts';
import { inTurn } from './deploy-turn.ts';
import type { Deps } from './deps.ts';
import { known } from './known.ts';
import { didOf, noteOf } from './view/did.ts';

/** The apps of a group, by name. @throws TealError `app-unknown` */
export function knownGroup(deps: Pick<Deps, 'apps'>, group: string): readonly string[] {
  const members = deps.apps.members(group);
  if (members.length > 0) return members;
  const names = [...new Set(deps.apps.states().flatMap(({ config }) => config?.group ?? []))];
  const meant = didYouMean(group, names);
  throw new TealError(
    'app-unknown',
    `There is no group ${group}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
    {
      remedy:
        names.length === 0
          ? 'add groups to teal.yaml, then: teal apply'
          : `the groups are: ${names.join(', ')}`,
      details: { group },
    },
  );
}

type Name = Extract<CommandName, SharedCommand['type'] | 'deploy' | 'rollback' | 'retry'>;

const shared: ReadonlySet<CommandName> = new Set<Name>(['deploy', 'rollback', 'retry', ...sharedTypes]);

const isShared = (name: CommandName): name is Name => shared.has(name);

export interface GroupOrder {
  readonly name: CommandName;
  readonly body: CommandBody;
  readonly by: By;
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/** Does what was asked to all apps of a group, in one transaction, and says what was done to each. */
export async function groupCommand(deps: Deps, group: string, asked: GroupOrder): Promise<GroupResult> {
  const members = knownGroup(deps, group);
  const { name, body, by } = asked;
  if (!isShared(name)) throw oneByOne(name, group, members);
  if (name !== 'deploy')
    return await decided(deps, group, { how: commanding(group, { name, body, by }), by, found: new Map() });
  return await inTurn(deps, { ...asked, apps: members }, async (check) => {
    const ready = await deploying(deps, group, { body, by });
    check();
    return await decided(deps, group, { ...ready, by });
  });
}

interface Ready {
  readonly how: How;
  /** What the rules find in the migrations, by app. */
  readonly found: ReadonlyMap<string, string | null>;
}

async function decided(
  deps: Deps,
  group: string,
  { how, by, found }: Ready & { readonly by: By },
): Promise<GroupResult> {
  const who = (): readonly string[] => [
    ...new Set(deps.apps.members(group).flatMap((app) => deps.apps.companions(app))),
  ];
  const decisions = await deps.apps.decide(who, how, by);
  const statusOf = await statusesAfter(deps);
  return {
    group,
    apps: [...decisions].map(([app, decision]) => ({
      app: statusOf(app),
      did: didOf(decision, found.get(app) ?? null),
      note: noteOf(decision, found.get(app) ?? null),
    })),
  };
}

type How = (states: readonly AppState[], asked: Asked) => GroupDecision;

interface Given {
  readonly body: CommandBody;
  readonly by: By;
}

function commanding(
  group: string,
  { name, body, by }: Given & { readonly name: Exclude<Name, 'deploy'> },
): How {
  if (name === 'rollback')
    return (states, asked) => rollbackTogether(group, states, { ...asked, reason: by.reason });
  if (name === 'retry') return (states, asked) => retryTogether(group, states, asked);
  const command = toCommand(name, body) as SharedCommand;
  return (states, asked) => obeyTogether(states, command, asked);
}

/** Nothing is copied for a release that is refused anyway. */
async function deploying(deps: Deps, group: string, { body, by }: Given): Promise<Ready> {
  const versions = versionsOf(deps, group, body);
  const release = (builds: ReadonlyMap<string, Build>): How => {
    const what = {
      name: group,
      builds,
      promote: body.promote ?? null,
      onConflict: afterTurn(body.onConflict),
    } as const;
    return (states, asked) => deployTogether({ ...what, states }, asked);
  };
  const thought = new Map(
    [...versions].map(([app, version]) => [
      app,
      unread({ version, directory: null, spec: known(deps, app).config }),
    ]),
  );
  const states = deps.apps.members(group).map((app) => deps.apps.state(app));
  const answer = release(thought)(states, { now: deps.now(), actor: by.actor });
  if (answer.refused) throw answer.refused;
  const builds = new Map<string, Build>();
  const found = new Map<string, string | null>();
  for (const [app, version] of versions) {
    const state = known(deps, app);
    const spec = state.config;
    // An app that stays as it is needs no files.
    const stays = answer.decisions.get(app) === undefined;
    if (!stays) checkSecrets(spec);
    const directory = stays
      ? deps.versions.directory(app, version)
      : await putVersion(deps, app, { version, from: body.from });
    const build: Build = { version, directory, spec };
    if (!stays && directory === null) checkDirectories(build);
    checkSupported(spec);
    const ready = stays ? build : await deps.database.withMigration(state, build);
    builds.set(app, ready);
    if (!stays) found.set(app, await deps.database.lintNote(ready));
  }
  return { how: release(builds), found };
}

/** By app. One version for all of them, or each its own; apps that are not named stay as they are. */
export function versionsOf(
  deps: Pick<Deps, 'apps'>,
  group: string,
  { version, versions }: Pick<CommandBody, 'version' | 'versions'>,
): ReadonlyMap<string, string> {
  const members = knownGroup(deps, group);
  if (versions === undefined) return new Map(members.map((app) => [app, versionName(version)]));
  for (const app of Object.keys(versions)) {
    if (members.includes(app)) continue;
    throw new TealError('app-unknown', `${app} is not in the group ${group}.`, {
      remedy: `its apps are: ${members.join(', ')}`,
      details: { app, group },
    });
  }
  return new Map(Object.entries(versions).map(([app, each]) => [app, versionName(each)]));
}

function oneByOne(name: CommandName, group: string, members: readonly string[]): TealError {
  return new TealError('usage', `${name} is for one app, and ${group} is a group.`, {
    remedy: `name one of ${members.join(', ')}`,
    details: { group, apps: members },
  });
}
