import type { App } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { TealError, type ErrorJson } from '../../errors.ts';
import { busy } from '../../release/begin.ts';
import { decide } from '../../release/decide.ts';
import type { Build, Step } from '../../release/state.ts';
import { isOpen } from '../../release/windows.ts';
import type { PlanBody } from '../contract.ts';
import { checkDirectories, checkSecrets, checkSupported } from '../deploy.ts';
import type { Deps } from '../deps.ts';
import type { KnownState } from '../known.ts';
import { sameSettings } from '../same-settings.ts';

/** A deploy that is only thought of. */
export interface Planning {
  readonly state: KnownState;
  readonly build: Build;
  readonly asked: PlanBody & {
    readonly actor: string;
    /** The group that it is deployed with, and its steps then. */
    readonly together?: { readonly name: string; readonly steps: readonly Step[] };
  };
  readonly now: number;
}

/** Every reason at once: what stands behind the first would only come up after it is out of the way. */
export function refusals({ state, build, asked, now }: Planning): readonly ErrorJson[] {
  const { promote = null, together } = asked;
  const group = together === undefined ? {} : { group: together.name };
  const command = { type: 'deploy', build, promote, ...group } as const;
  const by = { now, actor: asked.actor };
  const thawed = { ...state, frozen: null };
  const found = [state, thawed, { ...thawed, release: null }].flatMap((each) => {
    const { refused } = decide(each, command, by);
    return refused === undefined ? [] : [refused.toJSON()];
  });
  const checks = [() => checkSupported(state.config), () => checkSecrets(state.config)];
  for (const check of checks) found.push(...thrownBy(check));
  return [...new Map(found.map((error) => [error.code, error])).values()];
}

function thrownBy(check: () => void): readonly ErrorJson[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof TealError) return [error.toJSON()];
    throw error;
  }
}

/** What stands in nobody's way and is worth knowing before. */
export async function notes(deps: Deps, planning: Planning): Promise<readonly string[]> {
  const { state, build, now } = planning;
  const { config } = state;
  const { identity, release } = config;
  const live = state.lives.at(-1)?.version;
  const exposes = release.steps.some(({ kind }) => kind === 'expose' || kind === 'mirror');
  const writes = writesCopied(config);
  const percents = release.steps.some((step) => step.kind === 'expose' && step.percent !== null);
  const running = state.release !== null && busy(state.release) ? state.release : null;
  const said: [boolean, string][] = [
    [
      running !== null && build.version === live,
      `Deploying ${build.version}, which is live, would end the release ${running?.id}.`,
    ],
    [
      running !== null && build.version !== live,
      `${running?.id} runs: --on-conflict queue would deploy after it, and supersede instead of it. Times are as if it had ended.`,
    ],
    [!isOpen(release.windows, now), 'No window is open now: the deploy waits for the next one.'],
    [
      state.live === null && exposes,
      'Nothing is live yet: until the switch nobody reaches the app, and its expose and mirror steps are left out.',
    ],
    [
      percents && identity.anonymous === 'release',
      `identity.anonymous is release: who is not signed in is not the same person in the next release, so cohort: ${release.cohort} does not hold for them.`,
    ],
    [
      percents && identity.anonymous === 'off',
      'identity.anonymous is off: percentages reach nobody who is not signed in.',
    ],
    [
      writes.length > 0,
      `Each ${writes.join(', ')} that is mirrored is done twice, once by each version, in whatever both of them use.`,
    ],
    [
      await differs(deps, config),
      'teal.yaml has changes that are not applied: this is the plan without them (teal apply).',
    ],
  ];
  const missing = build.directory === null ? thrownBy(() => checkDirectories(build)) : [];
  return [
    ...said.flatMap(([holds, text]) => (holds ? [text] : [])),
    ...missing.map(({ message, remedy }) => `${message} To deploy it: ${remedy}`),
  ];
}

/** Methods that change something, of which copies are made. */
function writesCopied({ release }: App): readonly string[] {
  const copied = release.steps.flatMap((step) => (step.kind === 'mirror' ? step.methods : []));
  return [...new Set(copied)].filter((method) => !safe.has(method));
}

/** RFC 9110 §9.2.1 */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

async function differs(deps: Deps, config: App): Promise<boolean> {
  const now = await loadConfig(deps.config.file).catch(() => null);
  const written = now?.apps[config.name];
  return written !== undefined && !sameSettings(config, written);
}
