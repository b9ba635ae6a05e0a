import type { Logger } from 'pino';
import type { AccessLogConfig } from '../../config/router.ts';
import type { Counted, Past } from '../../metrics/counted.ts';
import type {
  BoundAddress,
  CertificateStatus,
  Confirmed,
  CountRequest,
  DrainReport,
  DrainRequest,
  FlagCount,
  FlagCounts,
  HandOvers,
  LeavingStatus,
  RouterStatus,
  StatusOf,
} from '../router.ts';
import type { RoutingTable } from '../table.ts';
import { version } from '../../config/version.ts';
import type { Drained } from './drain.ts';
import { holdsOf, InForce } from './in-force.ts';
import type { RetiredMessage } from './inheritance.ts';
import type { Member } from './member.ts';
import { PeopleCounts } from './people.ts';
import type { Given, Held, WorkerStatus } from './options.ts';
import { Reports } from './reports.ts';
import type { CallContext } from './rpc.ts';
import { Rotation } from './rotation.ts';
import { FlagReports } from './flags/flag-reports.ts';
import { sumEndpoints } from './worker-status.ts';
import type { Workers } from './workers.ts';

/** How often a drain's caller is told. */
const progressMs = 1000;

/** A worker that does not say how it is in this time counts with what it said last: the others matter more. */
const statusPatienceMs = 2000;

/** How often workers are asked what they have counted: so much of it is lost when one dies. */
const askEveryMs = 1000;

export interface ParentParts {
  /** Of the table. */
  readonly file: string;
  /** After how long without a word from the control plane exposures expire; null: never. */
  readonly exposureMs: number | null;
  readonly listen: readonly BoundAddress[];
  readonly certificates: () => readonly CertificateStatus[];
  readonly h2c: RouterStatus['h2c'];
  readonly log: Logger;
  readonly accessLog: AccessLogConfig | null;
  readonly handOvers: HandOvers;
  /** See `InForceParts`. */
  readonly heardAt: number | null;
}

/** The router process: orders the workers about, and touches no request. */
export class Parent {
  readonly #workers: Workers;
  readonly #inForce: InForce;
  readonly #listen: readonly BoundAddress[];
  readonly #certificates: () => readonly CertificateStatus[];
  readonly #h2c: RouterStatus['h2c'];
  readonly #reports = new Reports<Member>();
  readonly #flagReports = new FlagReports<Member>();
  readonly #people: PeopleCounts;
  readonly #accessLog: AccessLogConfig | null;
  #rotation: Rotation | null = null;
  readonly #asking: NodeJS.Timeout;
  readonly #startedAt: number = Date.now();
  #handOvers: HandOvers;

  constructor(workers: Workers, parts: ParentParts) {
    this.#workers = workers;
    this.#listen = parts.listen;
    this.#certificates = parts.certificates;
    this.#h2c = parts.h2c;
    this.#accessLog = parts.accessLog;
    this.#handOvers = parts.handOvers;
    this.#people = new PeopleCounts(() => workers.all, parts.log);
    const { file, exposureMs, heardAt, log } = parts;
    const adopted = this.#people.adopt.bind(this.#people);
    this.#inForce = new InForce(workers, { file, exposureMs, heardAt, log, adopted });
    this.#asking = setInterval(() => void this.#ask(), askEveryMs).unref();
  }

