import type { AppStatus } from '../contract.ts';
import type { Mood, OverviewApp } from './contract.ts';

/** Above this part of failed requests an app is in trouble whatever else is the case: one in twenty is noticed by everybody. */
const troubleShare = 0.05;

type Said = readonly [Mood, string];

/** Whether an app needs somebody, and what there is to say of it. */
export function moodOf(status: AppStatus, pulse: Pick<OverviewApp['pulse'], 'errors'>): Said {
  return troubleOf(status, pulse) ?? askOf(status) ?? goesOn(status);
}

function troubleOf(
  { release, live, environments, migration, harm }: AppStatus,
  { errors }: Pick<OverviewApp['pulse'], 'errors'>,
): Said | null {
  const instances = live === null ? [] : (environments[live]?.instances ?? []);
  if (instances.length > 0 && !instances.some(({ state }) => state === 'healthy'))
    return ['trouble', 'no instance of what is live is healthy'];
  if (errors !== null && errors > troubleShare)
    return ['trouble', `${Math.round(errors * 100)} % of the requests fail`];
  if (migration !== null && migration.failed !== null && migration.command !== null)
    return ['trouble', `${migration.name}: ${migration.says}`];
  if (harm !== null) return ['trouble', harm];
  if (release === null || release.error === null || !release.ended) return null;
  return ['trouble', `${release.version}: ${firstLine(release.reason ?? release.error.message)}`];
}

function askOf({ release, frozen, maintenance, migration }: AppStatus): Said | null {
  if (release?.step?.asks === true) return ['asks', `${release.version} waits for an approval`];
  if (frozen !== null) return ['asks', `frozen by ${frozen.actor}`];
  if (release !== null && release.pausedAt !== null && !release.ended)
    return ['asks', `${release.version} is paused`];
  if (migration !== null && migration.command !== null)
    return ['asks', `${migration.name}: ${migration.says}`];
  return maintenance === null ? null : ['asks', 'maintenance: people see a page instead of the app'];
}

function goesOn({ release, live, migration }: AppStatus): Said {
  if (release?.status === 'migrating' && migration !== null)
    return ['moving', `${release.version}: ${migration.says}`];
  if (migration?.stage === 'contracting' || migration?.stage === 'undoing')
    return ['moving', `${migration.name}: ${migration.says}`];
  if (release?.status === 'promoted')
    return ['calm', `${release.version} has everyone; the way back is open`];
  if (release !== null && !release.ended)
    return ['moving', `${release.version}: ${release.step?.name ?? release.status}`];
  return live === null ? ['empty', 'nothing is deployed'] : ['calm', 'live'];
}

/** Without what only leads over to the lines that are left out. */
const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? text).replace(/\. It said:$/, '');
