import type {
  AppStatus,
  CommandBody,
  CommandName,
  CommandResult,
  GroupResult,
} from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { soleApp } from './app.ts';

/** The app that is meant when none is named, or the group when all apps are in one. @throws TealError `usage` otherwise */
export async function soleTarget(client: Client, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const { apps } = await client.status();
  const groups = new Set(apps.map(({ group }) => group));
  const [group = null] = groups;
  return groups.size === 1 && group !== null ? group : soleApp(client, undefined);
}

/** The apps of a group; empty when there is no group of this name. */
async function membersOf(client: Client, group: string): Promise<readonly AppStatus[]> {
  return (await client.status()).apps.filter((app) => app.group === group);
}

/** Does it with the app of this name, else with the group of this name. @throws TealError `app-unknown` when there is neither */
export async function withAppOrGroup<A, G>(
  client: Client,
  name: string,
  {
    app,
    group,
  }: {
    readonly app: () => Promise<A>;
    readonly group: (members: readonly AppStatus[]) => Promise<G>;
  },
): Promise<A | G> {
  try {
    return await app();
  } catch (error) {
    if (!(error instanceof TealError) || error.code !== 'app-unknown') throw error;
    const members = await membersOf(client, name);
    if (members.length === 0) throw error;
    return await group(members);
  }
}

/** What a command did: to one app, or to those of a group. */
export type Ordered =
  | { readonly kind: 'app'; readonly result: CommandResult }
  | { readonly kind: 'group'; readonly result: GroupResult };

export async function send(
  client: Client,
  name: string,
  { command, body }: { readonly command: CommandName; readonly body: CommandBody },
): Promise<Ordered> {
  const toGroup = async (): Promise<Ordered> => ({
    kind: 'group',
    result: await client.groupCommand(name, command, body),
  });
  // Only a group has several versions.
  if (body.versions !== undefined) return await toGroup();
  return await withAppOrGroup<Ordered, Ordered>(client, name, {
    app: async () => ({ kind: 'app', result: await client.command(name, command, body) }),
    group: toGroup,
  });
}
