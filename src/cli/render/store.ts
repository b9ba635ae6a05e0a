import type { Digest } from '../../store/dump.ts';
import { counted } from './units.ts';

/** What was written and compared, as rows of a block. */
export function tableRows({ rows, hash }: Digest): readonly (readonly [string, string])[] {
  const { stream, event, tick } = rows;
  return [
    ['Holds', `${counted(event, 'event')} of ${counted(stream, 'app')}, ${counted(tick, 'tick')} of judges`],
    ['Verified', `read back and equal: sha256 ${hash.slice(0, 16)}…`],
  ];
}
