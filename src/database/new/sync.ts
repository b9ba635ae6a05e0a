/**
 * Two sides of the same values, kept equal by a trigger that knows nothing of who writes.
 *
 * The columns of the new side have no default while both versions write, so a row that is inserted with any of them comes from
 * somebody who knows them. Of an UPDATE the side that has changed wins; when both have, the new one does. A row whose new side is
 * still empty is filled by any UPDATE: that is all a backfill has to do, and it changes nothing of the old side, also where going
 * there and back is not the same (`007` → 7 → `7`).
 */
import { comment, sqlFile, transaction, type Generated } from './generated.ts';
import { beside, fitting, quoted, sqlTable, type TableName } from './names.ts';

/** A column of the new side. */
export interface NewColumn {
  readonly name: string;
  readonly type: string;
  /** SQL over the columns of a row that gives its value: `split_part(name, ' ', 1)`. */
  readonly up: string;
}

export interface Sync {
  readonly table: TableName;
  /** The column that the old version uses. */
  readonly old: string;
  readonly columns: readonly NewColumn[];
  /** SQL over the columns of a row that gives the old column's value. */
  readonly down: string;
  /** The columns that tell rows apart. */
  readonly key: readonly string[];
  /** Refuse rows without a value on the new side. */
  readonly notNull: boolean;
  /** The default of the new columns when they are the only ones; SQL. */
  readonly default: string | null;
  /** The new side may hold what the old one cannot: that is kept aside when it is undone. */
  readonly lossy: boolean;
  /** Statements that give the new side the indexes and keys of the old one; each with what takes it back. */
  readonly indexes: readonly string[];
}

/** Of the trigger, by which what keeps values aside knows the columns that it fills. */
export const triggerName = (table: string, columns: readonly string[]): string =>
  fitting(['teal_sync', table, ...columns].join('_'));

/** The four files for a sync. */
export function syncFiles(sync: Sync): Generated {
  const { table, columns, old, notNull, indexes } = sync;
  const on = sqlTable(table);
  const names = columns.map(({ name }) => quoted(name));
  const checks = notNull ? columns.map(({ name }) => checkName(sync, name)) : [];
  const dropTrigger = `DROP TRIGGER ${quoted(syncName(sync))} ON ${on};`;
  const dropFunction = `DROP FUNCTION ${beside(table, syncName(sync))}();`;
  return {
    expand: sqlFile(
      comment(
        `${names.join(' and ')} beside ${quoted(old)}, kept equal by a trigger for whoever writes either.`,
      ),
      functionOf(sync),
      transaction(
        `ALTER TABLE ${on}\n${columns.map(({ name, type }) => `  ADD COLUMN ${quoted(name)} ${type}`).join(',\n')};`,
        ...columns
          .slice(0, checks.length)
          .map(
            ({ name }, index) =>
              `ALTER TABLE ${on} ADD CONSTRAINT ${quoted(checks[index] ?? '')} CHECK (${quoted(name)} IS NOT NULL) NOT VALID;`,
          ),
        `CREATE TRIGGER ${quoted(syncName(sync))} BEFORE INSERT OR UPDATE ON ${on}\n  FOR EACH ROW EXECUTE FUNCTION ${beside(table, syncName(sync))}();`,
      ),
      sync.lossy ? savedTable(sync) : null,
      ...indexes,
    ),
    backfill: sqlFile(
      comment(
        `The trigger fills the new side of every row that is written; this writes those that nobody has.`,
      ),
      `UPDATE ${on} SET ${quoted(old)} = ${quoted(old)} WHERE ${isLeft(sync)};`,
      sync.lossy ? restore(sync) : null,
      ...checks.map((name) => `ALTER TABLE ${on} VALIDATE CONSTRAINT ${quoted(name)};`),
      `${comment('What is left to do; none when it is done.')}\nSELECT count(*) FROM ${on} WHERE ${isLeft(sync)};`,
    ),
    undo: sqlFile(
      comment(
        `When the new version is gone, and before the old one is alone again. In one transaction: a trigger without its columns would fail every write.`,
      ),
      transaction(
        sync.lossy ? save(sync) : null,
        dropTrigger,
        `ALTER TABLE ${on}\n${columns.map(({ name }) => `  DROP COLUMN ${quoted(name)}`).join(',\n')};`,
      ),
      dropFunction,
    ),
    contract: sqlFile(
      comment(`When the old version is gone: ${quoted(old)} with it.`),
      transaction(
        dropTrigger,
        ...(notNull
          ? columns.map(({ name }) => `ALTER TABLE ${on} ALTER COLUMN ${quoted(name)} SET NOT NULL;`)
          : []),
        ...checks.map((name) => `ALTER TABLE ${on} DROP CONSTRAINT ${quoted(name)};`),
        ...(sync.default === null
          ? []
          : columns.map(
              ({ name }) => `ALTER TABLE ${on} ALTER COLUMN ${quoted(name)} SET DEFAULT ${sync.default};`,
            )),
        `ALTER TABLE ${on} DROP COLUMN ${quoted(old)};`,
      ),
      dropFunction,
      sync.lossy ? `DROP TABLE IF EXISTS ${beside(table, savedName(sync))};` : null,
    ),
  };
}

