/** Stand-ins for what a test is not about: they do what they are told, at once, and note it. */
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { App, Config } from '../../src/config/config.ts';
import type { ControlConfig } from '../../src/config/control.ts';
import { Access } from '../../src/control/access/access.ts';
import { Apps, teal } from '../../src/control/apps.ts';
import type { Deps } from '../../src/control/deps.ts';
import { database } from '../../src/control/migrate/database.ts';
import { testsIn } from '../../src/control/effects/run-test.ts';
import { Usage } from '../../src/control/flags/usage.ts';
import { Leases } from '../../src/control/leases.ts';
import { Progress } from '../../src/control/migrate/progress.ts';
import { Statements } from '../../src/control/migrate/statements.ts';
import { PreviewKeys } from '../../src/control/preview-keys.ts';
import { Releases } from '../../src/control/releases.ts';
import { Routes } from '../../src/control/routes.ts';
import { Tables } from '../../src/control/tables.ts';
import type { Instance, Place, Platform, Stopped, Workload } from '../../src/platform/platform.ts';
import type { Colour } from '../../src/release/state.ts';
import { nothingCounted, type Counted, type Past } from '../../src/metrics/counted.ts';
import type {
  Confirmed,
  CountRequest,
  DrainReport,
  DrainRequest,
  FlagCounts,
  Router,
  RouterStatus,
} from '../../src/router/router.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import { VersionStore } from '../../src/platform/versions/version-store.ts';
import { app } from '../release/story.ts';
import { atEnd } from '../at-end.ts';
import { openStore, scratch } from './help.ts';

/** What `control` is when teal.yaml says nothing of it. */
export const socketOnly: ControlConfig = {
  listen: null,
  tls: null,
  url: null,
  trustedProxies: [],
  maxUploadBytes: 1024 ** 2,
  oidc: null,
};

export const quiet = pino({ level: 'silent' });

export class FakeRouter implements Router {
  readonly applied: RoutingTable[] = [];
  readonly drained: DrainRequest[] = [];
  /** What it has in force; a test changes it to be a router that was replaced. */
  generation = 0;
  report: DrainReport = { finished: 1, cut: 0, seconds: 0.1 };
  /** Set by a test to fail or to hold calls up. */
  beforeApply: () => Promise<void> = async () => undefined;
  beforeDrain: (signal: AbortSignal) => Promise<void> = async () => undefined;
  beforeStatus: () => Promise<void> = async () => undefined;

  async apply(table: RoutingTable): Promise<void> {
    await this.beforeApply();
    this.applied.push(table);
    this.generation = table.generation;
  }

  async drain(request: DrainRequest, signal: AbortSignal): Promise<DrainReport> {
    await this.beforeDrain(signal);
    this.drained.push(request);
    return this.report;
  }

  /** What it says it has counted; a test changes it. The tick is the one that was asked for. */
  counted: Omit<Counted, 'seq'> & { readonly lost: boolean } = { ...nothingCounted(0), lost: false };
  readonly counts: CountRequest[] = [];
  known: Past = { slow: null, scale: [], before: { exposed: 0, events: 0 } };
  beforeCount: () => Promise<void> = async () => undefined;

  async count(request: CountRequest): Promise<Counted & { readonly lost: boolean }> {
    await this.beforeCount();
    this.counts.push(request);
    return { ...this.counted, seq: request.seq };
  }

  /** What it says of flags; a test changes it. */
  flagCounts: FlagCounts = { since: 1, counts: [] };

  async flags(): Promise<FlagCounts> {
    return this.flagCounts;
  }

  async past(): Promise<Past> {
    return this.known;
  }

  async confirm(table: RoutingTable): Promise<Confirmed> {
    await this.beforeStatus();
    return { generation: this.generation, same: this.generation === table.generation };
  }

  async status(): Promise<RouterStatus> {
    await this.beforeStatus();
    const { generation } = this;
    return {
      pid: 1,
      generation,
      startedAt: 0,
      workersReplaced: { count: 0, last: null },
      heard: { at: null, expiresAfterMs: null, expiry: null },
      tablesRepaired: { count: 0, last: null },
      accessLog: null,
      workers: [{ pid: 2, generation, connections: 0 }],
      listen: [{ host: '127.0.0.1', port: 4321, secure: false }],
      certificates: [],
      h2c: [],
      environments: [],
      endpoints: [],
    };
  }
}

