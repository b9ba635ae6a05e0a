import { databaseStatus } from '../database/run/status.ts';
import { TealError } from '../errors.ts';
import type { AppState } from '../release/state.ts';
import type { Check } from './contract.ts';
import { addressOf } from './migrate/address.ts';

/** Asks the database of each app once: that it cannot be had is better known before a release hangs on it. */
export async function databaseChecks(states: readonly AppState[]): Promise<readonly Check[]> {
  const checks = await Promise.all(states.map(databaseCheck));
  return checks.filter((check) => check !== null);
}

async function databaseCheck({ app, config }: AppState): Promise<Check | null> {
  const url = config?.database?.url ?? null;
  if (url === null) return null;
  const name = `${app} database`;
  try {
    const { place } = await databaseStatus(addressOf(app, url));
    return { name, state: 'ok', says: `${place} answers`, remedy: null };
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
    return { name, state: 'warning', says: error.message, remedy: error.remedy };
  }
}
