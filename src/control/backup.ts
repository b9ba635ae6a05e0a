import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { TealError } from '../errors.ts';
import { backupDump, checkBackup, writeBackup, type Backup } from '../store/backup.ts';
import { digestOf, type Digest, type Dump } from '../store/dump.ts';
import { openPostgres } from '../store/postgres/database.ts';
import { dumpSqlite, leaveSqlite, restoreSqlite } from '../store/sqlite-dump.ts';
import { lockData } from './lock.ts';
import { storePlace, type StorePlace } from './store-place.ts';
import { storeFile } from './system.ts';
import { version } from '../config/version.ts';

export interface BackupOptions {
  /** The teal.yaml. */
  readonly file: string;
  /** `--store`: wins over TEAL_STORE and teal.yaml. */
  readonly store?: string | undefined;
}

/** An event log as a thing that can be taken out of its place, and put into it. */
interface Kept {
  readonly where: string;
  dump(): Promise<Dump>;
  restore(dump: Dump, replace: boolean): Promise<Digest>;
  close(): Promise<void>;
}

/** A backup of the event log, also while a control plane runs: all of it is of one moment. */
export async function backup(options: BackupOptions & { readonly to: string }): Promise<Backup> {
  const config = await loadConfig(options.file);
  const kept = await open(placeOf(config, options.store), config.data);
  try {
    const about = { version, at: Date.now(), from: kept.where };
    return await writeBackup(options.to, await kept.dump(), about);
  } finally {
    await kept.close();
  }
}

export interface Restored {
  readonly where: string;
  readonly digest: Digest;
}

/**
 * Makes the event log that of a backup, which is checked before anything is touched.
 * @throws TealError `backup-invalid`, `store-newer`, `store-exists`, `already-running`
 */
export async function restore(
  options: BackupOptions & { readonly from: string; readonly replace: boolean },
): Promise<Restored & Backup> {
  const checked = await checkBackup(options.from);
  const config = await loadConfig(options.file);
  return await alone(config, async () => {
    const kept = await open(placeOf(config, options.store), config.data);
    try {
      const digest = await kept.restore(backupDump(options.from, checked), options.replace);
      return { ...checked, where: kept.where, digest: equal(checked.digest, digest, kept.where) };
    } finally {
      await kept.close();
    }
  });
}

export interface Migrated extends Restored {
  readonly from: string;
  /** Where the file is now that was left; null where a database was. */
  readonly asideTo: string | null;
}

/**
 * Brings the event log to another place, and sees that both hold the same. Nothing is removed where it was: a file is put aside, so that nobody goes
 * on with it by mistake.
 * @throws TealError `already-running`, `store-exists`, `usage` when both are the same place
 */
export async function migrate(
  options: BackupOptions & { readonly to: string; readonly replace: boolean },
): Promise<Migrated> {
  const config = await loadConfig(options.file);
  return await alone(config, async () => {
    const { data } = config;
    const [here, there] = [placeOf(config, options.store), placeOf(config, options.to)];
    await using stack = new AsyncDisposableStack();
    const from = stack.adopt(await open(here, data), (kept) => kept.close());
    const to = stack.adopt(await open(there, data), (kept) => kept.close());
    if (from.where === to.where) throw samePlace(from.where);
    const dump = await from.dump();
    const digest = await to.restore(dump, options.replace);
    // Read once more where it came from: nobody can have written there meanwhile.
    equal(await digestOf(dump.rows()), digest, to.where);
    const asideTo = here.kind === 'sqlite' ? leaveSqlite(storeFile(data), Date.now()) : null;
    return { from: from.where, where: to.where, digest, asideTo };
  });
}

const placeOf = (config: Config, flag: string | undefined): StorePlace =>
  storePlace(config, { flag, environment: process.env });

/** No control plane of this data folder runs meanwhile. */
async function alone<T>({ data }: Config, work: () => Promise<T>): Promise<T> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const lock = lockData(data);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function open(place: StorePlace, data: string): Promise<Kept> {
  if (place.kind === 'postgres') {
    const database = await openPostgres(place.url);
    return {
      where: database.where,
      dump: () => database.dump(),
      restore: (dump, replace) => database.restore(dump, { replace }),
      close: () => database.close(),
    };
  }
  const file = storeFile(data);
  return {
    where: file,
    dump: async () => {
      if (!existsSync(file)) throw nothingThere(file);
      return dumpSqlite(file);
    },
    restore: (dump, replace) => restoreSqlite(file, dump, { replace, now: Date.now() }),
    close: async () => undefined,
  };
}

function equal(one: Digest, other: Digest, where: string): Digest {
  if (one.hash === other.hash) return other;
  throw new TealError('internal', `What was written to ${where} is not what was read.`, {
    remedy: 'nothing was removed where it came from; report this',
    details: { store: where },
  });
}

const nothingThere = (file: string): TealError =>
  new TealError('store-unreadable', `There is no event log at ${file}.`, {
    remedy: 'name where it is: --store, or store in teal.yaml',
    details: { file },
  });

const samePlace = (where: string): TealError =>
  new TealError('usage', `${where} is where the event log is already.`, {
    remedy: 'name another place with --to',
    details: { store: where },
  });
