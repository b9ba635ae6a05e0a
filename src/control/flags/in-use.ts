import type { Config } from '../../config/config.ts';
import { featuresOf } from '../../config/features.ts';
import { formatDuration } from '../../config/units.ts';
import { TealError } from '../../errors.ts';
import type { Deps } from '../deps.ts';

/** What a version that runs asks for, it asks for within this time, but for what hardly anybody does. */
const recentMs = 3_600_000;

/**
 * Refuses a teal.yaml in which a flag is missing that code still asks for by its name: it would get its own default from one moment to the next,
 * which is not always what everybody has. All flags at once, as browsers ask, say nothing of what a page uses.
 * @throws TealError `flag-in-use`
 */
export async function refuseInUse(
  deps: Pick<Deps, 'apps' | 'usage' | 'wall'>,
  config: Config,
): Promise<void> {
  const gone = deps.apps.states().flatMap(({ app, config: before }) => {
    const after = config.apps[app];
    if (before === null || after === undefined) return [];
    const wanted = featuresOf(after);
    return Object.keys(featuresOf(before))
      .filter((flag) => !Object.hasOwn(wanted, flag))
      .map((flag) => ({ app, flag }));
  });
  if (gone.length === 0) return;
  const usage = await deps.usage.all([...new Set(gone.map(({ app }) => app))]);
  const now = deps.wall();
  for (const { app, flag } of gone) {
    const asked = usage.find((one) => one.app === app && one.flag === flag)?.named ?? null;
    if (asked === null || now - asked > recentMs) continue;
    const version = deps.apps.state(app).lives.at(-1)?.version ?? null;
    throw new TealError(
      'flag-in-use',
      `${app} still asks for the flag ${flag}: ${formatDuration(Math.max(1000, Math.floor((now - asked) / 1000) * 1000))} ago${version === null ? '' : `; ${version} is live`}.`,
      {
        remedy: `take it out of the code and release that first (teal flags remove ${flag}); an hour after the last question it can go from teal.yaml`,
        details: { app, flag, asked, version },
      },
    );
  }
}
