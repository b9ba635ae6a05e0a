import type { AudienceTable } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import type { Upcoming } from '../release/begin.ts';
import type { AppState, Release } from '../release/state.ts';
import { exposedAfter, stepName } from '../release/steps.ts';

/** Who would go where before the release exposes anybody. */
export function restingTable({ app, live, cohort }: AppState, config: App): AudienceTable {
  return {
    app,
    ...(config.group === undefined ? {} : { group: config.group }),
    live: live ?? 'blue',
    release: null,
    identity: config.identity,
    audiences: config.audiences,
    paths: [],
    offset: cohort.offset,
  };
}

/** From an `expose` step on: who goes where. */
export interface ExposureTable {
  /** Of the step, for people. */
  readonly name: string;
  readonly table: AudienceTable;
}

type Exposing = Omit<Upcoming, 'from'> & Partial<Pick<Release, 'exposed'>>;

/** Who goes where from each `expose` step of a release on, in order; `exposed` is whom the steps before these have exposed. */
export function exposureTables(
  base: AudienceTable,
  { id, colour, cohort, steps, exposed: before = [] }: Exposing,
): readonly ExposureTable[] {
  let exposed = before;
  return steps.flatMap((step) => {
    if (step.kind !== 'expose') return [];
    exposed = exposedAfter(exposed, step);
    const release = { id, candidate: colour, cohort: cohort.cohort, exposed };
    return [{ name: stepName(step), table: { ...base, release, offset: cohort.offset } }];
  });
}
