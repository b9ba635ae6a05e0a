import type { Failure } from './ejection.ts';

/** Why a request has no (complete) answer of the app; its name is the `X-Teal-Error` of ours. */
export interface Fault {
  readonly status: 400 | 408 | 413 | 502 | 503 | 504;
  readonly says: string;
  /** What it says of the endpoint, when that is not known already. */
  readonly blame?: Failure;
  /** Nobody's: not counted as failed. */
  readonly excused?: true;
  /** Counted as failed, but says nothing of the version. */
  readonly ofClient?: true;
}

const faults = {
  'bad-body': { status: 400, says: 'The request body is malformed.' },
  'body-too-large': { status: 413, says: 'The request body is larger than this app allows.' },
  'body-timeout': { status: 408, says: 'The request body did not arrive in time.' },
  'queue-timeout': { status: 503, says: 'Every instance of the app was busy for too long.' },
  /** Told to those who are still listening: who ends a side while it waits has gone, nearly always. */
  'client-left': {
    status: 503,
    says: 'The connection was ended while the request waited for an instance.',
    excused: true,
  },
  'connect-refused': { status: 502, says: 'No instance of the app accepts connections.' },
  'connect-timeout': { status: 504, says: 'No instance of the app accepted a connection in time.' },
  'response-timeout': { status: 504, says: 'The app did not answer in time.', blame: 'broken' },
  'total-timeout': { status: 504, says: 'The answer took too long.' },
  'idle-timeout': { status: 504, says: '', blame: 'broken' },
  'bad-response': { status: 502, says: 'The app sent a malformed response.', blame: 'broken' },
  'upstream-closed': {
    status: 502,
    says: 'The connection to the app ended before its answer was complete.',
    blame: 'broken',
  },
  /** As `idle-timeout`, of a client that does not read on. */
  'client-idle': { status: 504, says: '', ofClient: true },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultCode = keyof typeof faults;

export function faultOf(code: FaultCode): Fault {
  return faults[code];
}