  /** Where it listens. */
  get addresses(): Pick<RouterStatus, 'listen' | 'h2c'> {
    return { listen: this.#listen, h2c: this.#h2c };
  }

  get handOvers(): HandOvers {
    return this.#handOvers;
  }

  get inForce(): InForce {
    return this.#inForce;
  }

  /** What only the one that serves does: it counts people, and renames the access log. */
  begin(): void {
    const table: RoutingTable | null = this.#workers.table;
    if (table !== null) this.#people.adopt(table);
    const config = this.#accessLog;
    if (config !== null) this.#rotation = new Rotation(config, () => this.reopenLogs());
  }

  close(): void {
    this.#rotation?.close();
    this.#people.close();
    this.#inForce.close();
    clearInterval(this.#asking);
  }

  /** Another takes over: see `InForce.leave`. */
  async leave(move: () => Promise<void>): Promise<void> {
    await this.#inForce.leave(move);
    this.close();
  }

  /** What was said last by one that carried traffic by orders from here, and has ended. @param retired by the router before this one */
  ended(member: Member, status: WorkerStatus | null, retired: RetiredMessage['retired'] | null): void {
    this.#workers.drop(member);
    if (status !== null) this.#reports.hear(member, status);
    if (retired === null) return;
    const { count, cut } = this.#handOvers;
    this.#handOvers = { count, cut: cut + retired.cut };
  }

  /** After the access log was renamed, by us or by logrotate: lines from now on go to a new file. */
  reopenLogs(): void {
    for (const worker of this.#workers.all) worker.call('reopen', {}).catch(() => {});
  }

  /** See `Router.apply`. */
  apply(given: Given): Promise<void> {
    return this.#inForce.apply(given);
  }

  /** See `Router.confirm`. */
  confirm(held: Held): Promise<Confirmed> {
    return this.#inForce.confirm(held);
  }

  async drain(request: DrainRequest, context: CallContext): Promise<DrainReport> {
    // A worker with another table would go on sending there what is then cut.
    await this.#inForce.verify();
    const begun = performance.now();
    const left = new Map<Member, number>();
    const tell = () => context.progress([...left.values()].reduce((sum, count) => sum + count, 0));
    const timer = setInterval(tell, progressMs);
    try {
      const parts = await Promise.all(
        this.#workers.all.map((worker) => drainOne(worker, request, { left, signal: context.signal })),
      );
      return {
        finished: parts.reduce((sum, { finished }) => sum + finished, 0),
        cut: parts.reduce((sum, { cut }) => sum + cut, 0),
        seconds: Math.round(performance.now() - begun) / 1000,
      };
    } finally {
      clearInterval(timer);
    }
  }

  async status(of?: StatusOf): Promise<RouterStatus> {
    const workers = await this.#ask(of);
    const file = this.#accessLog?.file;
    return {
      pid: process.pid,
      generation: this.#workers.table?.generation ?? 0,
      workers: workers
        .filter(({ leaving }) => leaving === undefined)
        .map(({ pid, generation, connections }) => ({ pid, generation, connections })),
      listen: this.#listen,
      certificates: this.#certificates(),
      h2c: this.#h2c,
      environments: of === undefined ? this.#reports.counts() : this.#reports.countsOf(of.apps, workers),
      endpoints: sumEndpoints(workers.flatMap(({ endpoints }) => endpoints)),
      startedAt: this.#startedAt,
      workersReplaced: this.#workers.replaced,
      heard: this.#inForce.heard,
      tablesRepaired: this.#inForce.repairs,
      accessLog: file === undefined ? null : { file, linesDropped: this.#reports.linesDropped },
      version,
      leaving: workers.flatMap(({ leaving }) => leaving ?? []),
      handOvers: this.#handOvers,
    };
  }

  /** All of it as if it were one worker, for the router that has taken over from this one. */
  async asMember(times: Pick<LeavingStatus, 'since' | 'until'>): Promise<WorkerStatus> {
    const reports = await this.#ask();
    const endpoints = sumEndpoints(reports.flatMap((report) => report.endpoints));
    const own = reports.filter(({ leaving }) => leaving === undefined);
    const connections = own.reduce((total, report) => total + report.connections, 0);
    const self = {
      pid: process.pid,
      version,
      ...times,
      connections,
      inFlight: own.flatMap(({ environments }) => environments).reduce((sum, each) => sum + each.inFlight, 0),
      streams: own.flatMap((report) => report.endpoints).reduce((sum, each) => sum + each.streams, 0),
    };
    return {
      pid: process.pid,
      ...holdsOf(this.#workers.table),
      connections,
      environments: this.#reports.everything(),
      endpoints,
      linesDropped: this.#reports.linesDropped,
      leaving: [self, ...reports.flatMap(({ leaving }) => leaving ?? [])],
    };
  }

  /** See `Router.count`. */
  count(request: CountRequest): Promise<Counted & { readonly lost: boolean }> {
    return this.#people.count(request);
  }

  /** See `Router.past`. */
  past(app: string): Promise<Past> {
    return this.#people.past(app);
  }

  /** See `Router.flags`. */
  async flags(): Promise<FlagCounts> {
    const heard = await Promise.all(
      this.#workers.all.map(async (worker) => {
        const signal = AbortSignal.timeout(statusPatienceMs);
        const counts = await worker.call('flags', {}, { signal }).catch(() => null);
        return [worker, counts as readonly FlagCount[] | null] as const;
      }),
    );
    return { since: this.#startedAt, counts: this.#flagReports.take(new Map(heard)) };
  }

  /** What each worker says of itself; all that it counted is kept for when it is gone. */
  async #ask(of?: StatusOf): Promise<readonly WorkerStatus[]> {
    const { all } = this.#workers;
    const heard = await Promise.all(
      all.map(async (worker) => {
        const signal = AbortSignal.timeout(statusPatienceMs);
        const report = await worker.call('status', of ?? {}, { signal }).catch(() => null);
        return [worker, report as WorkerStatus | null] as const;
      }),
    );
    if (of !== undefined) return heard.flatMap(([, report]) => report ?? []);
    for (const [worker, report] of heard) if (report !== null) this.#inForce.look(worker, report);
    // Only those that are still there: one that ended while it was asked has reported for the last time.
    return this.#reports.take(new Map(heard.filter(([worker]) => !worker.dead)));
  }
}

async function drainOne(
  worker: Member,
  request: DrainRequest,
  parts: { readonly left: Map<Member, number>; readonly signal: AbortSignal },
): Promise<Drained> {
  const { left, signal } = parts;
  try {
    const onProgress = (inFlight: number) => left.set(worker, inFlight);
    return (await worker.call('drain', request, { signal, onProgress })) as Drained;
  } catch (error) {
    if (!worker.dead) throw error;
    // What the worker held went with it: reported, never silent.
    return { finished: 0, cut: left.get(worker) ?? 0 };
  } finally {
    left.delete(worker);
  }
}
