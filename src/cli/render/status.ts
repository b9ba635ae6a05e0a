import type {
  AppStatus,
  EnvironmentStatus,
  InstanceView,
  LeaderView,
  ReleaseView,
  Status,
} from '../../control/contract.ts';
import { routerTrouble } from '../../control/view/router-trouble.ts';
import type { RouterStatus } from '../../router/router.ts';
import { colours, type Colour } from '../../release/state.ts';
import { whom } from '../../release/steps.ts';
import type { View } from '../shell/terminal.ts';
import { databaseLines, databaseTrouble } from './database.ts';
import { renderSelf } from './self.ts';
import { glyph, pad, paint, flow, wrap, type Glyph } from './paint.ts';
import { leaderLine } from './leader.ts';
import { count, counted, duration } from './units.ts';

/** Every app as a few lines, those in trouble first; or what is missing when there is none. */
export function renderStatus(status: Status, view: View): string {
  const parts = [...status.apps].sort(bySeverity).map((app) => renderApp(app, view));
  if (status.router === null) {
    parts.unshift(`${glyph(view, 'failed')} The router cannot be reached; look at: teal doctor`);
  }
  const trouble =
    status.router === null ? null : routerTrouble(status.router, { now: view.now, since: status.startedAt });
  if (trouble !== null) parts.push(`${glyph(view, 'warn')} ${wrap(`Router: ${trouble}`, view.width, 2)}`);
  if (status.leader !== null) parts.push(store(status, status.leader, view));
  if (status.apps.length === 0) parts.push(`No app is deployed yet. Next: teal apply`);
  if (status.router !== null) parts.push(row('router', routerPieces(status.router, view.now), view));
  parts.push(renderSelf(status, view));
  return parts.join('\n\n');
}

/** Which table the router has, and when it last heard that this is the one. @param now milliseconds since the epoch */
export function routerPieces({ generation, workers, heard }: RouterStatus, now: number): readonly string[] {
  const behind = workers.filter((worker) => worker.generation !== generation).length;
  return [
    generation === 0 ? 'no table yet' : `table ${generation}`,
    `${counted(workers.length, 'worker')}${behind > 0 ? `, ${behind} with another table` : ''}`,
    heard.at === null ? 'never heard from Teal' : `heard from Teal ${duration(now - heard.at)} ago`,
    ...(heard.expiry?.until === null ? ['exposes nobody until it does again'] : []),
  ];
}

/** Who leads, where several control planes share an event log. */
function store({ store: { where } }: Status, leader: LeaderView, view: View): string {
  const kind = leader.name === null ? 'warn' : 'ok';
  return `${glyph(view, kind)} ${wrap(`Control plane: ${leaderLine(leader, view.now)}; event log in ${where}`, view.width, 2)}`;
}

/** One app: what is live, both environments, the release, what a rollback would do, and the next command. */
export function renderApp(app: AppStatus, view: View): string {
  return [
    header(app, view),
    ...notices(app, view),
    ...colours.map((colour) => environment(colour, app.environments[colour], view)),
    ...(app.group === null ? [] : [row('group', [app.group], view)]),
    ...(app.release === null ? [] : releaseRows(app.release, view)),
    ...databaseLines(app, view, labelColumns),
    ...(app.queued === null ? [] : queuedRows(app.queued, view)),
    ...(app.rollback === null ? [] : rollbackRows(app, app.rollback, view)),
    ...(app.release?.ended === false ? differences(app.release, view) : []),
    row('next', [app.next], view),
  ].join('\n');
}

function notices(app: AppStatus, view: View): string[] {
  const notice = (kind: Glyph, text: string): string => `  ${glyph(view, kind)} ${wrap(text, view.width, 4)}`;
  const why = app.frozen?.reason == null ? '' : `: ${app.frozen.reason}`;
  const database = databaseTrouble(app);
  return [
    ...(app.release?.error ? [notice('failed', app.release.error.message)] : []),
    ...(database === null ? [] : [notice('failed', database)]),
    ...(app.maintenance === null ? [] : [notice('warn', `In maintenance: ${app.maintenance.message}`)]),
    ...(app.frozen === null ? [] : [notice('warn', `Frozen by ${app.frozen.actor}${why}`)]),
  ];
}

