import type { Change, ChangeOf } from '../sql/change.ts';
import { triggerName } from '../new/sync.ts';
import { checksumOf } from './read-steps.ts';
import type { RestoreStep, SaveStep, Saved } from './step.ts';

/** The trigger of `teal db new`, whose files keep aside themselves what the old side cannot hold. */
const ownTrigger = /^teal_sync_/;

interface Files {
  readonly expand: readonly Change[];
  readonly backfill: readonly Change[];
  readonly undo: readonly Change[];
}

/** What undo takes away that expand has made: nobody but the new version has written it. */
export function savesOf({ expand, backfill, undo }: Files): readonly Saved[] {
  const made = new Set(all(expand, 'create-table').map(({ table }) => table));
  const dropped = (table: string, column: string): boolean =>
    all(undo, 'drop-column').some((each) => each.table === table && each.column === column);
  const added = Map.groupBy(
    all(expand, 'add-column').filter(
      ({ table, column }) => !made.has(table) && column.generated === null && dropped(table, column.name),
    ),
    ({ table }) => table,
  );
  const triggers = all(expand, 'create-trigger');
  const writes = all(backfill, 'write');
  const columns = [...added].flatMap(([table, changes]): readonly Saved[] => {
    const names = changes.map(({ column }) => column.name);
    const on = triggers.filter((each) => each.table === table);
    const synced = new Set(on.flatMap(({ name }) => filledBy(name, table, names)));
    const own = names.filter((name) => !synced.has(name));
    if (own.length === 0) return [];
    const fills = writes.some((write) => write.table === table && sets(write, own));
    return [{ table, columns: own, followed: fills || on.some(({ name }) => !ownTrigger.test(name)) }];
  });
  const tables = all(undo, 'drop')
    .filter(({ thing, name }) => thing === 'table' && made.has(name))
    .map(({ name }): Saved => ({ table: name, columns: null, followed: false }));
  return [...columns, ...tables];
}

/** Those of the new columns that a trigger of `teal db new` fills; when its name does not tell, all of them. */
function filledBy(trigger: string, table: string, columns: readonly string[]): readonly string[] {
  if (!ownTrigger.test(trigger)) return [];
  const bare = table.slice(table.lastIndexOf('.') + 1);
  const runs = columns.flatMap((_, from) =>
    columns.slice(from).map((_, more) => columns.slice(from, from + more + 1)),
  );
  return runs.find((run) => triggerName(bare, run) === trigger) ?? columns;
}

const sets = ({ columns }: ChangeOf<'write'>, any: readonly string[]): boolean =>
  columns === null || columns.some((column) => any.includes(column));

function all<KIND extends Change['kind']>(changes: readonly Change[], kind: KIND): readonly ChangeOf<KIND>[] {
  return changes.filter((each): each is ChangeOf<KIND> => each.kind === kind);
}

const sayIt = ({ table, columns }: Saved): string =>
  columns === null ? table : `${columns.join(', ')} of ${table}`;

export function saveStep(saves: Saved): SaveStep {
  const what = `keep ${sayIt(saves)} aside`;
  return { kind: 'save', saves, what, checksum: checksumOf(what), settings: [], touches: [] };
}

export function restoreStep(saves: Saved): RestoreStep {
  const what = `bring back ${sayIt(saves)}`;
  return { kind: 'restore', saves, what, checksum: checksumOf(what), settings: [], touches: [] };
}
