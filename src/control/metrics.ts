import { exposition, histogram, type Family, type Sample } from '../metrics/exposition.ts';
import type { AppState } from '../release/state.ts';
import { transitions } from '../release/transitions.ts';
import { secondsBounds, type Cohort, type Tally } from '../router/tally.ts';
import type { EnvironmentCounts, RouterStatus } from '../router/router.ts';
import type { Deps } from './deps.ts';
import { partOf } from './view/progress.ts';
import { endsWithin } from './pause.ts';

/** A router that does not answer by then is told as down: Prometheus itself gives up after ten seconds. */
const routerMs = 2000;

/** What Prometheus reads: traffic as routers have counted it, and what is live and on its way. */
export async function metricsText(deps: Pick<Deps, 'router' | 'apps' | 'migrations'>): Promise<string> {
  const asked = deps.router.status().catch(() => null);
  const router = (await endsWithin(asked, routerMs)) ? await asked : null;
  return exposition([
    ...routerFamilies(router),
    ...stateFamilies(deps.apps.states()),
    ...migrationFamilies(deps),
  ]);
}

export function routerFamilies(router: RouterStatus | null): readonly Family[] {
  const up = gauge('teal_router_up', 'Whether the router answers.', [
    { labels: {}, value: router === null ? 0 : 1 },
  ]);
  if (router === null) return [up];
  const { environments, workers, generation, workersReplaced, tablesRepaired, accessLog } = router;
  const each = (value: (counts: EnvironmentCounts) => number): readonly Sample[] =>
    environments.map((counts) => ({ labels: labelsOf(counts), value: value(counts) }));
  return [
    up,
    gauge('teal_router_generation', 'Number of the routing table in force.', [
      { labels: {}, value: generation },
    ]),
    gauge('teal_router_workers', 'Worker processes.', [{ labels: {}, value: workers.length }]),
    counter('teal_router_workers_replaced_total', 'Workers that ended by themselves, and were replaced.', [
      { labels: {}, value: workersReplaced.count },
    ]),
    counter(
      'teal_router_tables_repaired_total',
      'Times that a worker had another table than the router, and was given it.',
      [{ labels: {}, value: tablesRepaired.count }],
    ),
    gauge('teal_router_connections', 'Connections of clients that are open.', [
      { labels: {}, value: workers.reduce((sum, { connections }) => sum + connections, 0) },
    ]),
    counter(
      'teal_router_log_lines_dropped_total',
      'Lines of the access log that found no room.',
      accessLog === null ? [] : [{ labels: {}, value: accessLog.linesDropped }],
    ),
    counter(
      'teal_router_requests_total',
      'Requests sent to an environment.',
      each(({ requests }) => requests),
    ),
    counter(
      'teal_router_failed_total',
      'Requests that the app never answered: refused, reset, timed out.',
      each(({ failed }) => failed),
    ),
    gauge(
      'teal_router_in_flight',
      'Requests that are not over, waiting ones included.',
      each(({ inFlight }) => inFlight),
    ),
    gauge(
      'teal_router_waiting',
      'Requests in line for an instance.',
      each(({ waiting }) => waiting),
    ),
    counter(
      'teal_router_answers_total',
      'Answers of the app, by whose request it was and class of status.',
      byCohort(environments, (labels, { classes }) =>
        classes.map((value, index) => ({ labels: { ...labels, status: `${index + 1}xx` }, value })),
      ),
    ),
    counter(
      'teal_router_copies_total',
      "Copies of live's requests for a candidate, by what became of them.",
      environments.flatMap((counts) =>
        Object.entries(counts.copies ?? {}).map(([outcome, value]) => ({
          labels: { ...labelsOf(counts), outcome },
          value,
        })),
      ),
    ),
    {
      name: 'teal_router_answer_seconds',
      type: 'histogram',
      help: 'Time from the decision where a request goes to the first byte of its answer.',
      samples: byCohort(environments, (labels, { buckets, seconds }) =>
        histogram(labels, { bounds: secondsBounds, counts: buckets, sum: seconds }),
      ),
    },
  ];
}

function byCohort(
  environments: readonly EnvironmentCounts[],
  samples: (labels: Readonly<Record<string, string>>, tally: Tally) => readonly Sample[],
): readonly Sample[] {
  return environments.flatMap((counts) =>
    (Object.entries(counts.tallies ?? {}) as [Cohort, Tally][]).flatMap(([cohort, tally]) =>
      samples({ ...labelsOf(counts), cohort }, tally),
    ),
  );
}

const labelsOf = ({ app, colour, version }: EnvironmentCounts): Readonly<Record<string, string>> => ({
  app,
  environment: colour,
  version,
});

function stateFamilies(states: readonly AppState[]): readonly Family[] {
  const live = states.flatMap((state): Sample[] => {
    const version = state.lives.at(-1)?.version;
    if (state.live === null || version === undefined) return [];
    return [{ labels: { app: state.app, environment: state.live, version }, value: 1 }];
  });
  const releases = states.flatMap(({ app, release }): Sample[] =>
    release === null || transitions[release.status].ended
      ? []
      : [
          {
            labels: { app, release: release.id, version: release.build.version, status: release.status },
            value: 1,
          },
        ],
  );
  const frozen = states.map(({ app, frozen: since }): Sample => ({
    labels: { app },
    value: since === null ? 0 : 1,
  }));
  return [
    gauge('teal_live_info', 'What is live: always 1.', live),
    gauge('teal_release_info', 'Releases on their way: always 1.', releases),
    gauge('teal_frozen', 'Whether nothing is deployed and no step advances.', frozen),
  ];
}

function migrationFamilies({ apps, migrations }: Pick<Deps, 'apps' | 'migrations'>): readonly Family[] {
  const begun = apps
    .states()
    .flatMap(({ app, migration }) =>
      migration === null ? [] : [{ labels: { app, migration: migration.name }, migration }],
    );
  const info = begun.map(({ labels, migration: { build, stage } }): Sample => ({
    labels: { ...labels, version: build.version, stage },
    value: 1,
  }));
  const failed = begun.map(({ labels, migration }): Sample => ({
    labels,
    value: migration.failed === null ? 0 : 1,
  }));
  const done = begun.flatMap(({ labels }): Sample[] => {
    const progress = migrations.progress(labels.app);
    const part = progress === null ? null : partOf(progress);
    return progress === null || part === null
      ? []
      : [{ labels: { ...labels, phase: progress.phase }, value: part }];
  });
  return [
    gauge('teal_migration_info', 'The migration that a release has begun last: always 1.', info),
    gauge('teal_migration_failed', 'Whether it stands, and waits for somebody.', failed),
    gauge('teal_migration_part_done', 'How much of a backfill is done, 0 to 1.', done),
  ];
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  samples,
  type: 'gauge',
});
const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  samples,
  type: 'counter',
});
