import { beginCohort } from '../../audience/cohort.ts';
import type { AudienceTable } from '../../audience/table.ts';
import type { Scheduled } from '../../release/schedule.ts';
import { other } from '../../release/state.ts';
import type { KnownState } from '../known.ts';

/** Who would go where before the release exposes anybody. */
export function tableOf({ app, live, config, cohort }: KnownState): AudienceTable {
  return {
    app,
    live: live ?? 'blue',
    release: null,
    identity: config.identity,
    audiences: config.audiences,
    paths: [],
    offset: cohort.offset,
  };
}

/** Who would go where in each `expose` step, in order. */
export function tablesOf(state: KnownState, scheduled: readonly Scheduled[]): readonly AudienceTable[] {
  const base = tableOf(state);
  const { cohort, offset } = beginCohort(state.cohort, state.config.release.cohort);
  const id = `${state.app}-${state.releases + 1}`;
  return scheduled
    .filter(({ step }) => step.kind === 'expose')
    .map(({ exposed }) => ({
      ...base,
      offset,
      release: { id, candidate: other(base.live), cohort, exposed },
    }));
}
