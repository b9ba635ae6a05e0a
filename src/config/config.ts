import type { Identity, Rule } from './audience.ts';
import type { ControlConfig } from './control.ts';
import type { DatabasePolicy } from './database.ts';
import type { Feature } from './features.ts';
import type { StoreConfig } from './kinds-store.ts';
import type { MetricPolicy } from './metrics.ts';

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

export interface RouterConfig {
  readonly listen: readonly ListenAddress[];
  /** Where HTTP/2 is spoken without TLS and without being asked first (h2c by prior knowledge); and nothing else. */
  readonly h2c: readonly ListenAddress[];
  readonly workers: number;
  /** CIDR ranges whose X-Forwarded-* are believed; nobody's by default. */
  readonly trustedProxies: readonly string[];
  /** CIDR ranges that open each connection with a PROXY header; nobody by default. */
  readonly proxyProtocol: readonly string[];
  readonly tls: TlsConfig | null;
  readonly client: ClientLimits;
  readonly observe: ObserveConfig;
  /** Without a word from the control plane for this long everyone goes to live; null: however long. */
  readonly exposureMs: number | null;
}

/** What the router tells of the requests it carries. */
export interface ObserveConfig {
  /** Null: no access log. */
  readonly accessLog: AccessLogConfig | null;
  readonly serverTiming: ServerTiming;
  /** Whether `traceparent` is checked, and given to requests that have none. */
  readonly trace: boolean;
}

export interface AccessLogConfig {
  readonly file: string;
  readonly query: AccessLogQuery;
  /** The file is renamed when it is longer. */
  readonly maxBytes: number;
  /** Renamed ones that are kept. */
  readonly keep: number;
}

/** How much of a query is told: names without values, all but what sounds secret, nothing. */
export type AccessLogQuery = 'names' | 'all' | 'none';

export type ServerTiming = 'off' | 'preview' | 'all';

/** Encryption towards clients. Keys are named by their files, and are nowhere in here. */
export interface TlsConfig {
  readonly listen: readonly ListenAddress[];
  /** The first is shown when no name fits. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly clientCertificates: { readonly ca: string; readonly mode: 'ask' | 'require' } | null;
  readonly http2: boolean;
  /** Plain requests are sent to https. */
  readonly redirect: boolean;
  /** Where ACME challenges go; to the app when null. */
  readonly acme: ListenAddress | null;
  /** Strict-Transport-Security, when not null. */
  readonly hstsSeconds: number | null;
}

/** Absolute paths of PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What a client may send and how long it may take. */
export interface ClientLimits {
  readonly headBytes: number;
  readonly headers: number;
  readonly headTimeoutMs: number;
  /** An idle kept-alive connection is closed no sooner than this, and it is announced in `Keep-Alive: timeout`. */
  readonly idleTimeoutMs: number;
  /** Of one worker. */
  readonly connections: number;
}

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

/** A secret is named, never written: it is read when an instance starts and shown nowhere. */
export type EnvironmentValue =
  | { readonly kind: 'plain'; readonly value: string }
  | { readonly kind: 'secret'; readonly source: 'env' | 'file'; readonly name: string };

/** Enforced by the platform, or refused with a reason; never ignored. Null means no limit. */
export interface Limits {
  readonly memoryBytes: number | null;
  /** In cores: 0.5 is half of one. */
  readonly cpus: number | null;
  readonly openFiles: number | null;
  readonly processes: number | null;
}

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

