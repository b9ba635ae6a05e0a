import type { RouteId } from '../../src/control/api/routes/routes.ts';

export const kinds = [
  'valid',
  'nearly',
  'malformed',
  'huge',
  'truncated',
  'slow',
  'deep',
  'path',
  'query',
  'method',
  'encoding',
  'headers',
  'once',
  'role',
  'http',
] as const;
export type Kind = (typeof kinds)[number];

export interface Case {
  readonly kind: Kind;
  readonly method: string;
  /** Whose request it is when it arrives as one. */
  readonly route: RouteId | null;
  readonly bytes: Buffer;
  /** `half`: nothing more comes · `cut`: gone without waiting · `drip`: in pieces, slowly. */
  readonly how: 'whole' | 'half' | 'cut' | 'drip';
  /** It may be answered with success: else it has to be refused. */
  readonly acceptable: boolean;
  /** Sent a second time, it has to be answered the same. */
  readonly twice: boolean;
}
