import type { TealError } from '../errors.ts';
import type { Event } from './events.ts';

/** What follows from an input: events to store, or a refusal. */
export type Decision =
  | (Decided & { readonly refused?: never })
  | { readonly refused: TealError; readonly events?: never; readonly harm?: never };

export interface Decided {
  readonly events: readonly Event[];
  /** Says it in place of the events: why nothing happened where nothing had to, or what is waited for. */
  readonly note?: string;
  /** Said beside them: what the database makes of going back. */
  readonly harm?: string;
}

/** The part of a decision that is there only where there is something to say. */
export const harming = (harm: string | null): Pick<Decided, 'harm'> => (harm === null ? {} : { harm });

/** Who asks, and when. */
export interface Asked {
  readonly now: number;
  readonly actor: string;
}
