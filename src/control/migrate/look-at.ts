import type { DatabasePolicy } from '../../config/database.ts';
import { look, type Snapshot } from '../../database/prove/collect.ts';
import type { Readings } from '../../database/prove/readings.ts';
import { loadParser } from '../../database/sql/parser.ts';
import { ask, type Asking } from './ask.ts';

export interface LookingAt extends Asking, Pick<DatabasePolicy, 'roles'> {
  /** Whether Teal itself is at work there. */
  readonly isBusy: () => boolean;
  readonly readings: Readings;
  /** Epoch ms. */
  readonly now: () => number;
}

/** What a server has counted, or words why there is nothing to see; and the role that Teal itself is at work with, null: it is not. */
export interface Seen {
  readonly snapshot: Snapshot | string;
  readonly without: string | null;
}

/** Looks at what a server has counted. @throws as `ask` does */
export async function lookAt(at: LookingAt): Promise<Seen> {
  const parser = await loadParser();
  return await ask(at, async (session) => {
    const busy = at.isBusy();
    const [self] = await session.query<{ role: string }>('SELECT current_user::text AS role');
    const roles = at.roles === null ? null : [at.roles.blue, at.roles.green];
    const snapshot = await look(parser, session, { roles, now: at.now(), readings: at.readings });
    return { snapshot, without: busy ? (self?.role ?? null) : null };
  });
}
