import { quoted } from '../new/names.ts';
import { retype } from '../sql/retype.ts';
import type { SqlType } from '../sql/change.ts';
import type { Column } from './catalog.ts';
import {
  insertsWithout,
  keptColumns,
  readsColumn,
  sayColumn,
  triedWell,
  writesColumn,
  type Change,
  type Hazard,
} from './hazard.ts';
import { isNotNullByCheck } from './hazards-constraints.ts';
import { sqlName } from './violations.ts';

/** What another NOT NULL, default, type, expression or label of a column does to statements. */
export function columnHazards(change: Change): readonly Hazard[] {
  return [
    ...keptColumns(change).flatMap(([was, now]) => [
      ...nullHazards(change, was, now),
      ...defaultHazards(change, was, now),
      ...typeHazards(change, was, now),
      ...computedHazards(change, was, now),
    ]),
    ...requiredColumns(change),
    ...labelHazards(change),
  ];
}

const tableSql = ({ after }: Change, { table }: Column): string =>
  sqlName(after.relations.get(table)?.name ?? '');

function nullHazards(change: Change, was: Column, now: Column): readonly Hazard[] {
  const name = sayColumn(change.after, now);
  if (was.notNull && !now.notNull)
    return [
      {
        verdict: 'client-visible',
        what: `${name} may be NULL now, which whoever reads it has never met`,
        check: null,
        unheard: true,
        touches: readsColumn(was),
      },
    ];
  if (was.notNull || !now.notNull || isNotNullByCheck(change.before, was)) return [];
  return [
    {
      verdict: 'risk',
      what: `${name} no longer takes NULL`,
      check: `SELECT count(*) FROM ${tableSql(change, was)} WHERE ${quoted(was.name)} IS NULL`,
      touches: writesColumn(now),
    },
    ...omitted(change, now, `${name} no longer takes NULL, and has no default`),
  ];
}

/** An INSERT that leaves out what has to be given; where a trigger fills it in, running it has shown that. */
function omitted(change: Change, column: Column, what: string): readonly Hazard[] {
  if (column.default !== null || column.identity !== '' || column.generated !== '') return [];
  const leavesOut = insertsWithout(column);
  const filled = [...change.after.triggers.values()].some(
    ({ table, before }) => table === column.table && before,
  );
  return [
    {
      verdict: filled ? 'risk' : 'broken',
      what,
      check: null,
      touches: (known) => leavesOut(known) && !triedWell(known),
    },
  ];
}

function defaultHazards(change: Change, was: Column, now: Column): readonly Hazard[] {
  if (was.default === now.default || was.generated !== now.generated) return [];
  const name = sayColumn(change.after, now);
  if (now.default === null && now.notNull)
    return omitted(change, now, `${name} has lost its default, and takes no NULL`);
  return [
    {
      verdict: 'client-visible',
      what: `${name} has another default: ${now.default ?? 'NULL'} where it was ${was.default ?? 'NULL'}`,
      check: null,
      touches: insertsWithout(now),
    },
  ];
}

function requiredColumns(change: Change): readonly Hazard[] {
  return [...change.after.columns].flatMap(([key, column]) =>
    change.before.columns.has(key) || !change.before.relations.has(column.table) || !column.notNull
      ? []
      : omitted(
          change,
          column,
          `${sayColumn(change.after, column)} is new, takes no NULL, and has no default`,
        ),
  );
}

function typeHazards(change: Change, was: Column, now: Column): readonly Hazard[] {
  // The same type by another name is the same type.
  if (was.type === now.type && sizes(was.typeText).join() === sizes(now.typeText).join()) return [];
  const name = sayColumn(change.after, now);
  const { effect } = retype(sqlType(was), sqlType(now), false);
  const what = `${name} is ${now.typeText} where it was ${was.typeText}`;
  const column = `${quoted(was.name)}`;
  if (effect === 'narrower')
    return [
      {
        verdict: 'risk',
        what: `${what}: it refuses or rounds some of what it took`,
        check: `SELECT count(*) FROM ${tableSql(change, was)} WHERE ${column} IS NOT NULL AND ${misfit(column, now)}`,
        touches: writesColumn(now),
      },
    ];
  if (effect !== 'other' && effect !== 'unknown') return [];
  return [
    {
      verdict: 'risk',
      what: `${what}: values that programs send may be refused, or mean something else`,
      check: null,
      touches: writesColumn(now),
    },
    { verdict: 'client-visible', what, check: null, touches: readsColumn(was) },
  ];
}

/** Rows whose value is not the same once it has been cast: a cast cuts what is too long, but refuses numbers out of range. */
function misfit(column: string, { typeName, typeText }: Column): string {
  const ranges: Readonly<Record<string, string>> = {
    int2: 'NOT BETWEEN -32768 AND 32767',
    int4: 'NOT BETWEEN -2147483648 AND 2147483647',
    int8: 'NOT BETWEEN -9223372036854775808 AND 9223372036854775807',
  };
  const range = ranges[typeName];
  if (range !== undefined) return `${column} ${range}`;
  const [precision, scale = 0] = sizes(typeText);
  if (typeName === 'numeric' && precision !== undefined)
    return `(abs(${column}) >= 1e${precision - scale} OR round(${column}::numeric, ${scale}) <> ${column})`;
  if (precision !== undefined) return `length(${column}::text) > ${precision}`;
  return `${column}::text IS DISTINCT FROM ${column}::${typeText}::text`;
}

const sizes = (typeText: string): readonly number[] =>
  /\(([\d,]+)\)/.exec(typeText)?.[1]?.split(',').map(Number) ?? [];

function sqlType({ typeName, typeText }: Column): SqlType {
  return { name: typeName.replace(/^_/, ''), sizes: sizes(typeText), array: typeName.startsWith('_') };
}

/** What was written and is computed now, or the other way round, for whoever reads what it had. */
function computedHazards(change: Change, was: Column, now: Column): readonly Hazard[] {
  if (was.generated === now.generated) return [];
  return [
    {
      verdict: 'client-visible',
      what: `${sayColumn(change.after, now)} is ${now.generated === '' ? 'no longer computed' : 'computed now'}`,
      check: null,
      touches: readsColumn(was),
    },
  ];
}

/** Labels are constants, which statements without values have lost: who uses the type may use any of them. */
function labelHazards(change: Change): readonly Hazard[] {
  return [...change.before.enums.values()].flatMap((was): readonly Hazard[] => {
    const now = change.after.enums.get(was.id);
    if (now === undefined) return [];
    const columns = [...change.before.columns.values()].filter(({ type }) => type === was.id);
    const touches: Hazard['touches'] = (known) =>
      known.uses.types.has(was.id) ||
      known.prepared.before.parameters.includes(was.id) ||
      columns.some((column) => readsColumn(column)(known) || writesColumn(column)(known));
    const gone = was.labels.filter((label) => !now.labels.includes(label));
    const added = now.labels.filter((label) => !was.labels.includes(label));
    if (gone.length > 0)
      return [
        {
          verdict: 'broken',
          what: `${was.name} no longer has the value ${gone.join(', ')}, which whoever uses the type may send or expect`,
          check: null,
          touches,
        },
      ];
    if (added.length === 0) return [];
    return [
      {
        verdict: 'client-visible',
        what: `${was.name} has the new value ${added.join(', ')}, which whoever reads it may not know`,
        check: null,
        unheard: true,
        touches: (known) => columns.some((column) => readsColumn(column)(known)),
      },
    ];
  });
}
