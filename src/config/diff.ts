import { createHash } from 'node:crypto';
import { joinCommand } from './command-line.ts';
import { audienceKeys } from './diff-audience.ts';
import { databaseKeys } from './diff-database.ts';
import { metricKeys } from './diff-metrics.ts';
import type { App, BalancePolicy, JudgePolicy, Origins, Role } from './config.ts';
import type { ExposePolicy, StepPolicy, Test, WindowPolicy } from './release.ts';
import type { EnvironmentValue } from './environment-value.ts';
import type { ListenAddress } from './router.ts';
import { plainBalance } from './config.ts';
import { featuresOf, featureText } from './features.ts';
import { looksSecret } from './problem.ts';
import { formatDuration, formatSize } from './units.ts';

/** One key of an app that is not as it was, as a person reads it in teal.yaml. */
export interface ConfigDifference {
  /** Below the app: `run.process.instances`, `roles.worker.command`; empty for the app itself. */
  readonly path: string;
  /** Null: was not there. */
  readonly before: string | null;
  /** Null: is not there any more. */
  readonly after: string | null;
  readonly effect: 'now' | 'next release';
}

type Keys = ReadonlyMap<string, string>;

/**
 * What changed between two settings of an app, in the order of teal.yaml. What a role inherits is told once, where it
 * is written. Values that may be secret are never shown.
 */
export function diffConfig(before: App | null, after: App | null): readonly ConfigDifference[] {
  if (before === null || after === null) return whole(before, after);
  const roles = [...new Set([...before.roles, ...after.roles].map((role) => role.name))];
  return [
    ...compare(ofApp(before), ofApp(after)),
    ...roles.flatMap((name, index) =>
      index === 0 ? compare(ofWeb(before), ofWeb(after)) : ofRole(name, before, after),
    ),
  ];
}

function whole(before: App | null, after: App | null): readonly ConfigDifference[] {
  if (before === after) return [];
  const effect = after === null ? 'now' : 'next release';
  return [{ path: '', before: told(before?.roles[0]), after: told(after?.roles[0]), effect }];
}

const told = (role: Role | undefined): string | null =>
  role === undefined ? null : joinCommand(role.command);

function compare(before: Keys, after: Keys): readonly ConfigDifference[] {
  const paths = new Set([...after.keys(), ...before.keys()]);
  return [...paths]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => ({
      path,
      before: shown(path, before.get(path) ?? null),
      after: shown(path, after.get(path) ?? null),
      effect: effectOf(path),
    }));
}

/**
 * Routing follows teal.yaml at once, and so does how the database is worked at; what a process is started with, how a release goes, and
 * which migration is a version's, follow with the next one.
 */
function effectOf(path: string): ConfigDifference['effect'] {
  const process =
    /^(?:run|health|roles|release|judge|identity|audiences|group|database\.(?:migrations|rollback))(?:\.|$)/.test(
      path,
    ) && !/^roles\.[^.]+\.(?:hosts|paths)$/.test(path);
  return process ? 'next release' : 'now';
}

const plain = 'a plain value (not shown)';

function shown(path: string, value: string | null): string | null {
  // A header that is not named as a secret may be one all the same.
  const secret = path.includes('.headers.') || (path.includes('environment.') && looksSecret(path));
  if (secret && value !== null && !value.startsWith('secret ')) return plain;
  return value !== null && value.length > 80 ? `${value.slice(0, 79)}…` : value;
}

