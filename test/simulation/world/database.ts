import type { App } from '../../../src/config/config.ts';
import { phases, type Phase } from '../../../src/config/database.ts';
import type { Work } from '../../../src/control/migrate/work.ts';
import type { Database } from '../../../src/control/drivers.ts';
import { TealError, type ErrorCode } from '../../../src/errors.ts';
import type { AppState, Build, BuildMigration } from '../../../src/release/state.ts';
import { Random } from '../random.ts';
import { never, type Life } from './life.ts';
import type { Time } from './time.ts';

/** What is recorded of a migration, as the executor does (src/database/run/order.ts): a round is one expand with all that follows. */
interface Round {
  readonly steps: Record<Phase, number>;
  readonly begun: Set<Phase>;
}

/** What can be wrong with a server. */
export interface ServerWeather {
  /** Nobody can reach it. */
  away: boolean;
  /** No lock is granted in time. */
  locked: boolean;
}

/** Every migration has so many steps in each of its phases. */
const stepsOf: Readonly<Record<Phase, number>> = { expand: 2, backfill: 3, undo: 2, contract: 2 };

/**
 * Databases that are imagined, one for each app: what is recorded there outlives every control plane, one session at a time runs a migration,
 * and a step is done with its record or not at all.
 */
export class Databases {
  readonly random: Random;
  readonly weather: ServerWeather = { away: false, locked: false };
  /** Told of a step that is done, and of one that was done before. */
  done: (
    app: string,
    what: { readonly migration: string; readonly phase: Phase; readonly again: boolean },
  ) => void = () => undefined;
  readonly #time: Time;
  readonly #ledgers = new Map<string, Round[]>();
  /** Apps in whose database a session holds the lock. */
  readonly #held = new Set<string>();

  constructor(time: Time, seed: number) {
    this.#time = time;
    // Of its own: what happens to apps without a database is the same as ever.
    this.random = new Random(seed ^ 0x0dbd_b0db);
  }

  /** @param life whose control plane asks */
  driver(life: Life): Database {
    return {
      withMigration: async (_: AppState, build: Build) => {
        const migration = migrationOf(build);
        return migration === null ? build : { ...build, migration };
      },
      lintNote: async () => null,
      runPhase: (work) => this.#run(life, work),
      hasRun: async ({ app, effect: { phase, migration } }) => {
        const last = this.#ledgers.get(`${app}/${migration.name}`)?.at(-1);
        return last !== undefined && !(phase === 'expand' && isDone(last, 'undo')) && last.steps[phase] > 0;
      },
    };
  }

  /** Whether all that a version with this migration needs is there. */
  isExpanded(app: string, migration: string): boolean {
    const last = this.#ledgers.get(`${app}/${migration}`)?.at(-1);
    return (
      last !== undefined && isDone(last, 'expand') && isDone(last, 'backfill') && !last.begun.has('undo')
    );
  }

  /** Whether something is gone that versions from before this migration need. */
  isContracted(app: string, migration: string): boolean {
    return (this.#ledgers.get(`${app}/${migration}`)?.at(-1)?.steps.contract ?? 0) > 0;
  }

  async #run(life: Life, { app, effect, signal }: Work): Promise<{ steps: number; ran: number; ms: number }> {
    const { phase, migration } = effect;
    if (life.fenced) return never();
    await this.#lock(app, life, signal);
    // As control/migrate does: what has not come to the database need not be taken back there.
    if (phase === 'undo' && !this.#ledgers.has(`${app}/${migration.name}`)) {
      this.#held.delete(app);
      return { steps: 0, ran: 0, ms: 0 };
    }
    let ran: number | null;
    try {
      ran = await this.#steps(life, { app, phase, build: migration.build, signal });
    } finally {
      this.#held.delete(app);
    }
    return ran === null ? await never() : { steps: stepsOf[phase], ran, ms: 1 };
  }

