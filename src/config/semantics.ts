import type { Finding } from './finding.ts';
import { looksSecret, show, type Path } from './problem.ts';
import { conflicts } from './routes.ts';
import type { AppInput, FileInput, ProcessInput, RoleInput } from './schema.ts';
import { controlOf } from './semantics-control.ts';
import { audiencesOf } from './semantics-audience.ts';
import { databaseOf } from './semantics-database.ts';
import { featuresOf } from './semantics-features.ts';
import { groupsOf } from './semantics-group.ts';
import { judgeOf } from './semantics-judge.ts';
import { metricsOf } from './semantics-metrics.ts';
import { stepsOf } from './semantics-release.ts';
import { runsOf } from './semantics-static.ts';
import { formatDuration } from './units.ts';

/** What is wrong, or doubtful, with values that are each right. Nothing is told that rests on a `broken` path. */
export function meaning(file: FileInput, broken: readonly Path[]): readonly Finding[] {
  const found = [
    ...listening(file),
    ...controlOf(file),
    ...Object.entries(file.apps).flatMap(([name, app]) => [
      ...ofApp(['apps', name], app, file),
      ...audiencesOf(['apps', name], app, file),
      ...featuresOf(['apps', name], app, file),
      ...places(['apps', name], app, file.router.workers),
    ]),
    ...conflicts(file.apps),
    ...groupsOf(file),
  ];
  return found.filter(
    (one) => ![one.path, ...one.others, ...(one.rests ?? [])].some((path) => touches(path, broken)),
  );
}

/** On the way to a broken path, or below one. */
function touches(path: Path, broken: readonly Path[]): boolean {
  return broken.some((other) => {
    const shorter = Math.min(path.length, other.length);
    return path.slice(0, shorter).every((part, index) => part === other[index]);
  });
}

function error(
  path: Path,
  what: Pick<Finding, 'expected' | 'got' | 'remedy'>,
  others: readonly Path[] = [],
): Finding {
  return { severity: 'error', path, others, ...what };
}

function listening(file: FileInput): readonly Finding[] {
  const { listen, h2c, tls } = file.router;
  const found: Finding[] = [];
  if (listen.length === 0) {
    const remedy = 'write 127.0.0.1:8080: the tests of a release come in by it, also where all else is https';
    found.push(
      error(['router', 'listen'], { expected: 'at least one address', got: 'an empty list', remedy }),
    );
  }
  const seen = new Map<string, Path>();
  found.push(...twice(listen, ['router', 'listen'], seen), ...twice(h2c, ['router', 'h2c'], seen));
  if (tls !== undefined) found.push(...encryption(tls, seen));
  return [...found, ...measured(file, seen)];
}

/** Names of apps and versions, and how busy they are, are nobody's business elsewhere. */
function measured({ router: { metrics } }: FileInput, seen: Map<string, Path>): readonly Finding[] {
  if (metrics === undefined) return [];
  const path = ['router', 'metrics'];
  const found = twice([metrics], path, seen);
  if (/^(?:127\.|::1$|localhost$)/.test(metrics.host)) return found;
  const remedy = 'write 127.0.0.1:9100, and let a proxy with a login stand before it';
  return [...found, error(path, { expected: 'an address of this machine', got: metrics.host, remedy })];
}

type Tls = NonNullable<FileInput['router']['tls']>;

function encryption(tls: Tls, seen: Map<string, Path>): readonly Finding[] {
  const path = ['router', 'tls'];
  const found = [...twice(tls.listen, [...path, 'listen'], seen)];
  for (const list of ['listen', 'certificates'] as const) {
    if (tls[list].length > 0) continue;
    found.push(
      error([...path, list], {
        expected: 'at least one',
        got: 'an empty list',
        remedy: 'add one, or remove tls',
      }),
    );
  }
  return found;
}

function twice(listen: Tls['listen'], path: Path, seen: Map<string, Path>): readonly Finding[] {
  const found: Finding[] = [];
  for (const { host, port } of listen) {
    const address = `${host}:${port}`;
    const first = seen.get(address);
    // Port 0 is any free port, so two of them are two ports.
    if (first !== undefined && port !== 0) {
      const others = first === path ? [] : [first];
      const what = { expected: 'each address once', got: `${address} twice`, remedy: 'name it once' };
      found.push(error(path, what, others));
    }
    seen.set(address, path);
  }
  return found;
}

function ofApp(path: Path, app: AppInput, file: FileInput): readonly Finding[] {
  return [
    ...stepsOf(path, app, file),
    ...judgeOf(path, app),
    ...metricsOf([...path, 'judge', 'metrics'], app.judge?.metrics ?? []),
    ...databaseOf(path, app),
    ...times(path, app),
    ...testNames(path, app),
    ...runsOf(path, app),
    ...environment([...path, 'run', 'process', 'environment'], app.run.process?.environment ?? {}, true),
    ...Object.entries(app.roles).flatMap(([name, role]) => ofRole([...path, 'roles', name], name, role)),
    ...Object.entries(app.roles).flatMap(([name, role]) => roleHealth(path, app, name, role)),
  ];
}

/** Each worker has its own part of the places at an instance, and one without any could answer nobody. */
function places(path: Path, { upstream }: AppInput, workers: number): readonly Finding[] {
  const most = upstream['max-in-flight'];
  if (most === null || most >= workers) return [];
  const at = [...path, 'upstream', 'max-in-flight'];
  const expected = `none, or at least router.workers (${workers})`;
  const remedy = 'raise it, or lower router.workers: they divide it among them';
  return [error(at, { expected, got: `${most}`, remedy }, [['router', 'workers']])];
}

