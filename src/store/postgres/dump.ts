import type { Pool, PoolClient } from 'pg';
import { TealError } from '../../errors.ts';
import {
  counters,
  Digesting,
  digestOf,
  orderOf,
  tableNames,
  tables,
  type Digest,
  type Dump,
  type DumpRow,
  type Table,
  type Value,
} from '../dump.ts';
import { translated, unreadable } from './failures.ts';
import { verify } from './schema.ts';
import { dumpStatements as statements } from './sql.ts';
import { asText, fromText } from './values.ts';

/** Read, and written, at a time. */
const batch = 500;

/** Columns that PostgreSQL keeps otherwise than they are dumped. */
const texts: ReadonlySet<string> = new Set(['actor', 'reason']);
const numbers: ReadonlySet<string> = new Set(
  'seq version pruned at shape value after expires status'.split(' '),
);
/** Where `value` is no number. */
const isNumber = (table: Table, column: string): boolean => numbers.has(column) && table !== 'secret';

interface Place {
  readonly pool: Pool;
  readonly where: string;
}

/** All that the database holds, as of one moment. */
export async function dumpPostgres({ pool, where }: Place): Promise<Dump> {
  const { rows } = await pool.query<{ term: string }>(statements.term).catch((error: unknown) => {
    throw translated(error, where);
  });
  return { term: Number(rows[0]?.term ?? 0), rows: () => oneMoment({ pool, where }) };
}

async function connected({ pool, where }: Place): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw translated(error, where);
  }
}

async function* oneMoment({ pool, where }: Place): AsyncGenerator<DumpRow> {
  const client = await connected({ pool, where });
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // Whoever reads may take their time over each row.
    await client.query(statements.patient);
    yield* allRows(client);
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true);
    throw translated(error, where);
  }
}

async function* allRows(client: PoolClient): AsyncGenerator<DumpRow> {
  for (const table of tableNames) {
    if (table === 'counter') {
      yield* await countersOf(client);
      continue;
    }
    const columns = tables[table];
    await client.query(`
      DECLARE rows CURSOR FOR
      SELECT ${columns.join(', ')} FROM teal.${table} ORDER BY ${orderOf[table].join(', ')}`);
    for (;;) {
      const { rows } = await client.query<Record<string, unknown>>(`FETCH ${batch} FROM rows`);
      for (const row of rows) {
        yield { table, values: columns.map((column) => valueFrom(table, column, row[column.toLowerCase()])) };
      }
      if (rows.length < batch) break;
    }
    await client.query('CLOSE rows');
  }
}

async function countersOf(client: PoolClient): Promise<readonly DumpRow[]> {
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, value FROM teal.counter',
  );
  const kept = new Map(rows.map(({ name, value }) => [name, Number(value)]));
  return counters.map((name) => ({ table: 'counter', values: [name, kept.get(name) ?? 0] }));
}

function valueFrom(table: Table, column: string, value: unknown): Value {
  if (value === null) return null;
  if (isNumber(table, column)) return Number(value);
  return texts.has(column) ? fromText(value as string) : (value as string);
}

/**
 * Makes the database's content that of a dump, in one transaction; nobody leads meanwhile, and nobody begins to.
 * @param options.replace what is there is removed
 * @throws TealError `already-running`, `store-exists`, `store-unreadable` when the dump makes no whole event log
 */
export async function restorePostgres(
  { pool, where }: Place,
  dump: Dump,
  options: { readonly replace: boolean },
): Promise<Digest> {
  const client = await connected({ pool, where });
  try {
    await client.query('BEGIN');
    await client.query(statements.patient);
    await refuseWhileLed(client, where);
    await makeEmpty(client, { where, replace: options.replace });
    const given = await fill(client, dump);
    await client.query(statements.raiseTerm, [dump.term]);
    await verify(asTransaction(client), where);
    const kept = await digestOf(allRows(client));
    if (kept.hash !== given.hash) throw unreadable(where, 'what was written is not what was given');
    await client.query('COMMIT');
    client.release();
    return kept;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => client.release(),
      () => client.release(true),
    );
    throw translated(error, where);
  }
}

/** The lock stays until the end: whoever wants to lead waits for it. */
async function refuseWhileLed(client: PoolClient, where: string): Promise<void> {
  const { rows } = await client.query<{ holder: string; running: boolean }>(statements.lockLease);
  if (rows[0]?.running !== true) return;
  throw new TealError('already-running', `${rows[0].holder} leads on ${where}.`, {
    remedy: 'stop every control plane first: teal down',
    details: { store: where, leader: rows[0].holder },
  });
}

async function makeEmpty(
  client: PoolClient,
  { where, replace }: { readonly where: string; readonly replace: boolean },
): Promise<void> {
  const { rows } = await client.query<{ used: boolean }>(statements.used);
  if (rows[0]?.used === true && !replace) {
    throw new TealError('store-exists', `there is an event log already in ${where}`, {
      remedy: 'to remove it, and go on with the other one: --replace; a backup of it first: teal backup',
      details: { store: where },
    });
  }
  await client.query(`TRUNCATE ${tableNames.map((table) => `teal.${table}`).join(', ')}`);
}

async function fill(client: PoolClient, dump: Dump): Promise<Digest> {
  const digesting = new Digesting();
  let waiting: DumpRow[] = [];
  const flush = async (): Promise<void> => {
    const [first] = waiting;
    if (first !== undefined) await insert(client, first.table, waiting);
    waiting = [];
  };
  for await (const row of dump.rows()) {
    digesting.add(row);
    if (waiting.length >= batch || (waiting[0] !== undefined && waiting[0].table !== row.table))
      await flush();
    waiting.push(row);
  }
  await flush();
  return digesting.end();
}

async function insert(client: PoolClient, table: Table, rows: readonly DumpRow[]): Promise<void> {
  const columns = tables[table];
  const values = rows.flatMap((row) =>
    row.values.map((value, index) =>
      typeof value === 'string' && texts.has(columns[index] ?? '') ? asText(value) : value,
    ),
  );
  const tuples = rows.map(
    (_, row) => `(${columns.map((__, index) => `$${row * columns.length + index + 1}`).join(', ')})`,
  );
  await client.query(`INSERT INTO teal.${table} (${columns.join(', ')}) VALUES ${tuples.join(', ')}`, values);
}

const asTransaction = (client: PoolClient): Parameters<typeof verify>[0] => ({
  query: async (text, values = []) => (await client.query(text, [...values])).rows as never,
  change: async (text, values) => (await client.query(text, [...values])).rowCount ?? 0,
});
