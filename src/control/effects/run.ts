import { TealError, type ErrorCode } from '../../errors.ts';
import type { Effect } from '../../release/effects.ts';
import type { Colour } from '../../release/state.ts';
import type { Past } from '../../release/verdict.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { workload } from './workload.ts';

/** Keeps an environment's roles running, and says when all of them are healthy and in the routers' table, or that they can't be. */
export async function run(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'run' },
  signal: AbortSignal,
): Promise<void> {
  const { colour, environment } = effect;
  const { version } = environment;
  const roles = environment.spec.roles.filter(({ name }) => effect.counts[name] !== undefined);
  try {
    await unchanged(deps, app, effect);
    await Promise.all(roles.map((role) => deps.platform.ensure(workload(app, effect, role), signal)));
  } catch (error) {
    await environmentFailed(deps, app, effect, { error, signal });
  }
  if (signal.aborted) return;
  // Ready is what can be reached: whoever is told that the candidate waits for them opens its preview at once.
  await deps.routes.current(signal, app);
  const compared = await comparedWith(deps, app, colour);
  const size = environment.size;
  await deps.apps.submit(app, { type: 'environment-ready', colour, version, size, ...compared }, teal);
}

/** What live's answers have been like, told once per release: when its candidate is ready, and nobody has met it. */
async function comparedWith(
  deps: Deps,
  app: string,
  colour: Colour,
): Promise<{ readonly past: Past } | Record<string, never>> {
  const { release, live } = deps.apps.state(app);
  const judged = release?.status === 'starting' && release.colour === colour && live !== null;
  if (!judged || release.build.spec.judge == null) return {};
  const { slow, scale } = await deps.router.past(app);
  return { past: { slow, scale } };
}

/** Trouble of Teal or its machine, which says nothing about the version: tried again, until the release's deadline. */
const notTheVersions: ReadonlySet<ErrorCode> = new Set([
  'router-unavailable',
  'table-refused',
  'control-unavailable',
  'store-conflict',
  'store-unreadable',
  'store-unavailable',
  'not-leader',
  'disk-full',
  'wrong-state',
]);

/** Reports the failure, and throws it again: what is live is tried again until it runs. */
export async function environmentFailed(
  deps: Deps,
  app: string,
  { colour, environment: { version } }: Effect & { kind: 'run' | 'hand-over' },
  { error, signal }: { readonly error: unknown; readonly signal: AbortSignal },
): Promise<never> {
  const known =
    error instanceof TealError
      ? error
      : new TealError('internal', String(error), { remedy: 'see the log of teal up' });
  if (!signal.aborted && !notTheVersions.has(known.code)) {
    await deps.apps.submit(app, { type: 'environment-failed', colour, version, error: known.toJSON() }, teal);
  }
  throw error;
}

/** A version that changed on disk is not the version that was tested; checked when an environment is brought up anew. */
async function unchanged(
  deps: Deps,
  app: string,
  { colour, environment }: Effect & { kind: 'run' },
): Promise<void> {
  if (environment.directory === null) return;
  const up = deps.platform
    .instances(app)
    .some((each) => each.app === app && each.colour === colour && each.version === environment.version);
  if (!up) await deps.versions.verify(app, environment.version);
}
