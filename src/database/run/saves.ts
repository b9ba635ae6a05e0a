import type { Change, ChangeOf } from '../sql/change.ts';
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
  const filled = new Set(all(backfill, 'write').map(({ table }) => table));
  const columns = [...added].flatMap(([table, changes]): readonly Saved[] => {
    const own = triggers.filter((each) => each.table === table);
    if (own.some(({ name }) => ownTrigger.test(name))) return [];
    return [
      {
        table,
        columns: changes.map(({ column }) => column.name),
        followed: own.length > 0 || filled.has(table),
      },
    ];
  });
  const tables = all(undo, 'drop')
    .filter(({ thing, name }) => thing === 'table' && made.has(name))
    .map(({ name }): Saved => ({ table: name, columns: null, followed: false }));
  return [...columns, ...tables];
}

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
