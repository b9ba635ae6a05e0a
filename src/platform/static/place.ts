/** One place: the servers of one version of an app in one environment. */
import type { Health } from '../../config/config.ts';
import type { ListenAddress } from '../../config/router.ts';
import { originsOf } from '../../config/origins.ts';
import { TealError } from '../../errors.ts';
import type { Instance, Place, PlatformHooks, Workload } from '../platform.ts';
import type { Probe } from '../process/probe.ts';
import { abortable, within } from '../process/wait.ts';
import type { Checks } from './checks.ts';
import { Server } from './server.ts';

export interface Context {
  readonly hooks: PlatformHooks;
  readonly now: () => number;
  readonly checks: Checks;
}

/** One call of `ensure` at work; a later call ends it. */
interface Turn {
  readonly workload: Workload;
  readonly end: AbortController;
  readonly done: Promise<void>;
}

export class ServersAt {
  readonly place: Place;
  readonly #context: Context;
  #servers: Server[] = [];
  #turn: Turn | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(place: Place, context: Context) {
    this.place = place;
    this.#context = context;
  }

  instances(): readonly Instance[] {
    return this.#servers.map((server) => server.view());
  }

  /** What the state says is there. Resolves after the first look at each. */
  async expect(workload: Workload): Promise<void> {
    this.#add(workload);
    await Promise.all(this.#servers.map(({ checked }) => checked));
  }

  /** As `Platform.ensure`, without the caller's signal. */
  ensure(workload: Workload): Promise<void> {
    if (this.#turn !== null && JSON.stringify(this.#turn.workload) === JSON.stringify(workload))
      return this.#turn.done;
    this.#supersede(`a later call wants ${workload.version}`);
    const end = new AbortController();
    const done = this.#next(() => this.#converge(workload, end.signal)).finally(() => {
      if (this.#turn?.end === end) this.#turn = null;
    });
    this.#turn = { workload, end, done };
    return done;
  }

  /** As `Platform.stop`: nothing of it is stopped, and it is not asked how it is any more. */
  stop(): Promise<void> {
    this.#supersede('the place is being emptied');
    return this.#next(() => this.#empty(this.#servers));
  }

  close(): void {
    this.#supersede('Teal lets go of its servers');
    for (const server of this.#servers) server.close();
  }

  #supersede(why: string): void {
    const { app, colour, role } = this.place;
    const message = `${app}/${colour}/${role} was given up: ${why}`;
    this.#turn?.end.abort(
      new TealError('wrong-state', message, { remedy: 'See `teal status` for what is wanted now.' }),
    );
    this.#turn = null;
  }

  /** One after the other: two at once would each count what the other takes away. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #converge(workload: Workload, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wanted = addressesOf(workload);
    if (wanted.length === 0) throw nowhere(workload);
    const health = healthOf(workload);
    const fits = (server: Server): boolean =>
      server.version === workload.version &&
      JSON.stringify(server.health) === JSON.stringify(health) &&
      wanted.some((address) => isAt(server, address));
    await this.#empty(this.#servers.filter((server) => !fits(server)));
    signal.throwIfAborted();
    this.#add(workload);
    const all = Promise.all(this.#servers.map((server) => server.untilHealthy()));
    if ((await abortable(within(all, health.deadlineMs), signal)) === null)
      throw unwell(workload, this.#servers, health);
  }

  #add(workload: Workload): void {
    const { app, colour, role } = this.place;
    for (const address of addressesOf(workload)) {
      if (this.#servers.some((server) => isAt(server, address))) continue;
      const { now, checks } = this.#context;
      this.#servers.push(
        new Server({
          place: { app, colour, role },
          version: workload.version,
          address,
          health: healthOf(workload),
          now,
          checks,
          changed: () => this.#context.hooks.changed(this.place),
          lost: (server) => this.#lost(workload, server),
        }),
      );
    }
    this.#context.hooks.changed(this.place);
  }

  #lost(workload: Workload, server: Server): void {
    const error = unwell(workload, [server], healthOf(workload));
    this.#context.hooks.failing(this.place, workload.version, error);
  }

  /** Released first, then forgotten. */
  async #empty(servers: readonly Server[]): Promise<void> {
    if (servers.length === 0) return;
    for (const server of servers) server.retire();
    await this.#context.hooks.release(servers.map((server) => server.view()));
    for (const server of servers) server.close();
    this.#servers = this.#servers.filter((server) => !servers.includes(server));
    this.#context.hooks.changed(this.place);
  }
}

const isAt = ({ address }: Server, { host, port }: ListenAddress): boolean =>
  address.host === host && address.port === port;

const addressesOf = ({ spec, version }: Workload): readonly ListenAddress[] =>
  spec.origins === undefined ? [] : originsOf(spec.origins, version);

function healthOf({ spec, app }: Workload): Health {
  if (spec.health === null) throw new Error(`${app} runs on servers without a health check`);
  return spec.health;
}

const nowhere = ({ app, version }: Workload): TealError =>
  new TealError('version-unknown', `run.static does not say where ${app} ${version} runs`, {
    remedy: `add its addresses under run.static.versions, then: teal apply, and teal deploy ${app} ${version}`,
    details: { app, version },
  });

/** Those of the servers that are not healthy, and what each of them said. */
function unwell({ app, version }: Workload, servers: readonly Server[], health: Health): TealError {
  const sick = servers.filter((server) => !server.healthy);
  const told = sick.map(
    ({ address: { host, port }, last }) => `GET http://${host}:${port}${health.path} ${said(last)}`,
  );
  return new TealError(
    'health-deadline',
    `${app} ${version} was not healthy for ${health.deadlineMs / 1000} s: ${told.join('; ')}`,
    {
      remedy: 'see why where it runs; addresses are in run.static, the check is health in teal.yaml',
      details: { app, version, servers: sick.map(({ address }) => address) },
    },
  );
}

function said(last: Probe | null): string {
  switch (last?.kind) {
    case 'status':
      return `answered ${last.status}`;
    case 'refused':
      return 'was refused';
    case 'timeout':
      return 'was not answered in time';
    case 'broken':
      return `broke off: ${last.why}`;
    case 'ok':
      return 'was answered only now';
    case undefined:
      return 'has not been answered';
  }
}