export interface ReleasePolicy {
  /** `steps`: the person wrote them; the others are names for lists of steps. */
  readonly strategy: 'blue-green' | 'canary' | 'cautious' | 'steps';
  readonly tests: readonly Test[];
  /** Outside them no step advances and deploys wait; going back is always allowed. */
  readonly windows: Windows;
  /** Between the tests and the switch; of a named strategy the steps that it stands for. */
  readonly steps: readonly StepPolicy[];
  /** Which people a percentage selects: the same in every release, or nobody again until everybody has been first. */
  readonly cohort: 'same' | 'fresh';
  /** `auto` goes live when the tests are green, `afterMs` later; `manual` waits for `teal promote`. */
  readonly promote: { readonly kind: 'auto'; readonly afterMs: number } | { readonly kind: 'manual' };
  /** Web instances of the candidate while it is tested; it grows to full size before the switch. */
  readonly previewInstances: number | 'all';
  /** From deploy to switch, pauses not counted. */
  readonly deadlineMs: number;
  /** How long the old environment stays warm after the switch. */
  readonly rollbackWindowMs: number;
}

/** When a release may advance. */
export interface Windows {
  /** Any of them is enough; none: always. */
  readonly open: readonly WindowPolicy[];
  /** `2026-12-25`, in the zone of each window. */
  readonly holidays: readonly string[];
}

export interface WindowPolicy {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight; one that ends before it begins ends on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name, such as Europe/Berlin. */
  readonly zone: string;
}

export type StepPolicy =
  /** The test of this name, here instead of first. */
  | { readonly kind: 'test'; readonly test: string }
  | WarmPolicy
  | ExposePolicy
  | MirrorPolicy
  | { readonly kind: 'wait'; readonly ms: number }
  | ApprovePolicy;

/** Requests to the candidate before people meet it. */
export interface WarmPolicy {
  readonly kind: 'warm';
  readonly paths: readonly string[];
  /** How often each path is asked for. */
  readonly count: number;
}

/** Sends a part of the people to the candidate. */
export interface ExposePolicy {
  readonly kind: 'expose';
  /** Names of audiences, beside those of earlier steps; empty: everyone. */
  readonly to: readonly string[];
  /** How many of them, 0.001 to 99.999; null: all. */
  readonly percent: number | null;
  /** How long, from when every router has it; at least that long where the judge decides. */
  readonly forMs: number;
  /**
   * `on`: goes on as soon as it is shown to be safe; `hold`: goes on by time, unless the judge holds it; both: goes back on evidence of harm.
   * `off`: goes on by time, whatever the judge says. Absent in what an older Teal wrote: off.
   */
  readonly judge?: StepJudge;
  /** Where it is `on`: after this long without evidence of safety, */
  readonly atMostMs?: number;
  /** this is done. */
  readonly withoutEvidence?: WithoutEvidence;
}

export type StepJudge = 'off' | 'hold' | 'on';
export type WithoutEvidence = 'ask' | 'advance' | 'rollback';

/** Sends the candidate copies of live's requests; its answers are thrown away. */
export interface MirrorPolicy {
  readonly kind: 'mirror';
  /** Names of audiences whose requests are copied; empty: everyone's. */
  readonly of: readonly string[];
  /** How many of those requests, 0.001 to 99.999, each chosen by itself; null: all. */
  readonly percent: number | null;
  readonly methods: readonly string[];
  /** How long, from when every router has it. */
  readonly forMs: number;
  /** Of a copy, from sent to its whole answer. */
  readonly timeoutMs: number;
  /** Requests with a longer body are not copied. */
  readonly maxBodyBytes: number;
}

/** Waits for a person. */
export interface ApprovePolicy {
  readonly kind: 'approve';
  /** For people: the role that `by` was made of. */
  readonly role: string | null;
  /** Actors who may approve (`user:anna`); null: anyone. */
  readonly by: readonly string[] | null;
  /** Not the one who deployed. */
  readonly fourEyes: boolean;
  readonly expiresMs: number | null;
  readonly onExpiry: 'abort' | 'advance';
}

export type Test =
  | { readonly kind: 'command'; readonly name: string; readonly command: string; readonly timeoutMs: number }
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly method: string;
      readonly path: string;
      readonly status: readonly (readonly [number, number])[];
      readonly contains: string | null;
      readonly timeoutMs: number;
    };

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
