import type { Decided } from '../../release/group-orders.ts';
import { says } from './says.ts';

/** One sentence: what a command did. */
export const didOf = ({ events, note }: Decided): string =>
  note ?? events.map(says)[0] ?? 'nothing had to be done';
