import { createHash } from 'node:crypto';

/**
 * All that a store holds, table by table in a fixed order: what a backup is made of, and how one kind of store becomes the other. Two stores
 * that hold the same give the same rows, whatever they are.
 */
export const tables = {
  stream: ['name', 'version', 'pruned', 'hash', 'prunedHash'],
  event: ['seq', 'stream', 'version', 'at', 'actor', 'reason', 'type', 'data', 'hash'],
  snapshot: ['stream', 'version', 'shape', 'state', 'hash'],
  counter: ['name', 'value'],
  secret: ['name', 'value'],
  judge: ['stream', 'release', 'seq', 'at', 'memory'],
  tick: ['stream', 'release', 'seq', 'at', 'data'],
  request: ['id', 'fingerprint', 'after', 'expires', 'status', 'body'],
  statement: ['stream', 'build', 'at', 'data'],
} as const satisfies Record<string, readonly string[]>;

export type Table = keyof typeof tables;
export type Value = string | number | null;

/** One row: the values of its columns, in the order of `tables`. JSON is text, as it is kept. */
export interface DumpRow {
  readonly table: Table;
  readonly values: readonly Value[];
}

/** In the order in which they are dumped. */
export const tableNames = Object.keys(tables) as readonly Table[];

/** What a store gives, or is made of. */
export interface Dump {
  /** The highest term of a leader that there has been; 0 where there is one control plane. */
  readonly term: number;
  /** Table by table, in the order of `tables` and `orderOf`; may be asked for again. */
  rows(): AsyncIterable<DumpRow>;
}

/** How rows are ordered within their table. */
export const orderOf: Readonly<Record<Table, readonly string[]>> = {
  stream: ['name'],
  event: ['seq'],
  snapshot: ['stream'],
  counter: ['name'],
  secret: ['name'],
  judge: ['stream', 'release'],
  tick: ['stream', 'release', 'seq'],
  request: ['id'],
  statement: ['stream', 'build'],
};

/** Counters that a dump has, by name; 0 where a store has none yet. */
export const counters = ['event', 'generation', 'pruned'] as const;

/** What a dump comes to: how many rows of each table, and a hash over all of them. */
export interface Digest {
  readonly rows: Readonly<Record<Table, number>>;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** Counts and hashes rows as they go by. */
export class Digesting {
  readonly #hash = createHash('sha256');
  readonly #rows = Object.fromEntries(tableNames.map((name) => [name, 0])) as Record<Table, number>;

  add(row: DumpRow): void {
    this.#rows[row.table] += 1;
    this.#hash.update(`${lineOf(row)}\n`);
  }

  end(): Digest {
    return { rows: { ...this.#rows }, hash: this.#hash.digest('hex') };
  }
}

/** The digest of rows that are read to their end. */
export async function digestOf(rows: AsyncIterable<DumpRow>): Promise<Digest> {
  const digesting = new Digesting();
  for await (const row of rows) digesting.add(row);
  return digesting.end();
}

/** A row as a line of JSON: the name of its table, then its values. */
export const lineOf = ({ table, values }: DumpRow): string => JSON.stringify([table, ...values]);

/** Null when it is not a row of this Teal's tables. */
export function rowOf(line: unknown): DumpRow | null {
  if (!Array.isArray(line)) return null;
  const [name, ...values] = line as readonly unknown[];
  const table = tableNames.find((each) => each === name);
  if (table === undefined || values.length !== tables[table].length) return null;
  const plain = values.every(
    (value) => value === null || typeof value === 'string' || typeof value === 'number',
  );
  return plain ? { table, values: values as readonly Value[] } : null;
}
