/**
 * Every key of teal.yaml once: how it is written, its default, and why. The parser, teal.schema.json and the
 * tables of docs/config.md all come from here, so that they cannot say different things.
 */
import * as v from 'valibot';
import { keys, named, type Leaf } from './leaf.ts';
import { host, pathPrefix, requestPath, status } from './kinds-network.ts';
import { choice, cores, duration, integer, name, orNone, size, text } from './kinds-plain.ts';
import { store } from './kinds-store.ts';
import { command, directory, environmentValue, signal, variableName } from './kinds-process.ts';
import { audiences, identity } from './schema-audience.ts';
import { features } from './schema-features.ts';
import { errorKey } from './kinds-router.ts';
import { key, maybe, needed } from './schema-keys.ts';
import { control } from './schema-control.ts';
import { database } from './schema-database.ts';
import { judge } from './schema-judge.ts';
import { person, release, type test } from './schema-release.ts';
import { router, upstream } from './schema-router.ts';
import { servers } from './schema-static.ts';

const instances = integer(1, 1000);
const memory = orNone(size(1024 ** 2), 'a size such as 512MB', { type: 'string' });
const count = orNone(integer(1, 1_000_000), 'a whole number from 1', { type: 'integer', minimum: 1 });

const limits = keys({
  memory: maybe(
    memory,
    'Memory of one instance. None by default: a limit that nobody chose would kill healthy apps.',
  ),
  cpus: maybe(
    orNone(cores, 'a number of cores such as 0.5', { type: 'number' }),
    'CPU cores of one instance; 0.5 is half of one. None by default.',
  ),
  'open-files': maybe(
    count,
    'Files and sockets one instance may have open. None by default: the limit of the user Teal runs as holds.',
  ),
  processes: maybe(count, 'Processes and threads of one instance. None by default.'),
});

const environment = named(variableName, environmentValue, 'a map from names of variables to values');

const process = keys({
  command: needed(
    command,
    'The program and its arguments; it listens on the port in PORT. A string is split at blanks and quotes, without a shell.',
  ),
  directory: key(
    directory,
    '.',
    'Where the command runs, relative to teal.yaml; {version} stands for the version. The folder of teal.yaml by default. A version put in place by `teal deploy --from` runs in its own folder instead; without {version} every version needs that.',
  ),
  environment: key(
    environment,
    {},
    'Environment variables. A secret is named, as { secret: env:NAME } or { secret: file:/path }, and read when an instance starts. PORT is given by Teal.',
  ),
  instances: key(
    instances,
    1,
    'How many run in each environment. 1 by default: what runs without Teal; more survive the crash of one.',
  ),
  'stop-signal': key(
    signal,
    'SIGTERM',
    'Asks an instance to end, once it is drained. SIGTERM by default: what servers handle.',
  ),
  'stop-deadline': key(
    duration(),
    '10s',
    'It is killed when it has not ended by then. 10s by default: drained before, it has only to close.',
  ),
  limits: key(limits, {}, 'What one instance may use; enforced, or refused with a reason.'),
});

const statusRanges = key(
  status,
  '200-299',
  'Status codes that count as healthy. 200-299 by default: a redirect proves nothing about the app behind it.',
);

const health = keys({
  path: key(
    requestPath,
    '/',
    'Asked with GET on every instance. / by default: every web app answers there. With upstream.protocol h2c, /grpc.health.v1.Health/Check asks as the gRPC health protocol does.',
  ),
  status: statusRanges,
  interval: key(duration(10), '1s', 'Between two checks. 1s by default: quick to notice, cheap to answer.'),
  timeout: key(duration(10), '2s', 'For one check. 2s by default: a user would not wait longer either.'),
  deadline: key(
    duration(10),
    '30s',
    'From start to the first success. 30s by default: enough for most runtimes to load.',
  ),
  fall: key(
    integer(1, 100),
    3,
    'Failures in a row that make a healthy instance unhealthy. 3 by default: one lost check is no outage.',
  ),
});

const roleHealth = keys({
  path: maybe(requestPath, "As in the app's health, which holds for what is left out."),
  status: maybe(status, "As in the app's health."),
  interval: maybe(duration(10), "As in the app's health."),
  timeout: maybe(duration(10), "As in the app's health."),
  deadline: maybe(duration(10), "As in the app's health."),
  fall: maybe(integer(1, 100), "As in the app's health."),
});

const role = keys({
  command: needed(command, 'The program and its arguments, as in run.process.'),
  kind: key(
    choice(['background', 'web']),
    'background',
    'web gets a PORT, health checks and traffic; background gets neither. background by default: the app has its web role already.',
  ),
  'runs-in': maybe(
    choice(['live', 'both']),
    'live: only in the live environment, the old drains before the new starts; both: in each. Background roles run in live by default, so that no job is done twice; web roles always run in both.',
  ),
  directory: maybe(directory, 'As run.process.directory when left out.'),
  environment: key(environment, {}, 'Added to run.process.environment; the same name here wins.'),
  instances: key(instances, 1, 'How many. 1 by default.'),
  'stop-signal': maybe(signal, 'As run.process.stop-signal when left out.'),
  'stop-deadline': maybe(
    duration(),
    'As run.process.stop-deadline when left out. For a worker: the time it needs to finish its job.',
  ),
  limits: key(limits, {}, 'Each limit as in run.process.limits when left out; none takes it away.'),
  hosts: maybe(v.array(host), 'Web roles only. The hosts of the app when left out.'),
  paths: maybe(
    v.array(pathPrefix),
    'Web roles only: the paths that go to this role. / when only hosts are given.',
  ),
  health: maybe(roleHealth, 'Web roles only.'),
});