function releaseRows(current: ReleaseView, view: View): string[] {
  const some = exposed(current);
  const approvals = current.ended ? [] : current.approvals;
  return [
    row('release', release(current, view), view),
    ...(some === null ? [] : [row('exposed', [some], view)]),
    ...(current.ended || current.verdict === null ? [] : [verdict(current.verdict, view)]),
    ...approvals.map(({ cursor, actor }) => row('approved', [`step ${cursor + 1}`, `by ${actor}`], view)),
  ];
}

/** What the judge says: it decides what comes next, so it is told in full. */
function verdict({ action, sentence }: NonNullable<ReleaseView['verdict']>, view: View): string {
  const kind = action === 'wait' || action === 'advance' ? 'going' : 'warn';
  const name = pad(paint(view, 'dim', 'judge'), labelColumns - 2);
  return `  ${name}${wrap(`${glyph(view, kind)} ${sentence}`, view.width, labelColumns)}`;
}

const differences = (current: ReleaseView, view: View): string[] =>
  current.differences.map(({ role, what, live, candidate }) =>
    row('differs', [`${role} ${what}:`, `${live} → ${candidate}`], view),
  );

function header(app: AppStatus, view: View): string {
  const live =
    app.live === null ? 'nothing live yet' : `live ${inColour(view, app.live)} ${app.version ?? ''}`;
  const pieces = [paint(view, 'bold', app.app), live, ...app.urls.slice(0, 2)];
  return `${glyph(view, state(app))} ${flow(pieces, '  ', { width: view.width - 2, indent: 2 })}`;
}

/** The worst that can be said of an app, as a glyph. */
function state(app: AppStatus): Glyph {
  const instances = colours.flatMap((colour) => app.environments[colour]?.instances ?? []);
  const live = app.live === null ? [] : (app.environments[app.live]?.instances ?? []);
  if (live.some(troubled) || (live.length === 0 && app.live !== null)) return 'failed';
  if (ails(app) || instances.some(troubled)) return 'warn';
  if (app.live === null || (app.release !== null && !app.release.ended)) return 'going';
  return 'ok';
}

const ails = ({ release, migration, harm, maintenance }: AppStatus): boolean =>
  [release?.error, migration?.failed, harm, maintenance].some((each) => each != null);

const severities: readonly Glyph[] = ['failed', 'warn', 'going', 'ok'];

function bySeverity(a: AppStatus, b: AppStatus): number {
  return severities.indexOf(state(a)) - severities.indexOf(state(b)) || a.app.localeCompare(b.app);
}

function troubled(instance: InstanceView): boolean {
  return instance.state === 'unhealthy' || instance.state === 'backing-off';
}

function environment(colour: Colour, status: EnvironmentStatus | null, view: View): string {
  const name = pad(inColour(view, colour), labelColumns - 2);
  if (status === null) return `  ${name}${paint(view, 'dim', 'idle')}`;
  const pieces = [
    pad(status.role, 9),
    paint(view, 'bold', status.version),
    ...health(status.instances, view),
    counted(status.requests, 'request'),
    ...(status.errors > 0 ? [paint(view, 'red', counted(status.errors, 'error'))] : []),
    ...(status.failed > 0 ? [paint(view, 'red', `${count(status.failed)} failed`)] : []),
    ...(status.inFlight > 0 ? [`${count(status.inFlight)} in flight`] : []),
    ...(status.waiting > 0 ? [paint(view, 'red', `${count(status.waiting)} waiting`)] : []),
  ];
  return `  ${name}${flow(pieces, '  ', { width: view.width - labelColumns, indent: labelColumns })}`;
}

