import type { Continent } from '../config/countries.ts';
import type { SignedId, SignedRelease } from './signed.ts';

/** What `route` may know of a request: facts that have been verified, and what anybody can write as such. */
export interface AudienceRequest {
  /** Of the client, as `clientAddress` or `plainAddress` spells it; empty when nobody can say. */
  readonly address: string;
  /** The connection comes from one of `router.trusted-proxies`. */
  readonly viaProxy: boolean;
  /** All of the header's values joined by `, `, one character for each byte; null when absent. The name is in lower case. */
  header(name: string): string | null;
  /** All Cookie headers joined by `; `, one character for each byte. */
  readonly cookie: string;
  readonly token: TokenVerdict;
  /** `teal-id`, verified. */
  readonly id: SignedId | null;
  /** `teal-release`, verified. */
  readonly release: SignedRelease | null;
  /** Stands in for the lookup of the address, to ask what would be. */
  readonly place?: Place | null;
}

/** Where an address is, as far as the database knows. */
export interface Place {
  /** ISO 3166-1. */
  readonly country: string | null;
  readonly continent: Continent | null;
  /** ISO 3166-2, from large to small. */
  readonly regions: readonly string[];
}

export type Claims = Readonly<Record<string, unknown>>;

/** What became of the request's JWT; only claims of a verified one are ever looked at. */
export type TokenVerdict =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly why: TokenFault };

export type TokenFault =
  | 'absent'
  | 'malformed'
  | 'algorithm'
  | 'signature'
  | 'unknown-key'
  | 'expired'
  | 'not-yet'
  | 'issuer'
  | 'audience'
  | 'claims'
  | 'keys-unavailable'
  | 'busy';

export const noToken: TokenVerdict = { ok: false, why: 'absent' };
