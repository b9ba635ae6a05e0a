import { readFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  importSPKI,
  type CryptoKey,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import type { JwtAlgorithm, JwtKeys } from '../../config/audience.ts';

/** What tokens are verified with. */
export type KeySet = CryptoKey | Uint8Array | JWTVerifyGetKey;

/** `now` is of a clock that nobody sets: by the time of day, keys that were fetched before it was set back would never be too old. */
export interface KeyHolder {
  /** The keys at hand, fetched when there are none or they are too old. @throws when there are none */
  get(now: number): Promise<KeySet>;
  /** Fetches again for a key that is not known. @returns whether there are other keys now */
  renew(now: number): Promise<boolean>;
}

export interface KeyHolderOptions {
  readonly keys: JwtKeys;
  /** The first is what a key in PEM is imported for. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  /** There are other keys than before: what was verified has to be verified again. */
  onRotation(): void;
  /** Keys cannot be had; told once for each outage. */
  onWarning(message: string): void;
}

/** Keys are asked for again after this: providers announce new ones days before they sign with them. */
const freshMs = { jwks: 600_000, file: 10_000, secret: 10_000 } as const;
/** How long known keys go on counting while they cannot be fetched: longer than most outages, short enough that a key taken back ends. */
const staleMs = 3_600_000;
/** Between two attempts while they fail, and between two searches for unknown keys: tokens are free to invent key ids. */
const pauseMs = 10_000;
const renewMs = 30_000;
const fetchMs = 2000;
const mostBytes = 1024 ** 2;

interface Held {
  readonly text: string;
  readonly set: KeySet;
  readonly at: number;
}

/** Holds keys, from wherever settings say. One attempt at a time; a failure is not repeated before a pause. */
export function holdKeys(options: KeyHolderOptions): KeyHolder {
  const { keys } = options;
  let held: Held | null = null;
  let pending: Promise<Held> | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failing = false;

  const load = (now: number): Promise<Held> => {
    pending ??= read(options, now)
      .then(
        (fresh) => {
          const rotated = held !== null && held.text !== fresh.text;
          held = rotated || held === null ? fresh : { ...held, at: now };
          failing = false;
          if (rotated) options.onRotation();
          return held;
        },
        (error: unknown) => {
          failedAt = now;
          const why = error instanceof Error ? error.message : 'unknown';
          if (!failing) options.onWarning(`keys for tokens cannot be had: ${describe(keys)}: ${why}`);
          failing = true;
          throw error;
        },
      )
      .finally(() => {
        pending = null;
      });
    return pending;
  };

  return {
    async get(now) {
      const age = held === null ? Number.POSITIVE_INFINITY : now - held.at;
      if (held !== null && age < freshMs[keys.kind]) return held.set;
      const paused = pending === null && now - failedAt < pauseMs;
      if (held !== null && age < staleMs) {
        // Nobody waits for keys that are only getting old; a failure has been told by then.
        if (!paused) load(now).catch(() => undefined);
        return held.set;
      }
      if (paused) throw new Error('not reachable a moment ago');
      return (await load(now)).set;
    },
    async renew(now) {
      if (held !== null && now - held.at < renewMs) return false;
      if (now - failedAt < pauseMs) return false;
      const before = held?.text;
      return (await load(now)).text !== before;
    },
  };
}

function describe(keys: JwtKeys): string {
  if (keys.kind === 'jwks') return keys.url;
  return keys.kind === 'file' ? keys.path : `${keys.source}:${keys.name}`;
}

async function read(options: KeyHolderOptions, at: number): Promise<Held> {
  const text = await textOf(options);
  return { text, set: await keySet(text, options), at };
}

async function textOf({ keys, environment, fetch }: KeyHolderOptions): Promise<string> {
  switch (keys.kind) {
    case 'jwks': {
      // A redirect could lead away from https, which the settings were checked for.
      const signal = AbortSignal.timeout(fetchMs);
      const response = await fetch(keys.url, { redirect: 'error', signal });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      const text = await response.text();
      if (text.length > mostBytes) throw new Error('more than 1MB');
      return text;
    }
    case 'file':
      return readFile(keys.path, 'utf8');
    case 'secret': {
      const secret =
        keys.source === 'file' ? (await readFile(keys.name, 'utf8')).trimEnd() : environment[keys.name];
      if (secret === undefined || secret === '') throw new Error('it is not set');
      return secret;
    }
  }
}

/** Shorter ones can be guessed (RFC 7518 §3.2 wants the length of the hash). */
const shortestSecret = 32;

async function keySet(text: string, { keys, algorithms }: KeyHolderOptions): Promise<KeySet> {
  if (keys.kind === 'secret') {
    const secret = new TextEncoder().encode(text);
    if (secret.length < shortestSecret) throw new Error(`shorter than ${shortestSecret} bytes`);
    return secret;
  }
  if (text.trimStart().startsWith('-----BEGIN')) return importSPKI(text.trim(), algorithms[0] ?? 'RS256');
  // Shared secrets in a set never fit: jose takes public keys from one alone.
  return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
}
