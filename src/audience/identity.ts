import type { IdentitySource } from '../config/audience.ts';
import { claimReader, keyOfClaim } from './claims.ts';
import { theCookie } from './cookie.ts';
import type { AudienceRequest } from './request.ts';
import { isKey, textOf } from './text.ts';

/** One entry of `identity.sources`, made ready. */
export interface CompiledSource {
  /** `jwt sub`, `header x-user-id`, `cookie uid`. */
  readonly says: string;
  /** The key in a request, or null. */
  read(request: AudienceRequest): string | null;
  /** Nobody can make this one up: it was signed, or a trusted proxy wrote it. */
  readonly verified: boolean;
}

export function compileSource(source: IdentitySource): CompiledSource {
  switch (source.kind) {
    case 'jwt': {
      const read = claimReader(source.claim);
      return {
        says: `jwt ${source.claim}`,
        verified: true,
        read: ({ token }) => (token.ok ? keyOfClaim(read(token.claims)) : null),
      };
    }
    case 'header':
      return {
        says: `header ${source.name}`,
        verified: source.from === 'proxies',
        read: (request) =>
          source.from === 'proxies' && !request.viaProxy ? null : headerKey(request.header(source.name)),
      };
    case 'cookie':
      return {
        says: `cookie ${source.name}`,
        verified: false,
        read: (request) => keyOf(theCookie(request.cookie, source.name)),
      };
  }
}

/** A comma means that the header came twice, of which one may be the client's own. */
function headerKey(value: string | null): string | null {
  return value === null || value.includes(',') ? null : keyOf(value);
}

function keyOf(bytes: string | null): string | null {
  if (bytes === null || bytes.length > 1024) return null;
  const text = textOf(bytes);
  return text !== null && isKey(text) ? text : null;
}
