import { TealError } from '../../errors.ts';
import type { AppTable, RoutingTable } from '../table.ts';
import { textOfApp } from './table-file.ts';

/**
 * What changes from one table to the next: all that is sent to somebody who has the first, and so as large as the change. It is the whole
 * next table all the same, put together before anybody looks at it.
 */
export interface TableDelta {
  readonly generation: number;
  /** Of the table that it changes. */
  readonly base: number;
  /** New ones, and those that are not as they were. */
  readonly changed: readonly AppTable[];
  /** Names. */
  readonly gone: readonly string[];
}

/** By identity: an app's part that is the same object is the same. */
export function deltaOf(base: RoutingTable, table: RoutingTable): TableDelta {
  const before = new Set(base.apps);
  const names = new Set(table.apps.map(({ app }) => app));
  return {
    generation: table.generation,
    base: base.generation,
    changed: table.apps.filter((app) => !before.has(app)),
    gone: base.apps.flatMap(({ app }) => (names.has(app) ? [] : [app])),
  };
}

/** The next table, of which what has not changed is the same objects. @throws TealError `table-refused` when `base` is not what it changes */
export function patched(base: RoutingTable | null, delta: TableDelta): RoutingTable {
  if (base === null || base.generation !== delta.base) throw missing(delta);
  const { changed, gone, generation } = delta;
  if (generation === base.generation && changed.length === 0 && gone.length === 0) return base;
  const parts = new Map(base.apps.map((app) => [app.app, app]));
  for (const name of gone) parts.delete(name);
  for (const app of changed) parts.set(app.app, app);
  return { ...base, generation, apps: [...parts.values()] };
}

/** It has to be sent whole. */
const missing = ({ base, generation }: TableDelta): TealError =>
  new TealError('table-refused', `table ${generation} changes table ${base}, which is not in force here`, {
    remedy: 'Send the whole table.',
    details: { base, generation },
  });

/** The same table; a part that says what it said before is the same object as before. */
export function sharing(table: RoutingTable, current: RoutingTable | null): RoutingTable {
  if (current === null) return table;
  const before = new Map(current.apps.map((app) => [app.app, app]));
  const apps = table.apps.map((app) => {
    const known = before.get(app.app);
    return known !== undefined && textOfApp(known) === textOfApp(app) ? known : app;
  });
  return { ...table, apps };
}
