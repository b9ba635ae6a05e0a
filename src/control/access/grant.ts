import type { AccessRole } from '../../config/control.ts';

/** What lets somebody in: a token, a sign-in of the CLI, or a session of a browser. Its secret is not in it. */
export interface Grant {
  readonly id: string;
  readonly kind: 'token' | 'login' | 'session';
  readonly name: string;
  /** As whom they act. */
  readonly actor: string;
  readonly role: AccessRole;
  /** Null: every app. */
  readonly apps: readonly string[] | null;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  /** Of the secret before this one, which is good until then. Absent: it has always had this one. */
  readonly former?: { readonly hash: string; readonly until: number };
  /** The token by which a browser was let in: it ends with that. Absent: by an issuer, or over the socket. */
  readonly of?: string;
  readonly madeAt: number;
  readonly madeBy: string;
  /** Null: never. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly lastFrom: string | null;
}

/** What happens to grants; appended to the stream of its own. */
export type GrantEvent =
  | { readonly type: 'granted'; readonly grant: Grant }
  | { readonly type: 'revoked'; readonly id: string; readonly at: number }
  /** It has another secret; the one before is good until then. */
  | { readonly type: 'rotated'; readonly id: string; readonly hash: string; readonly until: number }
  /** Of a Teal that gave each secret a grant of its own; no longer written. */
  | { readonly type: 'shortened'; readonly id: string; readonly expiresAt: number };

export type GrantState = 'in force' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: Grant, now: number): GrantState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'in force';
}

const dayMs = 24 * 3600_000;
/** So that who still uses one is told that it has ended; afterwards it is a token that nobody knows. */
const rememberedMs = 30 * dayMs;

export type Grants = ReadonlyMap<string, Grant>;

export function fold(grants: Grants, event: GrantEvent): Grants {
  const next = new Map(grants);
  if (event.type === 'granted') return next.set(event.grant.id, event.grant);
  const grant = next.get(event.id);
  if (grant === undefined) return next;
  switch (event.type) {
    case 'revoked':
      return next.set(grant.id, { ...grant, revokedAt: event.at });
    case 'shortened':
      return next.set(grant.id, { ...grant, expiresAt: event.expiresAt });
    case 'rotated': {
      const former = { hash: grant.hash, until: event.until };
      return next.set(grant.id, { ...grant, hash: event.hash, former });
    }
  }
}

/** Without those that have ended long ago. */
export function worthKeeping(grants: Grants, now: number): Grants {
  const ended = ({ revokedAt, expiresAt }: Grant): number =>
    revokedAt ?? expiresAt ?? Number.POSITIVE_INFINITY;
  return new Map([...grants].filter(([, grant]) => ended(grant) + rememberedMs > now));
}