const drain = keys({
  streams: key(
    choice(['spread', 'drain', 'close']),
    'spread',
    'WebSockets and event streams of the environment that traffic leaves. spread: closed evenly until the deadline; drain: left until the deadline; close: closed at once. spread by default: clients do not all reconnect in one instant.',
  ),
  deadline: key(
    duration(0),
    '30s',
    'What is still open then is cut, counted and reported. 30s by default: longer than almost every request.',
  ),
});

const app = keys({
  hosts: key(v.array(host), [], 'Exact names or *.example.com; [] takes every host. [] by default.'),
  paths: key(
    v.array(pathPrefix),
    ['/'],
    'Path prefixes on segment borders: /app takes /app and /app/x, not /apple. / by default: everything.',
  ),
  run: needed(
    keys({
      process: maybe(process, 'Processes on this machine.'),
      static: maybe(
        servers,
        'Servers that run already: Teal checks their health and sends them traffic, and never starts or stops them. In place of process.',
      ),
    }),
    'How the app runs.',
  ),
  roles: key(
    named(name('a name'), role, 'a map from names of roles to their keys'),
    {},
    'More kinds of process of the same app. Each inherits directory, environment, limits and stop-* of run.process.',
  ),
  identity: key(identity, {}, 'How Teal knows who somebody is.'),
  audiences: key(
    audiences,
    {},
    'Who can be sent to a new version first, each under a name that steps refer to.',
  ),
  features: key(
    features,
    {},
    'Feature flags, each under the name that code asks for; served by OFREP (docs/flags.md).',
  ),
  health: key(health, {}, 'How Teal knows that an instance can take traffic.'),
  release: key(release, {}, 'How a version goes live.'),
  judge: key(
    judge,
    'on',
    'Compares the candidate with live while people are on both, and takes everyone back when it is worse. A map of its keys, on or off. on by default: nobody watches a release as closely.',
  ),
  database: maybe(
    database,
    'One database for both versions: what each version needs of it runs as part of its release (docs/database.md). When left out, releases do nothing with a database.',
  ),
  drain: key(drain, {}, 'What happens to requests in flight when traffic leaves an environment.'),
  upstream: key(upstream, {}, 'How the router speaks to the instances.'),
  errors: key(
    named(errorKey, text('a path such as pages/502.html', 'pages/502.html'), 'a map from statuses to files'),
    {},
    "HTML files, relative to teal.yaml, for what Teal itself answers in the app's place: by maintenance, a status, 4xx or 5xx. Read when teal.yaml is applied, 64KB each at most. {request-id}, {status}, {code} and {message} are filled in. Who asks for JSON gets JSON. None by default: Teal's own page says the same in plain words.",
  ),
  'expose-version-header': key(
    v.boolean(),
    false,
    'Answers say in `x-teal-version` which version they are of. false by default: strangers need not know it.',
  ),
  skew: key(
    choice(['off', 'pin']),
    'off',
    'pin: a page that was opened before a switch gets its scripts, styles, images and fonts from its own version as long as that is warm, by a signed cookie that comes with pages; needs a browser that sends Sec-Fetch-Dest, over https or on localhost. Pages that are opened and calls of an API go where everyone goes. off by default: files whose names never change meaning need none, and it costs a cookie.',
  ),
  preview: key(
    keys({
      expires: key(
        duration(1000),
        '1h',
        'How long a link of `teal preview` works. 1h by default: long enough to try, and a link that leaks is soon worth nothing.',
      ),
    }),
    {},
    'The idle environment before the switch.',
  ),
  keep: key(
    integer(2, 1000),
    5,
    'Versions kept on disk; one that could be rolled back to is never removed. 5 by default.',
  ),
});

/** The whole file. */
export const fileSchema = keys({
  data: key(
    directoryOfData(),
    '.teal',
    'Where Teal keeps its state, relative to teal.yaml. .teal by default: beside the file it belongs to.',
  ),
  store: key(
    store,
    'sqlite',
    'Where the event log is: sqlite (a file in data), or a PostgreSQL database, so that several control planes can share it: env:NAME or file:/path that holds its URL, or a URL without a password. `teal up --store` and TEAL_STORE win over it. sqlite by default: it needs no server, and one control plane is enough for one machine.',
  ),
  router: key(router, {}, 'The router that carries the traffic of all apps.'),
  control: key(control, {}, 'How the control plane is reached from elsewhere, and by whom.'),
  people: key(
    named(name('a name'), v.array(person), 'a map from roles to lists of people'),
    {},
    'Who has which role, for approvals: release-managers: [anna, ben].',
  ),
  groups: key(
    named(name('a name'), v.array(name('a name')), 'a map from names of groups to lists of apps'),
    {},
    'Apps that are released together: `shop: [storefront, api]`. Their versions switch, and go back, in one routing table; each person is on the candidate of all of them or of none. `teal deploy shop v2` deploys all.',
  ),
  apps: needed(named(name('a name'), app, 'a map from names of apps to their keys'), 'The apps, by name.'),
});

function directoryOfData(): Leaf<string> {
  return text('a folder', '.teal');
}

export type FileInput = v.InferOutput<typeof fileSchema>;
export type AppInput = v.InferOutput<typeof app>;
export type ProcessInput = v.InferOutput<typeof process>;
export type ServersInput = v.InferOutput<typeof servers>;
export type RoleInput = v.InferOutput<typeof role>;
export type LimitsInput = v.InferOutput<typeof limits>;
export type TestInput = v.InferOutput<typeof test>;
