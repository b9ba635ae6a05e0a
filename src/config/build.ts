import { dirname, join, resolve } from 'node:path';
import { buildIdentity, buildRule } from './build-audience.ts';
import { buildDatabase } from './build-database.ts';
import { buildFeatures } from './build-features.ts';
import { buildControl } from './build-control.ts';
import { buildJudge } from './build-judge.ts';
import { actorsOf, buildRelease } from './build-release.ts';
import type { App, BalancePolicy, Config, ErrorPage, Health, Limits, Role } from './config.ts';
import type { EnvironmentValue } from './environment-value.ts';
import type { ObserveConfig, TlsConfig } from './router.ts';
import type { StoreConfig } from './kinds-store.ts';
import { routesOfRole } from './routes.ts';
import type { AppInput, FileInput, LimitsInput, ProcessInput, RoleInput, ServersInput } from './schema.ts';

/** The role that `run.process` describes. */
const firstRole = 'web';

/**
 * The typed form of a checked file: paths made absolute from the file's folder, roles completed by what they inherit.
 * @param pages every error page that the file names, by absolute path
 */
export function build(input: FileInput, file: string, pages: ReadonlyMap<string, ErrorPage>): Config {
  const absolute = resolve(file);
  const base = dirname(absolute);
  const { client, 'geo-database': geoDatabase } = input.router;
  const data = resolve(base, input.data);
  const people = actorsOf(input.people);
  const groups = new Map(
    Object.entries(input.groups).flatMap(([group, members]) => members.map((app) => [app, group] as const)),
  );
  return {
    file: absolute,
    data,
    store: buildStore(input.store, base),
    geoDatabase: geoDatabase === undefined ? null : resolve(base, geoDatabase),
    metrics: input.router.metrics ?? null,
    control: buildControl(input, base),
    router: {
      listen: input.router.listen,
      h2c: input.router.h2c,
      workers: input.router.workers,
      trustedProxies: input.router['trusted-proxies'],
      proxyProtocol: input.router['proxy-protocol'],
      tls: buildTls(input.router.tls, base),
      client: {
        headBytes: client['head-bytes'],
        headers: client.headers,
        headTimeoutMs: client['head-timeout'],
        idleTimeoutMs: client['idle-timeout'],
        connections: client.connections,
      },
      observe: buildObserve(input.router, { base, data }),
      exposureMs: input.router['exposure-expires'],
    },
    people,
    apps: Object.fromEntries(
      Object.entries(input.apps).map(([name, app]) => [
        name,
        buildApp(name, app, { base, pages, people, groups }),
      ]),
    ),
  };
}

/** @param base the folder of teal.yaml */
function buildStore(store: StoreConfig, base: string): StoreConfig {
  return store.kind === 'secret' && store.source === 'file'
    ? { ...store, name: resolve(base, store.name) }
    : store;
}

/** Beside the log of the router process. */
const ownAccessLog = 'router/access.log';

function buildObserve(
  router: FileInput['router'],
  { base, data }: { readonly base: string; readonly data: string },
): ObserveConfig {
  const log = router['access-log'];
  return {
    accessLog:
      log === 'none'
        ? null
        : {
            file: log === 'logs' ? join(data, ownAccessLog) : resolve(base, log),
            query: router['access-log-query'],
            maxBytes: router['access-log-size'],
            keep: router['access-log-keep'],
          },
    serverTiming: router['server-timing'],
    trace: router.trace === 'on',
  };
}

interface Place {
  readonly base: string;
  readonly pages: ReadonlyMap<string, ErrorPage>;
  readonly people: Config['people'];
  /** By app. */
  readonly groups: ReadonlyMap<string, string>;
}

function buildTls(tls: FileInput['router']['tls'], base: string): TlsConfig | null {
  if (tls === undefined) return null;
  const clients = tls['client-certificates'];
  return {
    listen: tls.listen,
    certificates: tls.certificates.map(({ certificate, key }) => ({
      certificate: resolve(base, certificate),
      key: resolve(base, key),
    })),
    minVersion: tls['min-version'],
    clientCertificates: clients === undefined ? null : { ca: resolve(base, clients.ca), mode: clients.mode },
    http2: tls.http2,
    redirect: tls.redirect,
    acme: tls.acme ?? null,
    hstsSeconds: tls.hsts,
  };
}

function buildApp(name: string, app: AppInput, { base, pages, people, groups }: Place): App {
  const { drain, upstream, judge, database } = app;
  const group = groups.get(name);
  return {
    name,
    hosts: app.hosts,
    paths: app.paths,
    roles: rolesOf(app, base),
    identity: buildIdentity(app.identity, base),
    audiences: Object.fromEntries(
      Object.entries(app.audiences).map(([audience, rule]) => [audience, buildRule(rule, app.identity)]),
    ),
    // Left out where there are none: so it is recorded of apps that have never had any.
    ...(Object.keys(app.features).length === 0 ? {} : { features: buildFeatures(app.features, name) }),
    release: buildRelease(app.release, { people, judge }),
    judge: buildJudge(judge, base),
    ...(database === undefined ? {} : { database: buildDatabase(database, base) }),
    drain: { streams: drain.streams, deadlineMs: drain.deadline },
    upstream: {
      connectTimeoutMs: upstream['connect-timeout'],
      responseTimeoutMs: upstream['response-timeout'],
      idleTimeoutMs: upstream['idle-timeout'],
      keepAliveMs: upstream['keep-alive'],
      maxBodyBytes: upstream['max-body'],
      balance: buildBalance(upstream),
      protocol: upstream.protocol,
      totalTimeoutMs: upstream['total-timeout'],
    },
    errors: Object.fromEntries(
      Object.entries(app.errors).map(([key, named]) => {
        const file = resolve(base, named);
        return [key, pages.get(file) ?? { file, html: '' }];
      }),
    ),
    exposeVersion: app['expose-version-header'],
    skew: app.skew,
    ...(group === undefined ? {} : { group }),
    preview: { expiresMs: app.preview.expires },
    keep: app.keep,
  };
}

