import type { Identity, Rule } from './audience.ts';
import type { ControlConfig } from './control.ts';
import type { DatabasePolicy } from './database.ts';
import type { EnvironmentValue } from './environment-value.ts';
import type { Feature } from './features.ts';
import type { StoreConfig } from './kinds-store.ts';
import type { MetricPolicy } from './metrics.ts';
import type { ReleasePolicy } from './release.ts';
import type { ListenAddress, RouterConfig } from './router.ts';

/** The typed form of teal.yaml. Every duration is in milliseconds, every size in bytes, every path absolute. */
export interface Config {
  /** The teal.yaml this came from. */
  readonly file: string;
  /** Where Teal keeps its state: event log, versions, instances, logs, the routers' last table. */
  readonly data: string;
  /** Where the event log is. */
  readonly store: StoreConfig;
  /** `router.geo-database`: MMDB file with the countries (and regions) of addresses; null: the optional package, when it is installed. */
  readonly geoDatabase: string | null;
  /** Where Prometheus reads metrics, beside the control socket; a loopback address. */
  readonly metrics: ListenAddress | null;
  readonly control: ControlConfig;
  readonly router: RouterConfig;
  /** Who may approve, by role: actors such as `user:anna`. */
  readonly people: Readonly<Record<string, readonly string[]>>;
  readonly apps: Readonly<Record<string, App>>;
}

/** One app, with all that was left out filled in. */
export interface App {
  readonly name: string;
  /** Exact names or `*.suffix`; empty means every host. Compared without port, in lower case. */
  readonly hosts: readonly string[];
  /** Path prefixes on segment borders: `/app` takes `/app` and `/app/x`, not `/apple`. */
  readonly paths: readonly string[];
  /** At least one of kind `web`; the first is the one `run.process` describes. */
  readonly roles: readonly Role[];
  readonly identity: Identity;
  /** Who can be sent to a candidate before everyone is, by name. References inside them exist and hold no circle. */
  readonly audiences: Readonly<Record<string, Rule>>;
  /** Feature flags by name. Absent in what an older Teal wrote: none. */
  readonly features?: Readonly<Record<string, Feature>>;
  readonly release: ReleasePolicy;
  /** Null: off. Absent in what an older Teal wrote: off. */
  readonly judge?: JudgePolicy | null;
  /** Null: releases do nothing with a database. Absent in what an older Teal wrote: the same. */
  readonly database?: DatabasePolicy | null;
  readonly drain: DrainPolicy;
  readonly upstream: UpstreamPolicy;
  /** Own pages for what Teal itself answers, by `maintenance`, a status, `4xx` or `5xx`. Nothing is none: as older versions of Teal stored it. */
  readonly errors?: Readonly<Record<string, ErrorPage>>;
  /** Answers carry `x-teal-version`. Absent in what an older Teal wrote: they do not. */
  readonly exposeVersion?: boolean;
  /** Whether pages keep the files of their version. Absent in what an older Teal wrote: off. */
  readonly skew?: 'off' | 'pin';
  /** The group of apps that it is released with. Absent: it is released alone. */
  readonly group?: string;
  readonly preview: { readonly expiresMs: number };
  /** How many versions to keep on disk; one that could be rolled back to is never removed. */
  readonly keep: number;
}

/** One kind of process of an app. */
export interface Role {
  readonly name: string;
  /** `web` gets a PORT, health checks and traffic; `background` gets neither. */
  readonly kind: 'web' | 'background';
  /** `both`: runs in each environment. `live`: in the live one only; the old drains before the new starts. */
  readonly runsIn: 'live' | 'both';
  readonly command: readonly string[];
  /** May hold `{version}`. A version put in place by `deploy --from` runs in the version store instead. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, EnvironmentValue>>;
  readonly instances: number;
  /** Servers that run already, which Teal neither starts nor stops; the command is empty then. Absent: processes of this machine. */
  readonly origins?: Origins;
  readonly stop: { readonly signal: NodeJS.Signals; readonly deadlineMs: number };
  readonly limits: Limits;
  /** Web roles only; a second web role names its own hosts or paths. */
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
  /** Null for background roles. */
  readonly health: Health | null;
}

