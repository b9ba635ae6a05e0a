import { comment, sqlFile, transaction, type Generated } from './generated.ts';
import { beside, fitting, quoted, sqlTable, type ColumnName } from './names.ts';

/**
 * The four files with which a column refuses NULL: a trigger fills in what the old version leaves out.
 * @param fill SQL over the columns of a row
 */
export function setNotNull(column: ColumnName, fill: string): Generated {
  const on = sqlTable(column);
  const name = quoted(column.column);
  const fills = fitting(`teal_fill_${column.table}_${column.column}`);
  const check = quoted(fitting(`${column.table}_${column.column}_is_set`));
  const code = beside(column, fills);
  const dropTrigger = `DROP TRIGGER ${quoted(fills)} ON ${on};`;
  return {
    expand: sqlFile(
      comment(`A trigger fills in ${name} where it is left out, so that the old version goes on.`),
      `CREATE FUNCTION ${code}() RETURNS trigger LANGUAGE plpgsql AS $teal$
BEGIN
  IF NEW.${name} IS NULL THEN
    NEW.${name} := (SELECT ${fill} FROM (SELECT NEW.*) AS written);
  END IF;
  RETURN NEW;
END
$teal$;`,
      transaction(
        `CREATE TRIGGER ${quoted(fills)} BEFORE INSERT OR UPDATE ON ${on}\n  FOR EACH ROW EXECUTE FUNCTION ${code}();`,
        '-- teal: allow add-check because the trigger fills in what the old version leaves out',
        `ALTER TABLE ${on} ADD CONSTRAINT ${check} CHECK (${name} IS NOT NULL) NOT VALID;`,
      ),
    ),
    backfill: sqlFile(
      `UPDATE ${on} SET ${name} = ${fill} WHERE ${name} IS NULL;`,
      `ALTER TABLE ${on} VALIDATE CONSTRAINT ${check};`,
      `${comment('What is left to do; none when it is done.')}\nSELECT count(*) FROM ${on} WHERE ${name} IS NULL;`,
    ),
    undo: sqlFile(
      comment('What was filled in stays.'),
      transaction(dropTrigger, `ALTER TABLE ${on} DROP CONSTRAINT ${check};`),
      `DROP FUNCTION ${code}();`,
    ),
    contract: sqlFile(
      comment('The check has proved it, so nothing is read.'),
      transaction(
        `ALTER TABLE ${on} ALTER COLUMN ${name} SET NOT NULL;`,
        `ALTER TABLE ${on} DROP CONSTRAINT ${check};`,
        dropTrigger,
      ),
      `DROP FUNCTION ${code}();`,
    ),
  };
}