/** For each role: how many of its instances are healthy, and what the others are. */
function health(instances: readonly InstanceView[], view: View): string[] {
  const roles = [...new Set(instances.map(({ role }) => role))];
  if (roles.length === 0) return [paint(view, 'red', 'no instances')];
  return roles.map((role) => {
    const mine = instances.filter((instance) => instance.role === role);
    const healthy = mine.filter((instance) => instance.state === 'healthy').length;
    const others = [...new Set(mine.map((instance) => instance.state))].filter((each) => each !== 'healthy');
    const ejected = mine.filter(({ traffic }) => traffic !== null && traffic.ejectedUntil !== null).length;
    const crashes = mine.reduce((sum, instance) => sum + instance.crashes, 0);
    const pieces = [
      `${role} ${healthy}/${mine.length}`,
      ...others,
      ...(ejected > 0 ? [`${count(ejected)} left out by the router`] : []),
      ...(crashes > 0 ? [counted(crashes, 'crash').replace('crashs', 'crashes')] : []),
    ];
    const text = pieces.join(' ');
    return mine.some(troubled) || ejected > 0 ? paint(view, 'red', text) : text;
  });
}

function release(release: ReleaseView, view: View): string[] {
  const from = release.from === null ? '' : `${release.from} → `;
  const pieces = [`${release.id}`, `${from}${release.version}`, paint(view, 'bold', release.status)];
  if (release.step !== null && release.status === 'stepping') {
    pieces.push(`step ${release.step.index + 1}/${release.step.of} ${release.step.name}`);
  }
  if (release.ended) {
    // An error is told in full above, with the reason in it.
    if (release.reason !== null && release.reason !== release.error?.message)
      pieces.push(`because: ${release.reason.split('\n', 1)[0]}`);
    return pieces;
  }
  return [...pieces, ...timers(release, view.now)];
}

/** Who is sent to the candidate, for people; null when nobody is. */
export const exposed = (current: ReleaseView): string | null =>
  current.exposed.length === 0 ? null : whom(current.exposed);

function timers(release: ReleaseView, now: number): string[] {
  const endsAt = release.step?.endsAt ?? null;
  if (release.pausedAt === null && endsAt !== null)
    return [`for ${duration(now - release.startedAt)}`, `step ends in ${duration(endsAt - now)}`];
  if (release.pausedAt !== null) return [`paused for ${duration(now - release.pausedAt)}`];
  if (release.windowEndsAt !== null) return [`old side kept for ${duration(release.windowEndsAt - now)}`];
  // A backfill takes as long as it takes.
  if (release.status === 'migrating') return [`for ${duration(now - release.startedAt)}`];
  // The deadline is Teal's and the app's; it does not run while people are waited for, or evidence is.
  if (release.step?.asks === true || release.step?.kind === 'expose')
    return [`for ${duration(now - release.startedAt)}`];
  return [`for ${duration(now - release.startedAt)}`, `deadline in ${duration(release.deadlineAt - now)}`];
}

/** It is done whatever the database makes of it, so that is told before. */
function rollbackRows(app: AppStatus, back: NonNullable<AppStatus['rollback']>, view: View): string[] {
  return [row('rollback', rollback(app, back), view), ...harmLines(back.harm, view)];
}

/** A Teal that is older than its command knows of none. */
function harmLines(harm: string | null | undefined, view: View): string[] {
  const indent = ' '.repeat(labelColumns);
  return harm == null ? [] : [`${indent}${glyph(view, 'warn')} ${wrap(harm, view.width, labelColumns + 2)}`];
}

const queuedRows = ({ version, actor, harm }: NonNullable<AppStatus['queued']>, view: View): string[] => [
  row('queued', [version, `by ${actor}`], view),
  ...harmLines(harm, view),
];

function rollback(app: AppStatus, { to, how }: NonNullable<AppStatus['rollback']>): string[] {
  // Not switched yet: nothing has to go back, there is only a release to be given up.
  if (to === app.version) return ['gives up the release', `${to} stays live`];
  return [`to ${to}`, how === 'instant' ? 'at once: it is still warm' : 'which is started first'];
}

const labelColumns = 12;

function row(label: string, pieces: readonly string[], view: View): string {
  const name = pad(paint(view, 'dim', label), labelColumns - 2);
  return `  ${name}${flow(pieces, '  ', { width: view.width - labelColumns, indent: labelColumns })}`;
}

/** The word itself; the hue only repeats it. */
export function inColour(view: View, colour: Colour): string {
  return paint(view, colour, colour);
}
