/** What is asked of every proxy, and what is promised of Teal. */

/** How clients reach the proxy. HTTP/2 is over TLS, as browsers speak it; to the app all speak HTTP/1.1. */
type Over = 'http' | 'https' | 'h2';

export interface Scenario {
  readonly name: ScenarioName;
  readonly label: string;
  readonly over: Over;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Bytes of the request body. */
  readonly upload: number;
  /** Kept alive. As many as keep a proxy busy: bodies need fewer. */
  readonly connections: number;
  /** Connections beside those, kept alive after a request each. */
  readonly idle?: number;
  /** Requests under way on each connection at a time: more than one in HTTP/2 only. */
  readonly streams: number;
  /** Asked by browsers of many people, each with cookies of their own. */
  readonly people?: true;
  /** The proxies that are compared; otherwise all but that of `subject`s of other scenarios. */
  readonly among?: readonly string[];
  /** Whose CPU is judged: Teal's as it comes, unless said otherwise. */
  readonly subject?: string;
  /** Its CPU per request at most this many times that of the peer. */
  readonly goals: Readonly<Partial<Record<string, number>>>;
}

export type ScenarioName = 'small' | 'large' | 'upload' | 'many' | 'canary' | 'tls' | 'h2';

/** Teal in the middle of a release: four audiences and a percentage of everyone, asked of every request. */
export const canaryName = 'teal, five rules';

export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    label: 'GET, 0.4 kB',
    over: 'http',
    method: 'GET',
    path: '/small',
    upload: 0,
    connections: 64,
    streams: 1,
    goals: { haproxy: 1.3, caddy: 0.4 },
  },
  {
    name: 'large',
    label: 'GET, 64 kB',
    over: 'http',
    method: 'GET',
    path: '/large',
    upload: 0,
    connections: 32,
    streams: 1,
    goals: { haproxy: 1.5 },
  },
  {
    name: 'upload',
    label: 'POST, 1 MB up',
    over: 'http',
    method: 'POST',
    path: '/upload',
    upload: 1_048_576,
    connections: 16,
    streams: 1,
    goals: { haproxy: 1.5 },
  },
  {
    name: 'many',
    label: 'GET, 0.4 kB, beside 5000 idle connections',
    over: 'http',
    method: 'GET',
    path: '/small',
    upload: 0,
    connections: 64,
    idle: 5_000,
    streams: 1,
    goals: {},
  },
  {
    name: 'canary',
    label: 'GET, 0.4 kB, of people with cookies',
    over: 'http',
    method: 'GET',
    path: '/small',
    upload: 0,
    connections: 64,
    streams: 1,
    people: true,
    among: ['teal', canaryName],
    subject: canaryName,
    goals: { teal: 1.15 },
  },
  {
    name: 'tls',
    label: 'GET, 0.4 kB, TLS',
    over: 'https',
    method: 'GET',
    path: '/small',
    upload: 0,
    connections: 64,
    streams: 1,
    goals: {},
  },
  {
    name: 'h2',
    label: 'GET, 0.4 kB, HTTP/2',
    over: 'h2',
    method: 'GET',
    path: '/small',
    upload: 0,
    connections: 16,
    streams: 4,
    goals: {},
  },
];

/** The p99 at a fixed rate, as a multiple of HAProxy's in the same round: median over the rounds. */
export const latencyGoal = { ratio: 2, rounds: 9 } as const;
