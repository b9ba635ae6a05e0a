import { buckets } from '../../audience/bucket.ts';
import { compileAudiences } from '../../audience/compile.ts';
import { explain } from '../../audience/explain.ts';
import type { AppState } from '../../release/state.ts';
import { whom } from '../../release/steps.ts';
import type { StoredEvent } from '../../store/store.ts';
import { lookAt, patient, type Looking } from '../api/status.ts';
import type { Deps } from '../deps.ts';
import { standingOf } from '../judge/view.ts';
import type { StandingView } from '../judge/contract.ts';
import { known, type KnownState } from '../known.ts';
import { requestOf } from '../somebody.ts';
import { audienceTable } from '../table.ts';
import { appStatus } from '../view/status.ts';
import { actionsOf, type Asker } from './actions.ts';
import type { BoardView, WhoView } from './contract.ts';
import { rungsOf } from './rungs.ts';
import { stampOf } from './stamp.ts';

/** One app with all that its page shows but the traffic. @throws TealError `app-unknown` */
export async function boardOf(
  deps: Deps,
  app: string,
  asker: Asker,
  looking: Looking = patient,
): Promise<BoardView> {
  known(deps, app);
  const [seen, events, standing] = await Promise.all([
    lookAt(deps, looking, app),
    eventsOf(deps, app),
    judgedBy(deps, deps.apps.state(app)),
  ]);
  // What follows is of one moment: nothing is waited for between the parts.
  const state = known(deps, app);
  // Another one may have begun meanwhile.
  const judged = standing?.release === state.release?.id ? standing : null;
  const status = appStatus(state, seen);
  const states = deps.apps.companions(app).map((each) => deps.apps.state(each));
  return {
    at: deps.now(),
    stamp: stampOf(state),
    status,
    rungs: rungsOf({ state, events, view: status.migration }),
    actions: actionsOf(states, app, { ...asker, now: deps.now() }),
    who: whoOf(state, judged),
    evidence: judged,
  };
}

/** As many as are read at once, and how often: a release has some dozens of events. */
const page = 200;
const mostPages = 10;

/** Of the release that the page shows, oldest first. */
async function eventsOf(
  { store, apps }: Pick<Deps, 'store' | 'apps'>,
  app: string,
): Promise<readonly StoredEvent[]> {
  const id = apps.state(app).release?.id;
  const found: StoredEvent[] = [];
  if (id === undefined) return found;
  for (let turn = 0, before: number | undefined; turn < mostPages; turn++) {
    const events = await store.recent({
      stream: app,
      limit: page,
      ...(before === undefined ? {} : { before }),
    });
    for (const event of events) {
      found.push(event);
      if (event.type === 'release-started') return found.toReversed();
    }
    before = events.at(-1)?.seq;
    if (events.length < page) break;
  }
  return found.toReversed();
}

/** A release that nobody was compared in has no evidence, which is no mistake here. */
async function judgedBy(deps: Deps, { app, release }: AppState): Promise<StandingView | null> {
  return release === null ? null : await standingOf(deps, app, release.id).catch(() => null);
}

function whoOf(state: KnownState, judged: StandingView | null): WhoView {
  const table = audienceTable(state, state.config);
  const answers =
    table === null
      ? {}
      : explain(
          compileAudiences(table, () => null),
          requestOf({}, state.config),
        ).audiences;
  return {
    exposed: (state.release?.exposed ?? []).map((each) => ({
      says: whom([each]),
      to: each.to,
      percent: (each.width * 100) / buckets,
    })),
    people: judged?.verdict.people ?? null,
    audiences: Object.entries(answers).map(([name, { rule }]) => ({ name, rule })),
  };
}
