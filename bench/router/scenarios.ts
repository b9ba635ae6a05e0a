/** What is asked of every proxy, and what is promised of Teal. */

export interface Scenario {
  readonly name: ScenarioName;
  readonly label: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Bytes of the request body. */
  readonly upload: number;
  /** Kept alive. As many as keep a proxy busy: bodies need fewer. */
  readonly connections: number;
  /** Teal's CPU per request at most this many times that of the peer. */
  readonly goals: Readonly<Partial<Record<string, number>>>;
}

export type ScenarioName = 'small' | 'large' | 'upload';

export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    label: 'GET, 0.4 kB',
    method: 'GET',
    path: '/small',
    upload: 0,
    connections: 64,
    goals: { haproxy: 1.3, caddy: 0.4 },
  },
  {
    name: 'large',
    label: 'GET, 64 kB',
    method: 'GET',
    path: '/large',
    upload: 0,
    connections: 32,
    goals: { haproxy: 1.5 },
  },
  {
    name: 'upload',
    label: 'POST, 1 MB up',
    method: 'POST',
    path: '/upload',
    upload: 1_048_576,
    connections: 16,
    goals: { haproxy: 1.5 },
  },
];

/** The p99 at a fixed rate, as a multiple of HAProxy's in the same round: median over the rounds. */
export const latencyGoal = { ratio: 2, rounds: 9 } as const;
