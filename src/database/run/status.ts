import { TealError } from '../../errors.ts';
import { sayAddress } from '../server/address.ts';
import { phases as allPhases, type Phase } from '../../config/database.ts';
import { holderOf, type Blocker } from './blockers.ts';
import { connect, type Connection } from './connection.ts';
import { isKept, lockKey, migrationsIn, readLedger, type Progress } from './ledger.ts';
import { aboutRecord, isLost, sayServerError } from './server-error.ts';

export interface PhaseStatus {
  readonly phase: Phase;
  readonly state: 'done' | 'under way' | 'not begun';
  readonly steps: number | null;
  readonly done: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** The step that has begun and is not done. */
  readonly at: { readonly step: number; readonly what: string; readonly progress: Progress | null } | null;
}

export interface MigrationStatus {
  readonly migration: string;
  /** How often it was expanded. */
  readonly round: number;
  readonly phases: readonly PhaseStatus[];
}

export interface DatabaseStatus {
  readonly place: string;
  readonly migrations: readonly MigrationStatus[];
  /** Who runs a migration now. */
  readonly running: Blocker | null;
}

/** Connecting alone may take 10 s (driver.ts), and who asks a control plane waits 15 s for it. */
const usualWithinMs = 12_000;

/**
 * What is recorded in a database, oldest first. @param withinMs for all of it: a server may go silent at any moment
 * @throws TealError `database-unavailable`, `package-missing`
 */
export async function databaseStatus(url: string, withinMs = usualWithinMs): Promise<DatabaseStatus> {
  const late = AbortSignal.timeout(withinMs);
  try {
    const connection = await reached(url, late);
    const leave = (): void => void connection.close();
    late.addEventListener('abort', leave, { once: true });
    try {
      late.throwIfAborted();
      return await recordedIn(connection);
    } catch (error) {
      throw aboutRecord(error);
    } finally {
      late.removeEventListener('abort', leave);
      await connection.close();
    }
  } catch (error) {
    if (!late.aborted) throw error;
    throw new TealError(
      'database-unavailable',
      `The database ${sayAddress(url)} did not answer within ${withinMs / 1000} s`,
      { remedy: 'Is it running, and can it be reached from here? Try the same with psql.', cause: error },
    );
  }
}

async function reached(url: string, signal: AbortSignal): Promise<Connection> {
  try {
    return await connect(url, 'teal db status', { signal });
  } catch (error) {
    if (error instanceof TealError) throw error;
    throw new TealError(
      'database-unavailable',
      `The database cannot be ${isLost(error) ? 'reached' : 'used'}: ${sayServerError(error)}`,
      {
        remedy: 'Is it running, and are the address, user and password right? Try the same with psql.',
        cause: error,
      },
    );
  }
}

async function recordedIn(connection: Connection): Promise<DatabaseStatus> {
  const names = (await isKept(connection)) ? await migrationsIn(connection) : [];
  const migrations: MigrationStatus[] = [];
  for (const name of names) migrations.push(await statusOf(connection, name));
  return { place: connection.place, migrations, running: await holderOf(connection, lockKey) };
}

async function statusOf(connection: Connection, migration: string): Promise<MigrationStatus> {
  const ledger = await readLedger(connection, migration);
  const round = Math.max(1, ...ledger.phases.map((each) => each.round));
  const phases = allPhases.map((phase): PhaseStatus => {
    const record = ledger.phases.find((each) => each.round === round && each.phase === phase);
    const steps = ledger.steps.filter((each) => each.round === round && each.phase === phase);
    const at = steps.find(({ state }) => state === 'started');
    return {
      phase,
      state: record === undefined ? 'not begun' : record.finishedAt === null ? 'under way' : 'done',
      steps: record?.steps ?? null,
      done: steps.filter(({ state }) => state === 'done').length,
      startedAt: record?.startedAt ?? null,
      finishedAt: record?.finishedAt ?? null,
      at: at === undefined ? null : { step: at.step, what: at.what, progress: at.progress },
    };
  });
  return { migration, round, phases };
}
