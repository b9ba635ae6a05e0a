/** Many apps on few servers: brought to the state in which things are measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/cli/client.ts';
import type { AppStatus } from '../../src/control/contract.ts';
import { interrupted } from '../lib/interruptible.ts';

export const nameOf = (index: number): string => `app-${index}`;
export const hostOf = (app: string): string => `${app}.test`;
/** Who sends this is an audience of every app: it is on the candidate from the first step on. */
export const tester = { cookie: 'beta=on' };

/** As many orders under way at once as a busy team would give. */
const atOnce = 25;
const waitMs = 120_000;

/** One canary for all: testers first, then 5 %, which lasts longer than the bench. */
export function yamlOf(
  port: number,
  apps: number,
  addresses: Readonly<Record<string, readonly string[]>>,
): string {
  const versions = Object.entries(addresses).map(([version, all]) => `${version}: [${all.join(', ')}]`);
  const app = (name: string): string =>
    `  ${name}: { hosts: [${hostOf(name)}], run: { static: { versions: { ${versions.join(', ')} } } }, ` +
    'audiences: { testers: { cookie: { name: beta, exact: on } } }, ' +
    'release: { rollback-window: 2h, steps: [{ expose: { to: [testers], for: 10ms } }, { expose: { percent: 5, for: 2h } }] } }';
  return `data: .teal
router:
  listen: 127.0.0.1:${port}
apps:
${Array.from({ length: apps }, (_, index) => app(nameOf(index))).join('\n')}
`;
}

/** Does it for each, some at a time. */
export async function forEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      interrupted.throwIfAborted();
      await work(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** Waits until it holds for all of them. */
export async function all(
  client: Client,
  apps: readonly string[],
  what: string,
  holds: (status: AppStatus) => boolean,
): Promise<void> {
  const wanted = new Set(apps);
  for (const deadline = performance.now() + waitMs; ; await sleep(apps.length > 10 ? 500 : 20)) {
    interrupted.throwIfAborted();
    const states = await statesOf(client, apps);
    const rest = states.filter((status) => wanted.has(status.app) && !holds(status));
    if (rest.length === 0) return;
    if (performance.now() < deadline) continue;
    throw new Error(
      `after ${waitMs / 1000} s not so of ${rest.length} apps: ${what}; one of them: ${JSON.stringify(rest[0]?.release)}`,
    );
  }
}

const statesOf = async (client: Client, apps: readonly string[]): Promise<readonly AppStatus[]> =>
  apps.length > 10 ? (await client.status()).apps : await Promise.all(apps.map((app) => client.app(app)));

/** On 5 %, and on testers. */
export const isCanary = ({ release }: AppStatus): boolean =>
  release?.status === 'stepping' && release.step?.index === 1 && release.exposed.length === 2;

export const isPromoted = ({ release, version }: AppStatus): boolean =>
  release?.status === 'promoted' && release.drain !== null && version === 'v2';

/** Where it was before: a new release may begin. */
export const isBack = ({ release, version, environments }: AppStatus): boolean =>
  release?.ended === true && version === 'v1' && (environments.blue === null || environments.green === null);
