import type { Pair } from './certificate.ts';

/**
 * All that workers need for TLS and that changes while they run. Made by the parent, sent over IPC, the same on every
 * worker; it holds private keys, so it is never logged, stored or told to anyone else.
 */
export interface TlsMaterial {
  readonly pairs: readonly (Pair & { readonly names: readonly string[] })[];
  /** There are others that cannot be read, for names that nobody knows. */
  readonly incomplete: boolean;
  /** PEM of the authorities of clients; null when clients are not asked. */
  readonly authorities: string | null;
  /** 48 bytes in base64. Shared, so that a session goes on at whichever worker its next connection comes to. */
  readonly ticketKeys: string;
}
