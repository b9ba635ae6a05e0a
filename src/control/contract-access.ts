/** Who may come in, as the API tells it: shapes of routes/access.ts, for those who ask. */
import type { AccessRole } from '../config/control.ts';
import type { Grant, GrantState } from './access/grant.ts';

export interface WhoAmI {
  readonly actor: string;
  readonly role: AccessRole;
  /** Null: every app. */
  readonly apps: readonly string[] | null;
  readonly by: 'socket' | 'token' | 'login' | 'session';
  /** Of the token that was shown. */
  readonly name: string | null;
  readonly expiresAt: number | null;
  /** Largest archive that is taken. */
  readonly maxUploadBytes: number;
}

export interface TokenBody {
  readonly name: string;
  readonly role: AccessRole;
  readonly apps?: readonly string[];
  /** How long it is good; for ever when left out. */
  readonly expiresMs?: number;
  /** As whom it acts; `token:<name>` when left out. */
  readonly actor?: string;
}

/** A link that lets one browser in. */
export interface LinkMade {
  readonly url: string;
  readonly expiresAt: number;
}

/** What is known of a token, but for its secret. */
export type TokenView = Omit<Grant, 'hash' | 'former'> & { readonly state: GrantState };

export interface TokenMade {
  readonly secret: string;
  readonly token: TokenView;
}

export interface UploadResult {
  /** What `from` says. */
  readonly upload: string;
  /** In hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** One thing that was asked for, and what came of it. */
export interface AuditEntry {
  /** From 1, without gaps. */
  readonly number: number;
  readonly at: number;
  readonly actor: string;
  /** Null: nobody knew who it was. */
  readonly role: AccessRole | null;
  readonly by: WhoAmI['by'] | null;
  /** Id of the token or session. */
  readonly token: string | null;
  /** Null: over the socket. */
  readonly address: string | null;
  readonly agent: string | null;
  /** A command, or what the route is. */
  readonly what: string;
  readonly path: string;
  /** Of the answer: what is 400 or above was refused, or failed. */
  readonly status: number;
  /** Why it was refused. */
  readonly code: string | null;
  /** What of the apps, or of tokens, is different afterwards; null where nothing is. */
  readonly before: unknown;
  readonly after: unknown;
  /** How many entries before this one could not be written. */
  readonly lost: number;
  /** Hash of the entry before; 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 of all of the above as JSON with sorted keys, in hex. */
  readonly hash: string;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly entries: number;
  /** Of the newest entry: noted elsewhere, it proves later that nothing up to here was changed. Null: no entry. */
  readonly head: string | null;
  readonly problems: readonly { readonly number: number; readonly says: string }[];
}

/** Who the dashboard's person is. */
export interface SessionView {
  readonly actor: string;
  readonly role: AccessRole;
  readonly apps: readonly string[] | null;
  /** What every request that changes anything sends as `x-teal-csrf`; null where no cookie is shown. */
  readonly csrf: string | null;
  readonly expiresAt: number | null;
}

/** A sign-in of the command line that somebody finishes in a browser. */
export interface DeviceBegun {
  /** What it is asked for by; a secret. */
  readonly id: string;
  readonly userCode: string;
  readonly uri: string;
  /** With the code in it. */
  readonly completeUri: string | null;
  readonly expiresAt: number;
}

export interface DeviceAnswer {
  /** The token; null while it is waited for. Given once. */
  readonly secret: string | null;
}