  /** A session advisory lock: of who is dead the server lets go when it has done with the step. */
  async #lock(app: string, life: Life, signal: AbortSignal): Promise<void> {
    while (this.#held.has(app)) {
      await this.#time.pause(200, life);
      stopIf(signal);
    }
    this.#held.add(app);
  }

  /** How many ran; null: the control plane has died meanwhile. */
  async #steps(
    life: Life,
    { app, phase, build, signal }: { app: string; phase: Phase; build: Build; signal: AbortSignal },
  ): Promise<number | null> {
    const name = build.migration?.name ?? '';
    const round = this.#roundOf(`${app}/${name}`, phase);
    if (isDone(round, phase)) return 0;
    round.begun.add(phase);
    let ran = 0;
    while (!isDone(round, phase)) {
      const before = round.steps[phase];
      await this.#time.pause(this.random.spread(20, 2500));
      // Whoever has died in the middle has done the step or not; the server knows.
      if (!life.alive && this.random.chance(0.5)) return null;
      if (life.alive) {
        stopIf(signal);
        this.#fails(build, phase, before);
      }
      this.done(app, { migration: name, phase, again: round.steps[phase] !== before });
      round.steps[phase] += 1;
      ran += 1;
      if (!life.alive) return null;
    }
    return ran;
  }

  #fails(build: Build, phase: Phase, step: number): void {
    if (this.weather.away) throw failed('database-unavailable', 'The database cannot be reached');
    if (this.weather.locked) throw failed('lock-not-granted', 'The lock was not granted');
    if (phase === 'expand' && step === 1 && isUnfit(build.version))
      throw failed('migration-failed', 'Step 2 of expand failed');
  }

  /** @throws TealError `migration-order` */
  #roundOf(key: string, phase: Phase): Round {
    const rounds = this.#ledgers.get(key) ?? [];
    this.#ledgers.set(key, rounds);
    const last = rounds.at(-1);
    if (phase === 'expand' && (last === undefined || (last.begun.has('undo') && isDone(last, 'undo')))) {
      const next = { steps: { expand: 0, backfill: 0, undo: 0, contract: 0 }, begun: new Set<Phase>() };
      rounds.push(next);
      return next;
    }
    const why = refusal(last, phase);
    if (last === undefined || why !== null) throw failed('migration-order', why ?? 'expand has not run');
    return last;
  }
}

function refusal(round: Round | undefined, phase: Phase): string | null {
  if (round === undefined) return 'expand has not run';
  if (phase === 'undo') return round.begun.has('contract') ? 'contract has begun' : null;
  if (round.begun.has('undo')) return 'undo has begun';
  if (phase !== 'expand' && !isDone(round, 'expand')) return 'expand is not done';
  return phase === 'contract' && !isDone(round, 'backfill') ? 'backfill is not done' : null;
}

const isDone = ({ steps }: Round, phase: Phase): boolean => steps[phase] >= stepsOf[phase];

const failed = (code: ErrorCode, message: string): TealError =>
  new TealError(code, message, { remedy: 'see what the server says' });

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw failed('migration-interrupted', 'it was given up');
}

/** What the name of a version says of its migration: `v7.m3-good` has number 3 as its newest; `v7.m3x-good` one that fails. */
export const migrationNumber = (version: string): number => Number(/\.m(\d+)/.exec(version)?.[1] ?? 0);

const isUnfit = (version: string): boolean => /\.m\d+x/.test(version);

export const migrationName = (number: number): string => String(number).padStart(4, '0');

/** Backfills are verified with expand, so that only what may be missing is: undo, contract. */
export const phasesOf = (number: number): readonly Phase[] =>
  phases.filter((phase) => !(missing[number % missing.length] ?? []).includes(phase));

const missing: readonly (readonly Phase[])[] = [[], ['undo'], ['contract'], [], ['undo', 'contract']];

function migrationOf({ version, spec }: Build): BuildMigration | null {
  const number = migrationNumber(version);
  if (spec.database == null || number === 0) return null;
  return { name: migrationName(number), phases: phasesOf(number) };
}

/** The app, with a database for about every other. */
export function withDatabase(random: Random, app: App): App {
  if (!random.chance(0.5)) return app;
  const url = { kind: 'plain', value: 'postgres://db.example/app' } as const;
  return {
    ...app,
    database: {
      url,
      migrations: 'db',
      run: {},
      roles: null,
      contract: random.chance(0.8) ? 'auto' : 'manual',
      undo: random.chance(0.5) ? 'auto' : 'manual',
      rollback: random.chance(0.2) ? 'unsafe' : 'safe',
      lockTimeoutMs: 200,
      lockDeadlineMs: 10_000,
      batchMs: 100,
      pauseAt: { errorPercent: null, p99Ms: null },
      proof: null,
    },
  };
}