/** Where the versions of an app already run. */
export interface Origins {
  /** By version. */
  readonly versions: Readonly<Record<string, readonly ListenAddress[]>>;
  /** Of every other version: `{version}` in the host stands for it. */
  readonly addresses: readonly ListenAddress[];
}

/** Enforced by the platform, or refused with a reason; never ignored. Null means no limit. */
export interface Limits {
  readonly memoryBytes: number | null;
  /** In cores: 0.5 is half of one. */
  readonly cpus: number | null;
  readonly openFiles: number | null;
  readonly processes: number | null;
}

/** When an instance counts as healthy: what it is asked, and what it has to answer. */
export interface Health {
  /** As `UpstreamPolicy.protocol`; HTTP/1 when left out. */
  readonly protocol?: 'h2c';
  readonly path: string;
  /** Inclusive ranges of acceptable status codes. */
  readonly status: readonly (readonly [number, number])[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** From start to first success. */
  readonly deadlineMs: number;
  /** How many failures in a row make a healthy instance unhealthy. */
  readonly fall: number;
}

/** How the candidate is compared with live while people are on it. */
export interface JudgePolicy {
  /** How often it is looked at. */
  readonly tickMs: number;
  /** Bound on the probability that a release that is not worse than tolerated is ever rolled back. */
  readonly alpha: number;
  /** Bound on the probability that a step goes on although a guarded metric is too bad for it. */
  readonly beta: number;
  /** By metric: people with the event per minute in which one is active, above which everyone goes back whatever live does. */
  readonly limits: Readonly<Record<string, number>>;
  /** Numbers that other systems have measured. */
  readonly metrics: readonly MetricPolicy[];
}

/** How what is in flight on an environment ends. */
export interface DrainPolicy {
  /**
   * WebSockets and event streams of an environment that is drained: `drain` leaves them until the deadline,
   * `close` closes them at once, `spread` closes them evenly until the deadline, so that clients do not all
   * reconnect in the same instant.
   */
  readonly streams: 'drain' | 'close' | 'spread';
  readonly deadlineMs: number;
}

/** A page as it was when teal.yaml was read: what is in force does not change with the file. */
export interface ErrorPage {
  readonly file: string;
  readonly html: string;
}

/** How the router speaks to the app's instances. */
export interface UpstreamPolicy {
  readonly connectTimeoutMs: number;
  /** From the request sent to the response head. */
  readonly responseTimeoutMs: number;
  /** No byte in either direction for this long, within a request. WebSockets are exempt. */
  readonly idleTimeoutMs: number;
  /** The app's own keep-alive time, when it does not announce one. Non-idempotent requests never use a connection idle past half of it. */
  readonly keepAliveMs: number;
  readonly maxBodyBytes: number | null;
  /** How requests are spread over an environment's instances. Absent in what an older Teal wrote: `plainBalance`. */
  readonly balance?: BalancePolicy;
  /** What the instances speak. `h2c` is HTTP/2 without TLS and without being asked first. */
  readonly protocol: 'http1' | 'h2c';
  /** From the request admitted to the last byte of the answer; WebSockets and event streams are exempt. Nothing is none: as older versions of Teal stored it. */
  readonly totalTimeoutMs?: number | null;
}

/** How requests are spread over the instances of an environment. */
export interface BalancePolicy {
  /** Requests in flight at one instance; WebSockets and event streams are not counted. */
  readonly maxInFlight: number | null;
  /** Who may wait when every instance has as many; per environment and role. */
  readonly queue: { readonly size: number; readonly timeoutMs: number };
  readonly slowStartMs: number | null;
  readonly ejection: EjectionPolicy | null;
  /** A cookie keeps a client on one instance. */
  readonly sticky: boolean;
}

/** When the router stops sending requests to an instance that fails them. */
export interface EjectionPolicy {
  /** In a row. */
  readonly failures: number;
  /** For how long the first time; twice as long each time after. */
  readonly timeMs: number;
  readonly longestMs: number;
  /** Whether answers of 500 and above are failures. */
  readonly appErrors: boolean;
}

/** What holds when nothing is said. The reasons are with the keys of teal.yaml. */
export const plainBalance: BalancePolicy = {
  maxInFlight: null,
  queue: { size: 100, timeoutMs: 5_000 },
  slowStartMs: null,
  ejection: { failures: 3, timeMs: 1_000, longestMs: 30_000, appErrors: false },
  sticky: false,
};
