/** How the router itself is reached, and what it takes from clients. */
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

/** One line of JSON for each request. */
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

/** Which answers tell in `Server-Timing` where the time to their first byte went. */
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

/** Where something listens, or is reached. */
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