function ofApp(app: App): Keys {
  const { release, drain, upstream } = app;
  return new Map([
    ['hosts', list(app.hosts)],
    ['paths', list(app.paths)],
    ...audienceKeys(app),
    ...Object.entries(featuresOf(app)).map(([name, feature]): [string, string] => [
      `features.${name}`,
      featureText(feature),
    ]),
    ['release.strategy', release.strategy],
    ...release.tests.map((test, index): [string, string] => [`release.tests[${index}]`, describe(test)]),
    ...release.steps.map((step, index): [string, string] => [`release.steps[${index}]`, describeStep(step)]),
    ['release.cohort', release.cohort],
    ['release.windows', list(release.windows.open.map(describeWindow))],
    ['release.holidays', list(release.windows.holidays)],
    ['release.promote', promote(release.promote)],
    ['release.preview-instances', `${release.previewInstances}`],
    ['release.deadline', formatDuration(release.deadlineMs)],
    ['release.rollback-window', formatDuration(release.rollbackWindowMs)],
    ...judgeKeys(app.judge ?? null),
    ...metricKeys(app),
    ...databaseKeys(app),
    ['drain.streams', drain.streams],
    ['drain.deadline', formatDuration(drain.deadlineMs)],
    ['upstream.connect-timeout', formatDuration(upstream.connectTimeoutMs)],
    ['upstream.response-timeout', formatDuration(upstream.responseTimeoutMs)],
    ['upstream.idle-timeout', formatDuration(upstream.idleTimeoutMs)],
    ['upstream.keep-alive', formatDuration(upstream.keepAliveMs)],
    ['upstream.max-body', upstream.maxBodyBytes === null ? 'none' : formatSize(upstream.maxBodyBytes)],
    ...balanceKeys(upstream.balance ?? plainBalance),
    [
      'upstream.total-timeout',
      upstream.totalTimeoutMs == null ? 'none' : formatDuration(upstream.totalTimeoutMs),
    ],
    ...Object.entries(app.errors ?? {}).map(([key, page]): [string, string] => [
      `errors.${key}`,
      `${page.file} (${fingerprint(page.html)})`,
    ]),
    ['expose-version-header', `${app.exposeVersion ?? false}`],
    ['group', app.group ?? 'none'],
    ['skew', app.skew ?? 'off'],
    ['preview.expires', formatDuration(app.preview.expiresMs)],
    ['keep', `${app.keep}`],
  ]);
}

function balanceKeys(balance: BalancePolicy): readonly [string, string][] {
  const { queue, ejection } = balance;
  const none = (value: number | null, text: (value: number) => string): string =>
    value === null ? 'none' : text(value);
  return [
    ['upstream.max-in-flight', none(balance.maxInFlight, String)],
    ['upstream.queue.size', `${queue.size}`],
    ['upstream.queue.timeout', formatDuration(queue.timeoutMs)],
    ['upstream.slow-start', none(balance.slowStartMs, formatDuration)],
    ['upstream.eject.after', none(ejection?.failures ?? null, String)],
    ['upstream.eject.for', none(ejection?.timeMs ?? null, formatDuration)],
    ['upstream.eject.at-most', none(ejection?.longestMs ?? null, formatDuration)],
    ['upstream.eject.app-errors', ejection?.appErrors === true ? 'count' : 'ignore'],
    ['upstream.sticky', balance.sticky ? 'cookie' : 'none'],
  ];
}

function ofWeb(app: App): Keys {
  const [web] = app.roles;
  if (web === undefined) return new Map();
  const entries = web.origins === undefined ? [...processKeys(web)] : originKeys(web.origins);
  const below = web.origins === undefined ? 'run.process' : 'run.static';
  const run = entries.map(([key, value]): [string, string] => [`${below}.${key}`, value]);
  return new Map([...run, ...healthKeys(web)]);
}

