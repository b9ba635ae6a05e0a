import { beginCohort } from '../audience/cohort.ts';
import { compileAudiences } from '../audience/compile.ts';
import { explain } from '../audience/explain.ts';
import { explanationText } from '../audience/explain-text.ts';
import type { Place } from '../audience/request.ts';
import { route } from '../audience/route.ts';
import type { AudienceTable } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import { openPlaces } from '../router/facts/places.ts';
import { TealError } from '../errors.ts';
import { other, type AppState } from '../release/state.ts';
import { exposedAfter, stepName, steps } from '../release/steps.ts';
import type { ExplainBody, ExplainResult, LaterStep } from './contract.ts';
import type { Deps } from './deps.ts';
import { known } from './known.ts';
import { requestOf } from './somebody.ts';
import { audienceTable } from './table.ts';

/** Where somebody would be sent now, by which rule, and where at each later step. Asks the function that the router asks. */
export async function explainWho(deps: Deps, app: string, body: ExplainBody): Promise<ExplainResult> {
  const state = known(deps, app);
  const table = state.config === null ? null : audienceTable(state, state.config);
  if (state.config === null || table === null) {
    throw new TealError('wrong-state', `Nothing of ${app} is live: nobody is sent anywhere.`, {
      remedy: `teal deploy ${app} <version>`,
    });
  }
  const places =
    body.ip === undefined
      ? null
      : await openPlaces({
          file: deps.config.geoDatabase,
          onWarning: () => undefined,
        });
  try {
    const lookUp = (address: string): Place | null => places?.lookUp(address) ?? null;
    const request = requestOf(body, state.config);
    const explanation = explain(compileAudiences(table, lookUp), request);
    const later = laterTables(state, state.config, table).map(({ name, at }): LaterStep => {
      const { side, environment, reason } = route(compileAudiences(at, lookUp), request);
      return { name, side, environment, reason };
    });
    return { explanation, text: explanationText(explanation), later };
  } finally {
    places?.close();
  }
}

/** The tables of the steps that follow, of the running release or of the next one. */
function laterTables(
  state: AppState,
  config: App,
  table: AudienceTable,
): readonly { readonly name: string; readonly at: AudienceTable }[] {
  const running = state.release?.status === 'stepping' ? state.release : null;
  const all = running?.steps ?? steps(config.release);
  const cohort = running?.cohort ?? beginCohort(state.cohort, config.release.cohort);
  let exposed = running?.exposed ?? [];
  const from = running === null ? 0 : running.cursor + (running.expose === null ? 0 : 1);
  return all.slice(from).flatMap((step) => {
    if (step.kind !== 'expose') return [];
    exposed = exposedAfter(exposed, step);
    const release = {
      id: running?.id ?? `${state.app}-${state.releases + 1}`,
      candidate: running?.colour ?? other(table.live),
      cohort: cohort.cohort,
      exposed,
    };
    return [{ name: stepName(step), at: { ...table, release, offset: cohort.offset } }];
  });
}
