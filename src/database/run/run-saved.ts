/**
 * What only the new version has written, kept in `_teal.saved_<migration>_<table>` when it is undone, and brought back at the end of
 * the next backfill, before the new version starts. While it is kept nobody writes it: the new version is gone.
 */
import { TealError } from '../../errors.ts';
import { beside, fitting, quoted } from '../new/names.ts';
import { inTransaction, patiently, type Doing } from './attempt.ts';
import { keyOf } from './key.ts';
import { recordStep } from './ledger.ts';
import { patienceOf } from './options.ts';
import { doneOf } from './run-transaction.ts';
import type { RestoreStep, SaveStep } from './step.ts';
import { pause } from './wait.ts';

/** A row's other columns as they were, where that matters. */
const rest = 'teal_rest';
const restoredAtOnce = 1000;

const savedTable = (migration: string, table: string): string =>
  beside(
    { schema: '_teal', table: '' },
    fitting(`saved_${migration}_${table}`.replaceAll(/[^\p{L}\p{N}_]+/gu, '_')),
  );

/** One transaction: what is kept, and that it is. It takes no lock that anybody waits for. */
export async function runSave(doing: Doing<SaveStep>): Promise<void> {
  const { held, step, place, options } = doing;
  await patiently(doing, () =>
    inTransaction(doing, patienceOf(options).lockTimeoutMs, async () => {
      await save(doing);
      await recordStep(held.connection, place, doneOf(step));
    }),
  );
}

