import { signal } from '@preact/signals';
import type { Refusal } from './ask.ts';

/** The last thing that somebody did here, and what came of it. */
export type Told =
  | { readonly ok: true; readonly says: string }
  | { readonly ok: false; readonly refusal: Refusal };

export const told = signal<Told | null>(null);
