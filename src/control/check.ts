import type { Check } from './contract.ts';

/** What a check found; with what to do where something is to be done. */
export const ok = (name: string, says: string): Check => ({ name, state: 'ok', says, remedy: null });

export const warning = (name: string, says: string, remedy: string): Check => ({
  name,
  state: 'warning',
  says,
  remedy,
});

export const failed = (name: string, says: string, remedy: string): Check => ({
  name,
  state: 'failed',
  says,
  remedy,
});
