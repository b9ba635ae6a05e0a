import { createHash } from 'node:crypto';
import type { AuditEntry } from '../contract-access.ts';

/** What the first entry has before it. */
export const beginning: string = '0'.repeat(64);

/**
 * SHA-256 over the entry without its own hash, its keys in order: the same for the same, whoever computes it. The hash of the
 * entry before is part of it, so that none can be changed, taken out or put in without all that follow being wrong.
 */
export function hashOfEntry(entry: Omit<AuditEntry, 'hash'> & { readonly hash?: string }): string {
  return createHash('sha256')
    .update(canonical({ ...entry, hash: undefined }))
    .digest('hex');
}

/** JSON with the keys of every object sorted by their UTF-16 units (as RFC 8785 does). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