const tagOf = ({ table, columns }: Sync): string =>
  [table.table, ...columns.map(({ name }) => name)].join('_');
const syncName = ({ table, columns }: Sync): string =>
  triggerName(
    table.table,
    columns.map(({ name }) => name),
  );
const savedName = (sync: Sync): string => fitting(`teal_saved_${tagOf(sync)}`);
const checkName = ({ table }: Sync, column: string): string => fitting(`${table.table}_${column}_is_set`);

/** Rows whose new side nobody has filled. */
function isLeft({ columns, old }: Sync): string {
  return [...columns.map(({ name }) => `${quoted(name)} IS NULL`), `${quoted(old)} IS NOT NULL`].join(
    ' AND ',
  );
}

function functionOf(sync: Sync): string {
  const { table, columns, old, down } = sync;
  const column = (name: string): string => `NEW.${quoted(name)}`;
  const before = (name: string): string => `OLD.${quoted(name)}`;
  const anyGiven = columns.map(({ name }) => `${column(name)} IS NOT NULL`).join(' OR ');
  const anyChanged = columns
    .map(({ name }) => `${column(name)} IS DISTINCT FROM ${before(name)}`)
    .join(' OR ');
  const noneGiven = columns.map(({ name }) => `${column(name)} IS NULL`).join(' AND ');
  const toOld = `${column(old)} := (SELECT ${down} FROM (SELECT NEW.*) AS written);`;
  const toNew = columns.map(
    ({ name, up }) => `${column(name)} := (SELECT ${up} FROM (SELECT NEW.*) AS written);`,
  );
  const indented = (lines: readonly string[]): string => lines.map((line) => `    ${line}`).join('\n');
  return `CREATE FUNCTION ${beside(table, syncName(sync))}() RETURNS trigger LANGUAGE plpgsql AS $teal$
BEGIN
  IF TG_OP = 'INSERT' AND (${anyGiven}) THEN
    ${toOld}
  ELSIF TG_OP = 'INSERT' THEN
${indented(toNew)}
  ELSIF ${anyChanged} THEN
    ${toOld}
  ELSIF ${column(old)} IS DISTINCT FROM ${before(old)} OR (${noneGiven}) THEN
${indented(toNew)}
  END IF;
  RETURN NEW;
END
$teal$;`;
}

/** Values that the old side cannot hold, with the old side that they went with. */
function savedTable(sync: Sync): string {
  const saved = beside(sync.table, savedName(sync));
  const keys = sync.key.map(quoted).join(', ');
  return [
    comment('Holds what an earlier undo has kept aside, if there was one.'),
    `CREATE TABLE IF NOT EXISTS ${saved} AS SELECT ${savedColumns(sync)} FROM ${sqlTable(sync.table)} WHERE false;`,
    `CREATE UNIQUE INDEX IF NOT EXISTS ${quoted(fitting(`${savedName(sync)}_key`))} ON ${saved} (${keys});`,
  ].join('\n');
}

const savedColumns = ({ key, columns, old }: Sync): string =>
  [...key, ...columns.map(({ name }) => name), old].map(quoted).join(', ');

function save(sync: Sync): string {
  const { table, columns, key, old } = sync;
  const news = columns.map(({ name }) => quoted(name));
  const ups = columns.map(({ up }) => up).join(', ');
  const again = [...news, quoted(old)].map((name) => `${name} = EXCLUDED.${name}`).join(', ');
  return [
    `INSERT INTO ${beside(table, savedName(sync))} SELECT ${savedColumns(sync)} FROM ${sqlTable(table)}`,
    `  WHERE NOT (${isLeft(sync)}) AND ROW(${news.join(', ')}) IS DISTINCT FROM ROW(${ups})`,
    `  ON CONFLICT (${key.map(quoted).join(', ')}) DO UPDATE SET ${again};`,
  ].join('\n');
}

/** Values come back where the old side is still what they went with: else somebody has written since. */
function restore(sync: Sync): string {
  const { table, columns, key, old } = sync;
  const saved = beside(table, savedName(sync));
  const set = columns.map(({ name }) => `${quoted(name)} = saved.${quoted(name)}`).join(', ');
  const same = key.map((name) => `live.${quoted(name)} = saved.${quoted(name)}`);
  return [
    comment('Back comes what an earlier undo has kept aside, where nobody has written since.'),
    transaction(
      `UPDATE ${sqlTable(table)} AS live SET ${set} FROM ${saved} AS saved`,
      `  WHERE ${same.join(' AND ')} AND live.${quoted(old)} IS NOT DISTINCT FROM saved.${quoted(old)};`,
      `DELETE FROM ${saved};`,
    ),
  ].join('\n');
}
