/** Which kill a failure is of: by connection and phase, never by "about that time". Pure. */

/** A SIGKILL, and what was under way at that very moment. */
export type Kill =
  | { readonly kind: 'control'; readonly at: number; readonly pid: number; readonly how: string }
  | {
      readonly kind: 'worker';
      readonly at: number;
      readonly pid: number;
      /** Ours, of all connections that the process held. */
      readonly ports: ReadonlySet<number>;
      /** Requests that were under way on them, by their number. */
      readonly inFlight: ReadonlySet<number>;
    }
  | {
      readonly kind: 'instance';
      readonly at: number;
      readonly pid: number;
      readonly instance: string;
      /** Of the workers to it: so many requests it can have had at most. */
      readonly connections: number;
      /** All that were under way, by their number: which of them it had is not known from outside. */
      readonly inFlight: ReadonlySet<number>;
    };

/** A request that was not answered well. */
export interface Failed {
  readonly serial: number;
  readonly idempotent: boolean;
  readonly at: number;
  /** The head of an answer had come, from this instance. */
  readonly instance: string | null;
  /** The connection broke; else there was an answer, with an error. */
  readonly broke: boolean;
  readonly says: string;
}

/** A stream that broke. */
export interface Broken {
  /** Ours. */
  readonly port: number;
  /** Which instance it came from; null when it had not said so. */
  readonly instance: string | null;
  readonly at: number;
  readonly says: string;
}

export interface Blamed<Thing> {
  readonly of: Thing;
  /** Null: no kill explains it. */
  readonly kill: Kill | null;
}

/** Longer than it takes until everybody has been told, also on a busy machine; what fails later has another reason. */
const windowMs = 5000;
/** Two readings of one clock, in whole milliseconds. */
const clockMs = 2;

export function blame(failed: Failed, kills: readonly Kill[]): Blamed<Failed> {
  return {
    of: failed,
    kill: kills.find((kill) => within(kill, failed.at) && explains(kill, failed)) ?? null,
  };
}

export function blameStream(broken: Broken, kills: readonly Kill[]): Blamed<Broken> {
  const kill = kills.find(
    (one) =>
      within(one, broken.at) &&
      ((one.kind === 'worker' && one.ports.has(broken.port)) ||
        (one.kind === 'instance' && one.instance === broken.instance)),
  );
  return { of: broken, kill: kill ?? null };
}

function explains(kill: Kill, { serial, idempotent, instance, broke }: Failed): boolean {
  switch (kill.kind) {
    // It holds no request: no failure is ever its.
    case 'control':
      return false;
    case 'worker':
      return broke && kill.inFlight.has(serial);
    case 'instance':
      if (!kill.inFlight.has(serial)) return false;
      // What may be sent again must be, as long as nothing of an answer had been passed on: then it broke, and was of this instance.
      return idempotent
        ? broke && instance === kill.instance
        : instance === null || instance === kill.instance;
  }
}

function within({ at }: Kill, failedAt: number): boolean {
  return failedAt >= at - clockMs && failedAt - at <= windowMs;
}
