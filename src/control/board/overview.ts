import { buckets } from '../../audience/bucket.ts';
import type { AppState, Release } from '../../release/state.ts';
import { lookAt, patient, statuses, type Looking } from '../api/status.ts';
import type { AppStatus } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { pulse } from '../traffic/now.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { moodOf } from './mood.ts';
import type { Mood, OverviewApp, OverviewRelease, OverviewView } from './contract.ts';

/** Every app, those that need somebody first. @param shown which apps the caller may know of */
export async function overviewOf(
  deps: Deps,
  traffic: Traffic,
  shown: (app: string) => boolean,
  looking: Looking = patient,
): Promise<OverviewView> {
  const seen = await lookAt(deps, looking);
  const points = traffic.all();
  const now = deps.now();
  const lines = statuses(deps, seen, shown).map((status) =>
    lineOf(status, deps.apps.state(status.app), pulse(points(status.app), now)),
  );
  return {
    at: now,
    generation: seen.router?.generation ?? null,
    apps: lines.toSorted((one, two) => order(one) - order(two) || (one.app < two.app ? -1 : 1)),
  };
}

const moods: readonly Mood[] = ['trouble', 'asks', 'moving', 'calm', 'empty'];
const order = ({ mood }: OverviewApp): number => moods.indexOf(mood);

function lineOf(status: AppStatus, state: AppState, beat: OverviewApp['pulse']): OverviewApp {
  const { app, group, live, version, environments, release } = status;
  const instances = live === null ? [] : (environments[live]?.instances ?? []);
  const [mood, says] = moodOf(status, beat);
  return {
    app,
    group,
    mood,
    says,
    live,
    version,
    since: instances.length === 0 ? null : Math.min(...instances.map(({ startedAt }) => startedAt)),
    release:
      release === null || release.ended || state.release === null ? null : releaseOf(state.release, release),
    pulse: beat,
  };
}

function releaseOf(
  { steps, cursor, exposed }: Release,
  view: NonNullable<AppStatus['release']>,
): OverviewRelease {
  const all = view.status === 'promoted' || view.status === 'retiring';
  const widths = exposed.filter(({ to }) => to.length === 0).map(({ width }) => width);
  return {
    id: view.id,
    version: view.version,
    colour: view.colour,
    status: view.status,
    step: view.step?.name ?? null,
    index: Math.min(cursor, steps.length),
    of: steps.length,
    endsAt: view.step?.endsAt ?? null,
    paused: view.pausedAt !== null,
    percent: all ? 100 : (Math.max(0, ...widths) * 100) / buckets,
  };
}
