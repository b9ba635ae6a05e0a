import type { Catalog } from './catalog.ts';
import type { Felt } from './finding.ts';
import { passingOf, type Measured, type Observation } from './measure.ts';
import type { Prepared } from './prepare.ts';
import { isPassing } from './refusal.ts';
import type { Described, OutputColumn, Refusal } from './session.ts';

type Feeling = Omit<Felt, 'prepared'>;

/** What the server itself says of statements in two schemas: understood, planned, run, and what comes out. */
export function compareObservations(
  before: ReadonlyMap<Prepared, Observation>,
  after: readonly Measured[],
  types: (oid: number) => string,
): readonly Felt[] {
  return after.flatMap(({ prepared, observation }) => {
    const earlier = before.get(prepared);
    if (earlier === undefined) return [];
    const felt =
      failing(earlier, observation) ?? unasked(observation) ?? changed(earlier, observation, types);
    return felt.map((each) => ({ ...each, prepared }));
  });
}

/** The first channel that was answered before and is refused now; null: none is. */
function failing(before: Observation, now: Observation): readonly Feeling[] | null {
  if ('ok' in before.untyped && 'refused' in now.untyped && !isPassing(now.untyped.refused))
    return [broken('parse', sayRefusal(now.untyped.refused))];
  // XX000: the type itself is gone, which only who sends its number would notice.
  if (
    'ok' in before.typed &&
    'refused' in now.typed &&
    now.typed.refused.code !== 'XX000' &&
    !isPassing(now.typed.refused)
  )
    return [
      broken('parse', `${sayRefusal(now.typed.refused)}, with the types of parameters as they were before`),
    ];
  const planned = before.plan !== null && 'ok' in before.plan;
  if (planned && now.plan !== null && 'refused' in now.plan && !isPassing(now.plan.refused))
    return [broken('plan', sayRefusal(now.plan.refused))];
  return failingRun(before, now);
}

function failingRun(before: Observation, now: Observation): readonly Feeling[] | null {
  const [tried, again] = [before.trial?.answer, now.trial?.answer];
  if (tried === undefined || again === undefined || !('ok' in tried) || !('refused' in again)) return null;
  const verdict = verdictOf(again.refused);
  return verdict === null
    ? null
    : [{ verdict, channel: 'trial', what: sayRefusal(again.refused), check: null }];
}

/** Twice too slow, or in somebody's way: nobody knows what the schema makes of it. */
function unasked(now: Observation): readonly Feeling[] | null {
  const refused = passingOf(now);
  if (refused === null) return null;
  const what = `the server was too busy to say: ${sayRefusal(refused)}`;
  return [{ verdict: 'unproven', channel: 'trial', what, check: null }];
}

const broken = (channel: Felt['channel'], what: string): Feeling => ({
  verdict: 'broken',
  channel,
  what,
  check: null,
});

const sayRefusal = ({ code, message }: Refusal): string => `${message} (${code})`;

/** Constraints that some values satisfy: unique, foreign key, check, exclusion. */
const dependsOnValues: ReadonlySet<string> = new Set(['23505', '23503', '23514', '23P01', '23001']);

/** What a refused run says of the statement; null: of the synthetic values only. */
function verdictOf({ code, message }: Refusal): 'broken' | 'risk' | null {
  // Class 22 is about values: whether a division by zero is met at all depends on the plan.
  if (code.startsWith('22') || isPassing({ code })) return null;
  if (code === '23514' && message.startsWith('no partition of relation')) return 'broken';
  return dependsOnValues.has(code) ? 'risk' : 'broken';
}

function changed(before: Observation, now: Observation, types: (oid: number) => string): readonly Feeling[] {
  const found: Feeling[] = [];
  if ('ok' in before.untyped && 'ok' in now.untyped)
    found.push(...signature(before.untyped.ok, now.untyped.ok, types));
  const [tried, again] = [before.trial?.answer, now.trial?.answer];
  if (tried !== undefined && again !== undefined && 'ok' in tried && 'ok' in again)
    if (tried.ok.rows !== again.ok.rows)
      found.push(visible('trial', `it gives or touches ${again.ok.rows} rows where it was ${tried.ok.rows}`));
  return found;
}

const visible = (channel: Felt['channel'], what: string): Feeling => ({
  verdict: 'client-visible',
  channel,
  what,
  check: null,
});

const reprepare =
  'on a connection that has it prepared by a name it fails with 0A000 until it is prepared again';

function signature(before: Described, now: Described, types: (oid: number) => string): readonly Feeling[] {
  const found: Feeling[] = [];
  const [had, has] = [before.columns ?? [], now.columns ?? []];
  const added = has.filter(({ name }) => !had.some((column) => column.name === name));
  const gone = had.filter(({ name }) => !has.some((column) => column.name === name));
  if (added.length > 0) found.push(visible('signature', `it also gives ${listed(added)}; ${reprepare}`));
  if (gone.length > 0) found.push(visible('signature', `it no longer gives ${listed(gone)}`));
  for (const [at, column] of had.entries()) {
    const other = has.length === had.length ? has[at] : has.find(({ name }) => name === column.name);
    if (other === undefined || other.name !== column.name) continue;
    const [from, to] = [sayType(column, types), sayType(other, types)];
    if (from !== to)
      found.push(visible('signature', `${column.name} comes as ${to} where it was ${from}; ${reprepare}`));
  }
  for (const [at, type] of before.parameters.entries()) {
    const other = now.parameters[at];
    if (other !== undefined && other !== type)
      found.push(
        visible('signature', `parameter $${at + 1} is taken as ${types(other)} where it was ${types(type)}`),
      );
  }
  return found;
}

const listed = (columns: readonly OutputColumn[]): string =>
  [...new Set(columns.map(({ name }) => name))].join(', ');

/** The type with its size where it has one: drivers do not see it, but the server compares it. */
function sayType({ type, typmod }: OutputColumn, types: (oid: number) => string): string {
  return typmod === -1 ? types(type) : `${types(type)} (modifier ${typmod})`;
}

/** Types by their names, as the catalogs before and after have them. */
export function typeNames(...catalogs: readonly Catalog[]): (oid: number) => string {
  const known = new Map(
    catalogs.flatMap(({ columns }) => [...columns.values()].map(({ type, typeName }) => [type, typeName])),
  );
  return (oid) => known.get(oid) ?? builtin.get(oid) ?? `type ${oid}`;
}

const builtin: ReadonlyMap<number, string> = new Map([
  [16, 'bool'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [25, 'text'],
  [114, 'json'],
  [700, 'float4'],
  [701, 'float8'],
  [1043, 'varchar'],
  [1082, 'date'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1700, 'numeric'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);