function buildBalance(upstream: AppInput['upstream']): BalancePolicy {
  const { queue, eject } = upstream;
  return {
    maxInFlight: upstream['max-in-flight'],
    queue: { size: queue.size, timeoutMs: queue.timeout },
    slowStartMs: upstream['slow-start'],
    ejection:
      eject.after === null
        ? null
        : {
            failures: eject.after,
            timeMs: eject.for,
            longestMs: eject['at-most'],
            appErrors: eject['app-errors'] === 'count',
          },
    sticky: upstream.sticky !== null,
  };
}

function rolesOf(app: AppInput, base: string): readonly Role[] {
  const { process, static: servers } = app.run;
  // Checked before: one of the two is there, and further roles only beside processes.
  if (process === undefined) return servers === undefined ? [] : [originRole(app, servers, base)];
  const further = Object.entries(app.roles);
  return [
    webRole(app, process, base),
    ...further.map(([name, role]) => furtherRole(app, process, { name, role, base })),
  ];
}

function webRole(app: AppInput, process: ProcessInput, base: string): Role {
  return {
    name: firstRole,
    kind: 'web',
    runsIn: 'both',
    command: process.command,
    directory: resolve(base, process.directory),
    environment: buildEnvironment(process.environment, base),
    instances: process.instances,
    stop: { signal: process['stop-signal'], deadlineMs: process['stop-deadline'] },
    limits: buildLimits({}, process.limits),
    hosts: app.hosts,
    paths: app.paths,
    health: buildHealth(app, {}),
  };
}

/** Nothing of it is started; tests that are commands run beside teal.yaml. */
function originRole(app: AppInput, { versions, addresses }: ServersInput, base: string): Role {
  return {
    name: firstRole,
    kind: 'web',
    runsIn: 'both',
    command: [],
    directory: base,
    environment: {},
    instances: 1,
    origins: { versions, addresses },
    stop: { signal: 'SIGTERM', deadlineMs: 0 },
    limits: buildLimits({}, {}),
    hosts: app.hosts,
    paths: app.paths,
    health: buildHealth(app, {}),
  };
}

interface Further {
  readonly name: string;
  readonly role: RoleInput;
  readonly base: string;
}

function furtherRole(app: AppInput, process: ProcessInput, { name, role, base }: Further): Role {
  const web = role.kind === 'web';
  const routes = web ? routesOfRole(app, role) : { hosts: [], paths: [] };
  return {
    name,
    kind: role.kind,
    runsIn: role['runs-in'] ?? (web ? 'both' : 'live'),
    command: role.command,
    directory: resolve(base, role.directory ?? process.directory),
    environment: buildEnvironment({ ...process.environment, ...role.environment }, base),
    instances: role.instances,
    stop: stopOf(process, role),
    limits: buildLimits(process.limits, role.limits),
    hosts: routes.hosts,
    paths: routes.paths,
    health: web ? buildHealth(app, role.health ?? {}) : null,
  };
}

function stopOf(process: ProcessInput, role: RoleInput): Role['stop'] {
  return {
    signal: role['stop-signal'] ?? process['stop-signal'],
    deadlineMs: role['stop-deadline'] ?? process['stop-deadline'],
  };
}

function buildEnvironment(
  values: ProcessInput['environment'],
  base: string,
): Readonly<Record<string, EnvironmentValue>> {
  const absolute = (value: EnvironmentValue): EnvironmentValue =>
    value.kind === 'secret' && value.source === 'file'
      ? { ...value, name: resolve(base, value.name) }
      : value;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, absolute(value)]));
}

/** Null (none) is a choice of its own: only a key that is left out is inherited. */
function buildLimits(inherited: LimitsInput, own: LimitsInput): Limits {
  const pick = (key: keyof LimitsInput): number | null => {
    const value = own[key] === undefined ? inherited[key] : own[key];
    return value ?? null;
  };
  return {
    memoryBytes: pick('memory'),
    cpus: pick('cpus'),
    openFiles: pick('open-files'),
    processes: pick('processes'),
  };
}

function buildHealth({ health: app, upstream }: AppInput, own: NonNullable<RoleInput['health']>): Health {
  return {
    // Left out where it is HTTP/1: what is recorded of running instances looks like that, and must not seem changed.
    ...(upstream.protocol === 'h2c' ? { protocol: upstream.protocol } : {}),
    path: own.path ?? app.path,
    status: own.status ?? app.status,
    intervalMs: own.interval ?? app.interval,
    timeoutMs: own.timeout ?? app.timeout,
    deadlineMs: own.deadline ?? app.deadline,
    fall: own.fall ?? app.fall,
  };
}
