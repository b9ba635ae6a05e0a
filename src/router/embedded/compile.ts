import { TealError } from '../../errors.ts';
import type { Colour } from '../../release/state.ts';
import { colours } from '../../release/state.ts';
import { compileAudience, noSources, type CompiledAudience, type FactSources } from './audience.ts';
import { signingKeys, type AppTable, type EnvironmentTable, type RoutingTable } from '../table.ts';
import { compileFlags } from './flags/compiled.ts';
import type { CompiledApp, CompiledEnvironment, CompiledRoute, CompiledTable } from './compiled-table.ts';
import { compilePages } from './error-pages.ts';
import type { Counts, EndpointState } from './endpoint.ts';
import type { EndpointGroup } from './group.ts';
import { compileGroup } from './group.ts';
import { skewOf, type Skew } from './skew.ts';
import { compileMirror } from './mirror/mirror.ts';
import { compileJudging } from './judging.ts';
import type { Registry } from './registry.ts';
import { compileTogether, groupLine } from './together.ts';

/**
 * Compiles a table against the endpoints a worker already knows.
 * @throws TealError `table-refused` when two apps claim the same host and path, or a value could not be sent as a header
 */
export const compileTable = (
  table: RoutingTable,
  registry: Registry,
  sources: FactSources = noSources,
): CompiledTable =>
  indexed(
    table.generation,
    table.apps.map((app) => compilePart(app, table.generation, { registry, sources })),
  );

/** A table of apps that have been compiled. @throws TealError `table-refused` when two of them claim the same host and path */
export function indexed(generation: number, parts: readonly AppParts[]): CompiledTable {
  const apps = new Map<string, CompiledApp>();
  const hosts = new Map<string, CompiledRoute[]>();
  const claimed = new Map<string, CompiledRoute>();
  const ids = new Set<string>();
  for (const part of parts) {
    apps.set(part.name, part.app);
    for (const id of part.ids) ids.add(id);
    for (const [host, routes] of part.hosts) {
      for (const route of routes) refuseTwice(claimed, route, host);
      const known = hosts.get(host);
      if (known === undefined) hosts.set(host, [...routes]);
      else known.push(...routes);
    }
  }
  for (const routes of hosts.values()) if (routes.length > 1) routes.sort(longestFirst);
  const exact = new Map<string, readonly CompiledRoute[]>();
  const wildcard = new Map<string, readonly CompiledRoute[]>();
  for (const [host, routes] of hosts) {
    if (host.startsWith('*.')) wildcard.set(host.slice(2), routes);
    else if (host !== '*') exact.set(host, routes);
  }
  return {
    generation,
    apps,
    exact,
    wildcard,
    any: hosts.get('*') ?? [],
    endpointIds: ids,
    expired: [...apps.values()].some(({ audience }) => audience?.table.release?.expired === true),
  };
}

/** One app of a table. @throws TealError `table-refused`, which names the app */
export function compilePart(
  source: AppTable,
  generation: number,
  tools: { readonly registry: Registry; readonly sources: FactSources },
): AppParts {
  try {
    return compileApp(source, source.since ?? generation, tools);
  } catch (cause) {
    if (!(cause instanceof TealError) || cause.code !== 'table-refused') throw cause;
    const { message, remedy, details } = cause;
    throw new TealError(cause.code, message, { remedy, details: { ...details, app: source.app }, cause });
  }
}

/** An app, compiled, and what a table needs to know of it. */
export interface AppParts {
  readonly name: string;
  readonly app: CompiledApp;
  readonly ids: readonly string[];
  readonly hosts: ReadonlyMap<string, readonly CompiledRoute[]>;
}

function compileApp(
  source: AppTable,
  generation: number,
  { registry, sources }: { readonly registry: Registry; readonly sources: FactSources },
): AppParts {
  const routes: CompiledRoute[] = [];
  const pages = compilePages(source.errors ?? {});
  const skew = compileSkew(source);
  const audience = compileAudience(source, sources);
  const judging = compileJudging(source, audience, { generation, taps: registry.taps });
  const together = compileTogether(source);
  const parts = { registry, pages, skew, judging, together };
  const app: CompiledApp = {
    name: source.app,
    live: source.live,
    environments: withMirror(source, audience, {
      blue: compileEnvironment(source, 'blue', parts),
      green: compileEnvironment(source, 'green', parts),
    }),
    maintenance: source.maintenance,
    keys: new Map(signingKeys(source).map(({ id, key }) => [id, key])),
    audience,
    upstream: source.upstream,
    pages,
    skew,
    judging,
    together,
    flags: compileFlags(source),
    routes,
  };
  const hosts = new Map<string, CompiledRoute[]>();
  for (const route of source.routes) {
    for (const path of route.paths.length === 0 ? ['/'] : route.paths) {
      const compiled = { path: trimSlash(path), role: route.role, app };
      routes.push(compiled);
      for (const host of route.hosts.length === 0 ? ['*'] : route.hosts) {
        const key = host.toLowerCase();
        const list = hosts.get(key) ?? [];
        list.push(compiled);
        hosts.set(key, list);
      }
    }
  }
  routes.sort(longestFirst);
  const ids = colours.flatMap((colour) => source.environments[colour]?.endpoints.map(({ id }) => id) ?? []);
  return { name: source.app, app, ids, hosts };
}