interface Order {
  readonly path: Path;
  readonly ms: number;
  readonly than: Path;
  readonly thanMs: number;
  readonly orEqual?: true;
  readonly because: string;
}

/** The first has to end before the second, or it would never take effect. */
function before({ path, ms, than, thanMs, orEqual, because }: Order): readonly Finding[] {
  if (ms < thanMs || (orEqual === true && ms === thanMs)) return [];
  const expected = `${orEqual === true ? 'at most' : 'less than'} ${than.slice(2).join('.')} (${formatDuration(thanMs)})`;
  return [error(path, { expected, got: formatDuration(ms), remedy: because }, [than])];
}

function times(path: Path, app: AppInput): readonly Finding[] {
  const { health, release, upstream } = app;
  const at = (...keys: string[]): Path => [...path, ...keys];
  const whole = release.promote.kind === 'auto' ? release.promote.afterMs : 0;
  return [
    ...checks(at('health'), health),
    ...before({
      path: at('health', 'deadline'),
      ms: health.deadline,
      than: at('release', 'deadline'),
      thanMs: release.deadline,
      because: 'raise release.deadline: it holds for the start and the tests together',
    }),
    ...before({
      path: at('release', 'promote'),
      ms: whole,
      than: at('release', 'deadline'),
      thanMs: release.deadline,
      because: 'raise release.deadline: the release would abort before it goes live',
    }),
    ...before({
      path: at('upstream', 'response-timeout'),
      ms: upstream['response-timeout'],
      than: at('upstream', 'idle-timeout'),
      thanMs: upstream['idle-timeout'],
      // Either may end it.
      orEqual: true,
      because: `raise upstream.idle-timeout to ${formatDuration(upstream['response-timeout'])}: no byte flows while the app thinks`,
    }),
    ...before({
      path: at('upstream', 'eject', 'for'),
      ms: upstream.eject.for,
      than: at('upstream', 'eject', 'at-most'),
      thanMs: upstream.eject['at-most'],
      orEqual: true,
      because: 'raise eject.at-most: it is the longest time',
    }),
  ];
}

function checks(
  path: Path,
  health: { readonly interval: number; readonly timeout: number; readonly deadline: number },
): readonly Finding[] {
  const than = [...path, 'deadline'];
  const thanMs = health.deadline;
  return [
    ...before({
      path: [...path, 'timeout'],
      ms: health.timeout,
      than,
      thanMs,
      because: 'lower timeout: one slow check would use up the whole deadline',
    }),
    ...before({
      path: [...path, 'interval'],
      ms: health.interval,
      than,
      thanMs,
      because: 'lower interval: there would be no second check before the deadline',
    }),
  ];
}

function roleHealth(path: Path, app: AppInput, name: string, role: RoleInput): readonly Finding[] {
  if (role.health === undefined) return [];
  const { interval, timeout, deadline } = app.health;
  const own = role.health;
  return checks([...path, 'roles', name, 'health'], {
    interval: own.interval ?? interval,
    timeout: own.timeout ?? timeout,
    deadline: own.deadline ?? deadline,
  });
}

function testNames(path: Path, app: AppInput): readonly Finding[] {
  const seen = new Map<string, Path>();
  const found: Finding[] = [];
  for (const [index, test] of app.release.tests.entries()) {
    if (test.name === undefined) continue;
    const here = [...path, 'release', 'tests', index, 'name'];
    const first = seen.get(test.name);
    if (first === undefined) seen.set(test.name, here);
    else {
      const got = `${show(test.name)} again`;
      found.push(
        error(here, { expected: 'a name of its own for each test', got, remedy: 'give it another name' }, [
          first,
        ]),
      );
    }
  }
  return found;
}

function environment(path: Path, values: ProcessInput['environment'], web: boolean): readonly Finding[] {
  const found: Finding[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (name === 'PORT' && web) {
      const remedy =
        'remove it: two instances cannot share a port; a program that wants another name gets it from [sh, -c, …]';
      found.push(error([...path, name], { expected: 'PORT to be given by Teal', got: 'PORT', remedy }));
    }
    if (value.kind === 'plain' && value.value !== '' && looksSecret(name)) {
      found.push({
        severity: 'warning',
        path: [...path, name],
        others: [],
        expected: 'a secret to be named, not written',
        got: 'a plain value (not shown)',
        remedy: `if it is secret, write { secret: env:${name} }`,
      });
    }
  }
  return found;
}

const webOnly = ['hosts', 'paths', 'health'] as const;

function ofRole(path: Path, name: string, role: RoleInput): readonly Finding[] {
  const found: Finding[] = [];
  const web = role.kind === 'web';
  if (name === 'web') {
    const remedy = 'rename it: web is the role that run.process describes';
    found.push({ ...error(path, { expected: 'another name', got: '"web"', remedy }), of: 'key' });
  }
  for (const key of webOnly) {
    if (web || role[key] === undefined) continue;
    const remedy = `remove it, or add kind: web`;
    const expected = `no ${key} for a background role`;
    const more = { of: 'key', rests: [[...path, 'kind']] } as const;
    found.push({ ...error([...path, key], { expected, got: key, remedy }), ...more });
  }
  if (web && role.hosts === undefined && role.paths === undefined) {
    const expected = 'paths or hosts that go to this role';
    const remedy = `add paths: [/${name}]`;
    found.push({ ...error(path, { expected, got: 'neither', remedy }), of: 'key' });
  }
  if (web && role['runs-in'] === 'live') {
    const remedy = 'remove it: a web role is tested in the idle environment before it goes live';
    found.push(error([...path, 'runs-in'], { expected: 'both for a web role', got: '"live"', remedy }));
  }
  return [...found, ...environment([...path, 'environment'], role.environment, web)];
}