function originKeys({ versions, addresses }: Origins): readonly [string, string][] {
  const written = (all: readonly ListenAddress[]): string =>
    list(all.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`));
  return [
    ...Object.entries(versions).map(([name, all]): [string, string] => [`versions.${name}`, written(all)]),
    ['addresses', written(addresses)],
  ];
}

function ofRole(name: string, before: App, after: App): readonly ConfigDifference[] {
  const [was, is] = [before, after].map((app) => app.roles.find((role) => role.name === name));
  const path = `roles.${name}`;
  if (was === undefined || is === undefined) {
    return [{ path, before: told(was), after: told(is), effect: 'next release' }];
  }
  const inherited = new Map(
    [...compare(inheritable(before), inheritable(after))].map(({ path: key, ...change }) => [key, change]),
  );
  return compare(roleKeys(was), roleKeys(is))
    .filter((change) => {
      const same = inherited.get(change.path);
      return same === undefined || same.before !== change.before || same.after !== change.after;
    })
    .map(({ path: key, before: old, after: now }) => {
      const full = `${path}.${key}`;
      return { path: full, before: old, after: now, effect: effectOf(full) };
    });
}

/** What other roles take from `run.process` and the app when they leave it out. */
function inheritable(app: App): Keys {
  const [web] = app.roles;
  return web === undefined ? new Map() : roleKeys(web);
}

function roleKeys(role: Role): Keys {
  const routes: readonly [string, string][] =
    role.kind === 'web'
      ? [
          ['hosts', list(role.hosts)],
          ['paths', list(role.paths)],
        ]
      : [];
  return new Map([
    ['kind', role.kind],
    ['runs-in', role.runsIn],
    ...processKeys(role),
    ...routes,
    ...healthKeys(role),
  ]);
}

function processKeys(role: Role): Keys {
  const { memoryBytes, cpus, openFiles, processes } = role.limits;
  return new Map([
    ['command', joinCommand(role.command)],
    ['directory', role.directory],
    ...Object.entries(role.environment).map(([name, value]): [string, string] => [
      `environment.${name}`,
      variable(value),
    ]),
    ['instances', `${role.instances}`],
    ['stop-signal', role.stop.signal],
    ['stop-deadline', formatDuration(role.stop.deadlineMs)],
    ['limits.memory', memoryBytes === null ? 'none' : formatSize(memoryBytes)],
    ['limits.cpus', `${cpus ?? 'none'}`],
    ['limits.open-files', `${openFiles ?? 'none'}`],
    ['limits.processes', `${processes ?? 'none'}`],
  ]);
}

function healthKeys({ health }: Role): Keys {
  if (health === null) return new Map();
  return new Map([
    ['health.path', health.path],
    ['health.status', statuses(health.status)],
    ['health.interval', formatDuration(health.intervalMs)],
    ['health.timeout', formatDuration(health.timeoutMs)],
    ['health.deadline', formatDuration(health.deadlineMs)],
    ['health.fall', `${health.fall}`],
  ]);
}

function variable(value: EnvironmentValue): string {
  return value.kind === 'secret' ? `secret ${value.source}:${value.name}` : JSON.stringify(value.value);
}

function statuses(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(', ');
}

/** Tells one content of a page from the next. */
function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function list(values: readonly string[]): string {
  return `[${values.join(', ')}]`;
}

function promote(policy: App['release']['promote']): string {
  if (policy.kind === 'manual') return 'manual';
  return policy.afterMs === 0 ? 'auto' : `after ${formatDuration(policy.afterMs)}`;
}

function describe(test: Test): string {
  const within = `within ${formatDuration(test.timeoutMs)}`;
  if (test.kind === 'command') return `${test.name}: ${test.command}, ${within}`;
  const contains = test.contains === null ? '' : ` containing ${JSON.stringify(test.contains)}`;
  return `${test.name}: ${test.method} ${test.path} gives ${statuses(test.status)}${contains}, ${within}`;
}

function describeStep(step: StepPolicy): string {
  switch (step.kind) {
    case 'test':
      return `test ${step.test}`;
    case 'warm':
      return `warm ${list(step.paths)} ${step.count} times`;
    case 'wait':
      return `wait ${formatDuration(step.ms)}`;
    case 'expose': {
      const share = step.percent === null ? '' : `${step.percent} % of `;
      const people = step.to.length === 0 ? 'everyone' : step.to.join(', ');
      return `expose to ${share}${people} for ${formatDuration(step.forMs)}${describeJudge(step)}`;
    }
    case 'mirror': {
      const share = step.percent === null ? '' : `${step.percent} % of `;
      const whose = step.of.length === 0 ? 'requests' : `requests of ${step.of.join(', ')}`;
      const limits = `given up after ${formatDuration(step.timeoutMs)}, with bodies up to ${formatSize(step.maxBodyBytes)}`;
      return `mirror ${share}${whose} for ${formatDuration(step.forMs)}: ${step.methods.join(', ')}, ${limits}`;
    }
    case 'approve': {
      const by = step.by === null ? 'anyone' : (step.role ?? step.by.join(', '));
      const expires =
        step.expiresMs === null ? '' : `, else ${step.onExpiry} after ${formatDuration(step.expiresMs)}`;
      return `approve by ${by}${step.fourEyes ? ' with four eyes' : ''}${expires}`;
    }
  }
}

function describeJudge({ judge = 'off', atMostMs = 0, withoutEvidence = 'ask' }: ExposePolicy): string {
  if (judge !== 'on') return judge === 'hold' ? ', held by the judge' : '';
  return ` at least, until it is safe, else ${withoutEvidence} after ${formatDuration(atMostMs)}`;
}

function judgeKeys(judge: JudgePolicy | null): readonly [string, string][] {
  if (judge === null) return [['judge', 'off']];
  const limits = Object.entries(judge.limits).map(([metric, limit]) => `${metric}: ${limit}`);
  return [
    ['judge', 'on'],
    ['judge.tick', formatDuration(judge.tickMs)],
    ['judge.alpha', `${judge.alpha}`],
    ['judge.beta', `${judge.beta}`],
    ['judge.limit', list(limits)],
  ];
}

function describeWindow({ days, fromMinute, toMinute, zone }: WindowPolicy): string {
  const clock = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const names = days.map((each) => ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][each]);
  return `${names.join(' ')} ${clock(fromMinute)}-${clock(toMinute)} ${zone}`;
}
