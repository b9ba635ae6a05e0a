import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { readStore, type StoreConfig } from '../config/kinds-store.ts';
import { TealError } from '../errors.ts';

/** Where the event log is, found out. A URL may hold a password: it is shown nowhere. */
export type StorePlace = { readonly kind: 'sqlite' } | { readonly kind: 'postgres'; readonly url: string };

export interface StoreGiven {
  /** `--store`. */
  readonly flag?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * `--store`, else TEAL_STORE, else `store` of teal.yaml; with what it names read.
 * @throws TealError `usage`, `config-invalid`, `secret-missing`
 */
export function storePlace(config: Pick<Config, 'store'>, { flag, environment }: StoreGiven): StorePlace {
  const variable = environment['TEAL_STORE'];
  if (flag !== undefined) return found(written(flag, '--store', false), environment);
  if (variable !== undefined && variable !== '')
    return found(written(variable, 'TEAL_STORE', true), environment);
  return found(config.store, environment);
}

/** @param password the environment is not shown to others, as arguments of a process are */
function written(text: string, source: string, password: boolean): StoreConfig {
  const read = readStore(text, password);
  if ('value' in read) return read.value;
  throw new TealError('usage', `${source} is no store.`, { remedy: read.remedy, details: { source } });
}

function found(store: StoreConfig, environment: StoreGiven['environment']): StorePlace {
  if (store.kind !== 'secret') return store;
  const text = store.source === 'env' ? environment[store.name] : contentOf(store.name);
  const named = `${store.source}:${store.name}`;
  if (text === undefined || text.trim() === '') {
    throw new TealError('secret-missing', `${named}, which store names, is not there or empty.`, {
      remedy: 'put the URL of the database there: postgres://user:password@host/database',
      details: { store: named },
    });
  }
  const read = readStore(text.trim(), true);
  if ('value' in read && read.value.kind === 'postgres') return read.value;
  throw new TealError('config-invalid', `What ${named} holds is not the URL of a PostgreSQL database.`, {
    remedy: 'put one there: postgres://user:password@host/database',
    details: { store: named },
  });
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