async function save(doing: Doing<SaveStep>): Promise<void> {
  const { held, step, place, options } = doing;
  const { connection } = held;
  const { table, followed } = step.saves;
  const into = savedTable(place.migration, table);
  const there = await columnsOf(connection, table);
  // Expand may not have come that far.
  if (there.length === 0) return;
  if (step.saves.columns === null) {
    const from = there[0]?.table ?? table;
    await connection.query(`CREATE TABLE IF NOT EXISTS ${into} AS SELECT * FROM ${from} WHERE false`);
    await connection.query(`INSERT INTO ${into} SELECT * FROM ${from}`);
    return;
  }
  const columns = step.saves.columns.filter((name) => there.some((each) => each.name === name));
  if (columns.length === 0) return;
  const key = await keyOf(connection, table);
  if (key.by !== 'columns') {
    if (options.force === true) return;
    throw new TealError(
      'migration-invalid',
      `${table} has no primary key, so values of ${columns.join(', ')} could not be brought back`,
      {
        remedy: 'Keep them aside yourself, if they matter; then undo it without: --force',
        details: { table, columns },
      },
    );
  }
  const keys = key.columns.map(({ name }) => name);
  const own = columns.map(quoted);
  const others = followed ? `to_jsonb(live) - ${literals(columns)}` : 'NULL::jsonb';
  const has = there.filter(({ name }) => columns.includes(name)).map(hasValue);
  const selected = [...keys, ...own].map((name) => `live.${name}`).join(', ');
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${into} AS SELECT ${selected}, ${others} AS ${rest} FROM ${key.table} AS live WHERE false`,
  );
  await connection.query(
    `CREATE UNIQUE INDEX IF NOT EXISTS ${quoted(fitting(`${nameIn(into)}_key`))} ON ${into} (${keys.join(', ')})`,
  );
  await connection.query(
    `INSERT INTO ${into} (${[...keys, ...own, rest].join(', ')}) SELECT ${selected}, ${others} FROM ${key.table} AS live WHERE ${has.join(' OR ')}
     ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${[...own, rest].map((name) => `${name} = EXCLUDED.${name}`).join(', ')}`,
  );
}

const nameIn = (table: string): string => table.replace(/^_teal\./, '').replaceAll('"', '');
const literals = (names: readonly string[]): string =>
  `ARRAY[${names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')}]::text[]`;

interface Column {
  readonly table: string;
  readonly name: string;
  readonly default: string | null;
  readonly generated: boolean;
}

function columnsOf(connection: Doing['held']['connection'], table: string): Promise<readonly Column[]> {
  return connection.query<Column>(
    `SELECT a.attrelid::regclass::text AS table, a.attname::text AS name, pg_get_expr(d.adbin, d.adrelid) AS default, a.attgenerated <> '' AS generated
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
       AND (n.nspname || '.' || c.relname = $1 OR (c.relname = $1 AND pg_table_is_visible(c.oid)))`,
    [table],
  );
}

/** A default that calls nothing is the same for all rows, and expand brings it back. */
function hasValue({ name, default: value }: Column): string {
  const column = `live.${quoted(name)}`;
  return value === null || value.includes('(')
    ? `${column} IS NOT NULL`
    : `${column} IS DISTINCT FROM ${value}`;
}

/** A thousand rows at a time: what comes back is no longer kept, in the same transaction. */
export async function runRestore(doing: Doing<RestoreStep>): Promise<void> {
  const { held, step, place, options } = doing;
  const from = savedTable(place.migration, step.saves.table);
  const { lockTimeoutMs } = patienceOf(options);
  for (let left = true; left;) {
    await patiently(doing, () =>
      inTransaction(doing, lockTimeoutMs, async () => {
        const [kept] = await held.connection.query<{ there: boolean }>(
          'SELECT to_regclass($1) IS NOT NULL AS there',
          [from],
        );
        left = kept?.there === true && (await restore(doing, from));
        if (left) return;
        await held.connection.query(`DROP TABLE IF EXISTS ${from}`);
        await recordStep(held.connection, place, doneOf(step));
      }),
    );
    await pause(0, options.signal);
  }
}

/** @returns whether there may be more */
async function restore(doing: Doing<RestoreStep>, from: string): Promise<boolean> {
  const { held, step } = doing;
  const { connection } = held;
  const { table, columns } = step.saves;
  if (columns === null) {
    await restoreTable(doing, from);
    return false;
  }
  const key = await keyOf(connection, table);
  if (key.by !== 'columns') return false;
  const keys = key.columns.map(({ name }) => name);
  const kept = await connection.query<{ name: string }>(
    `SELECT attname::text AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [from],
  );
  const own = columns.filter((column) => kept.some(({ name }) => name === column));
  const same = keys.map((name) => `live.${name} = taken.${name}`).join(' AND ');
  const [row] = await connection.query<{ taken: number }>(
    `WITH oldest AS (SELECT ${keys.join(', ')} FROM ${from} ORDER BY ${keys.join(', ')} LIMIT ${restoredAtOnce}),
       taken AS (DELETE FROM ${from} WHERE (${keys.join(', ')}) IN (SELECT ${keys.join(', ')} FROM oldest) RETURNING *),
       back AS (UPDATE ${key.table} AS live SET ${own.map((name) => `${quoted(name)} = taken.${quoted(name)}`).join(', ')} FROM taken
         WHERE ${same} AND (taken.${rest} IS NULL OR to_jsonb(live) - ${literals(columns)} = taken.${rest}))
     SELECT count(*)::int AS taken FROM taken`,
  );
  return (row?.taken ?? 0) === restoredAtOnce;
}

async function restoreTable({ held, step }: Doing<RestoreStep>, from: string): Promise<void> {
  const { connection } = held;
  const columns = (await columnsOf(connection, step.saves.table)).filter(({ generated }) => !generated);
  const table = columns[0]?.table ?? '';
  const names = columns.map(({ name }) => quoted(name));
  await connection.query(
    `INSERT INTO ${table} (${names.join(', ')}) OVERRIDING SYSTEM VALUE SELECT ${names.join(', ')} FROM ${from} ON CONFLICT DO NOTHING`,
  );
  const counted = await connection.query<{ name: string; sequence: string }>(
    `SELECT name, pg_get_serial_sequence($1, name) AS sequence FROM unnest($2::text[]) AS name
     WHERE pg_get_serial_sequence($1, name) IS NOT NULL`,
    [table, columns.map(({ name }) => name)],
  );
  for (const { name, sequence } of counted)
    await connection.query(
      `SELECT setval($1::regclass, max(${quoted(name)})) FROM ${table} HAVING max(${quoted(name)}) IS NOT NULL`,
      [sequence],
    );
}