export class FakePlatform implements Platform {
  readonly calls: string[] = [];
  running: Instance[] = [];
  beforeEnsure: (workload: Workload, signal: AbortSignal) => Promise<void> = async () => undefined;
  beforeStop: (place: Place) => Promise<void> = async () => undefined;

  async adopt(): Promise<void> {}

  async ensure(workload: Workload, signal: AbortSignal): Promise<void> {
    const { colour, role, version, instances } = workload;
    this.calls.push(`ensure ${colour} ${role} ${version} ${instances}`);
    await this.beforeEnsure(workload, signal);
    this.calls.push(`up ${colour} ${role}`);
    const of = workload.app === 'shop' ? '' : `${workload.app}-`;
    this.running.push(instance({ ...workload, id: `${of}${colour}-${role}-${version}` }));
  }

  async stop(place: Place): Promise<readonly Stopped[]> {
    const { colour, role } = place;
    this.calls.push(`stop ${colour} ${role}`);
    await this.beforeStop(place);
    const { app: name } = place;
    this.running = this.running.filter(
      (each) => each.app !== name || each.colour !== colour || each.role !== role,
    );
    this.calls.push(`stopped ${colour} ${role}`);
    return [];
  }

  instances(): readonly Instance[] {
    return this.running;
  }

  async close(): Promise<void> {}
}

export const instance = (more: Partial<Instance> = {}): Instance => ({
  app: 'shop',
  colour: 'blue' as Colour,
  role: 'web',
  id: 'i1',
  version: 'v1',
  pid: 100,
  address: { host: '127.0.0.1', port: 5000 },
  state: 'healthy',
  everHealthy: true,
  startedAt: 0,
  crashes: 0,
  logs: { stdout: '', stderr: '' },
  ...more,
});

export interface FakeDeps extends Deps {
  readonly router: FakeRouter;
  readonly platform: FakePlatform;
  readonly access: Access;
}

/** Real apps, store, keys, routes and releases around a stand-in router and platform; `shop` is applied. */
export async function fakeDeps(t: TestContext, spec: App = app(), maxPages?: number): Promise<FakeDeps> {
  const data = await scratch(t);
  const store = await openStore(t, data, maxPages);
  const apps = await Apps.load(store, Date.now);
  const keys = new PreviewKeys(store);
  await keys.load([apps.state('shop')]);
  await apps.submit('shop', { type: 'apply', config: spec }, teal);
  const router = new FakeRouter();
  const platform = new FakePlatform();
  const releases: Releases = new Releases({ router, routes: () => routes, apps });
  const tables = new Tables({
    look: () => ({
      states: apps.states(),
      instances: platform.instances(),
      released: releases.released,
      previewKey: keys.get,
      keys: keys.all,
    }),
    failed: () => undefined,
  });
  const routes = new Routes({
    router,
    build: () => tables.build(),
    nextGeneration: () => store.nextGeneration(),
    failed: () => undefined,
    applied: () => undefined,
  });
  atEnd(t, () => routes.close());
  routes.open();
  const config = {
    file: `${data}/teal.yaml`,
    data,
    control: socketOnly,
    apps: { shop: spec },
  } as Partial<Config> as Config;
  const migrations = new Progress(Date.now);
  const versions = await VersionStore.open({ data });
  const access = await Access.open({ config, store, log: quiet, now: Date.now });
  atEnd(t, () => access.close());
  return {
    config,
    apps,
    store,
    platform,
    versions,
    router,
    routes,
    releases,
    leases: new Leases({ now: Date.now }),
    usage: new Usage({ data, router, now: Date.now, log: quiet }),
    keys,
    rules: async () => [],
    migrations,
    statements: new Statements({ store, apps, migrations, now: Date.now, log: quiet, aloneMs: 200 }),
    database,
    runTest: testsIn(data, quiet),
    plane: () => ({ store: { kind: 'sqlite', where: 'teal.db' }, leader: null }),
    log: quiet,
    now: Date.now,
    wall: Date.now,
    access,
  };
}
