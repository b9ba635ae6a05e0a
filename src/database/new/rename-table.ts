import { comment, sqlFile, transaction, type Generated } from './generated.ts';
import { beside, quoted, sqlTable, type TableName } from './names.ts';

/**
 * The four files with which a table gets another name: a view has it until the old version is gone.
 * @param roles who may use it by its new name
 */
export function renameTable(table: TableName, to: string, roles: readonly string[]): Generated {
  const on = sqlTable(table);
  const view = beside(table, to);
  const grant = roles.map((role) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${view} TO ${quoted(role)};`);
  return {
    expand: sqlFile(
      comment(
        `${quoted(to)} is a view of ${quoted(table.table)}: what is written to it is written to the table. It has the columns that are there now.`,
      ),
      `CREATE VIEW ${view} AS SELECT * FROM ${on};`,
      grant.length > 0
        ? grant.join('\n')
        : comment(
            `Whoever may use ${quoted(table.table)} has to be given the same here, unless they own it: GRANT SELECT, INSERT, UPDATE, DELETE ON ${view} TO …;`,
          ),
    ),
    backfill: sqlFile(),
    undo: sqlFile(`DROP VIEW ${view};`),
    contract: sqlFile(
      comment('In one transaction, so that no statement misses the name.'),
      transaction(
        `DROP VIEW ${view};`,
        '-- teal: allow rename-table because the live version has used the second name since expand',
        `ALTER TABLE ${on} RENAME TO ${quoted(to)};`,
      ),
    ),
  };
}
