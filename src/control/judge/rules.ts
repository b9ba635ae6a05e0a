import type { Rule } from '../../judge/facts.ts';
import type { CustomMetrics, Side } from '../../metrics/custom/custom-metrics.ts';
import { other, type AppState } from '../../release/state.ts';

/** What else a release is judged by beside people, found out once per tick. Never rejects: what cannot be had is inconclusive. */
export type Rules = (state: AppState, signal: AbortSignal) => Promise<readonly Rule[]>;

/** The app's own metrics, as the release was deployed with. */
export function rulesOf(custom: Pick<CustomMetrics, 'rules'>): Rules {
  return async (state, signal) => {
    const { app, release } = state;
    const metrics = release?.build.spec.judge?.metrics ?? [];
    if (release === null || metrics.length === 0) return [];
    const { colour } = release;
    const candidate: Side = { environment: colour, version: release.build.version };
    return await custom.rules({ app, release: release.id, metrics, candidate, live: liveOf(state), signal });
  };
}

/** Null from the switch on: nobody is there any more, so that its numbers say nothing. */
function liveOf({ live, release, environments }: AppState): Side | null {
  if (live === null || release === null || live === release.colour) return null;
  const version = environments[other(release.colour)]?.version;
  return version === undefined ? null : { environment: live, version };
}
