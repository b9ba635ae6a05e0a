import type { AccessRole } from '../../config/control.ts';
import { TealError } from '../../errors.ts';

/** Who asks, as it was found out. */
export interface Caller {
  /** As the history and approvals know them: `user:anna`, `token:ci`. */
  readonly actor: string;
  readonly role: AccessRole;
  /** Null: every app. */
  readonly apps: readonly string[] | null;
  /** `socket`: by the permission of a file; else by a secret they have shown. */
  readonly by: 'socket' | 'token' | 'login' | 'session';
  /** Of the token or session; null on the socket. */
  readonly id: string | null;
  /** What the token is called; null on the socket, and of sessions. */
  readonly name: string | null;
  /** Milliseconds since the epoch; null: does not end. */
  readonly expiresAt: number | null;
  readonly from: From;
}

/** Where a request comes from. */
export interface From {
  /** Null: over the socket. */
  readonly address: string | null;
  readonly agent: string | null;
}

/** What travels beside a request from the listener to whoever answers it. */
export interface CallerEnv {
  readonly caller?: Caller;
  readonly from?: From;
  /** For the audit log, what is different afterwards where that is not in the state of an app. */
  readonly tell?: (change: { readonly before: unknown; readonly after: unknown }) => void;
}

/** Whether the app is one that they may know of. */
export const knows = ({ apps }: Pick<Caller, 'apps'>, app: string): boolean =>
  apps === null || apps.includes(app);

/** Whoever it is. @throws TealError `not-signed-in` for nobody */
export function signedIn(caller: Caller | null): Caller {
  if (caller !== null) return caller;
  throw new TealError('not-signed-in', 'Teal does not know who asks.', { remedy: 'sign in: teal login' });
}