function compileEnvironment(
  source: AppTable,
  colour: Colour,
  {
    registry,
    pages,
    skew,
    judging,
    together,
  }: { readonly registry: Registry } & Pick<CompiledApp, 'pages' | 'skew' | 'judging' | 'together'>,
): CompiledEnvironment | null {
  const environment: EnvironmentTable | null = source.environments[colour];
  if (environment === null) return null;
  const counts = registry.count(source.app, colour, environment.version);
  const endpoints = new Map<string, EndpointState[]>();
  for (const { role } of source.routes) endpoints.set(role, []);
  for (const { id, role, host, port } of environment.endpoints) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw noPort(id, port);
    const list = endpoints.get(role) ?? [];
    list.push(registry.endpoint(id, host, port));
    endpoints.set(role, list);
  }
  return {
    app: source.app,
    colour,
    version: environment.version,
    roles: compileRoles(source, endpoints, { registry, counts }),
    counts,
    retries: registry.budget(counts),
    upstream: source.upstream,
    pages,
    headers:
      `x-teal-app: ${headerSafe(source.app)}\r\n` +
      `x-teal-version: ${headerSafe(environment.version)}\r\n` +
      `x-teal-environment: ${colour}\r\n`,
    versionLine:
      source.exposeVersion === true ? `X-Teal-Version: ${headerSafe(environment.version)}\r\n` : '',
    skew,
    mirror: null,
    judging,
    latencies: registry.latencies(counts),
    group: groupLine(together, colour),
  };
}

type Environments = CompiledApp['environments'];

/** Only live is copied from: its people are those whom no release has chosen. */
function withMirror(
  { live, mirror }: AppTable,
  audience: CompiledAudience | null,
  environments: Environments,
): Environments {
  if (mirror === undefined || mirror === null || live === null || mirror.candidate === live)
    return environments;
  const from = environments[live];
  const to = environments[mirror.candidate];
  if (from === null || to === null) return environments;
  return { ...environments, [live]: { ...from, mirror: compileMirror(mirror, to, audience) } };
}

function compileSkew({ app, previewKey, environments, skew }: AppTable): Skew | null {
  if (skew === undefined || skew === null) return null;
  const { blue, green } = environments;
  const versions = { blue: blue?.version ?? null, green: green?.version ?? null };
  return skewOf({ key: previewKey, app }, versions, skew.warm);
}

function compileRoles(
  { app, previewKey, upstream }: AppTable,
  endpoints: ReadonlyMap<string, readonly EndpointState[]>,
  { registry, counts }: { readonly registry: Registry; readonly counts: Counts },
): ReadonlyMap<string, EndpointGroup> {
  return new Map(
    [...endpoints].map(([role, list]) => {
      const group = compileGroup({
        endpoints: list,
        balance: upstream.balance,
        share: registry.share,
        line: registry.line(counts, role),
        secret: { key: previewKey, app, role },
      });
      return [role, group] as const;
    }),
  );
}

/** Connecting to it would throw, and end the worker. */
function noPort(id: string, port: number): TealError {
  return new TealError('table-refused', `endpoint ${id} has ${port} for a port`, {
    remedy: 'Report this: it is a fault of Teal.',
    details: { endpoint: id, port },
  });
}

function headerSafe(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  throw new TealError('table-refused', `${JSON.stringify(value)} cannot be sent in a header`, {
    remedy: 'Name apps and versions in visible ASCII.',
    details: { value },
  });
}

function refuseTwice(claimed: Map<string, CompiledRoute>, route: CompiledRoute, host: string): void {
  const key = `${host} ${route.path}`;
  const other = claimed.get(key);
  claimed.set(key, route);
  if (other === undefined) return;
  throw new TealError(
    'table-refused',
    `${host}${route.path || '/'} is claimed by ${other.app.name} and ${route.app.name}`,
    {
      remedy: 'Give one of the apps another host or path.',
      details: { host, path: route.path || '/', apps: [other.app.name, route.app.name] },
    },
  );
}

/** Without its last slash, so that `/app/` and `/app` are one prefix; the root is the empty one. */
function trimSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function longestFirst(left: CompiledRoute, right: CompiledRoute): number {
  return right.path.length - left.path.length;
}
