import { databaseStatus } from '../database/run/status.ts';
import { TealError } from '../errors.ts';
import type { AppState } from '../release/state.ts';
import { failed, ok } from './check.ts';
import type { Check } from './contract.ts';
import { addressOf } from './migrate/address.ts';

/** Asks the database of each app once. One that cannot be had is something that is wrong: the next release with a migration fails by it. */
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
    return ok(name, `${place} answers`);
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
    return failed(name, error.message, error.remedy);
  }
}
