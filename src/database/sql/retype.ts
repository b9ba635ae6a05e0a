import type { SqlType } from './change.ts';

/** What another type does to a column. */
export interface Retype {
  /** Whether every row is written anew, and every index with it; null: depends on the type the column has. */
  readonly rewrite: boolean | null;
  /**
   * `wider`: takes all it took before, and programs notice nothing · `visible`: takes all it took before, but programs get or
   * send something else · `narrower`: refuses some of what it took · `other` · `unknown`: the type it has is not known.
   */
  readonly effect: 'wider' | 'visible' | 'narrower' | 'other' | 'unknown';
}

const integers: readonly string[] = ['int2', 'int4', 'int8'];
/** Types with one size, where a larger one takes all that a smaller one took, without a change of what is stored. */
const sized: readonly string[] = [
  'varchar',
  'varbit',
  'timestamp',
  'timestamptz',
  'time',
  'timetz',
  'interval',
];

const same: Retype = { rewrite: false, effect: 'wider' };
const narrower: Retype = { rewrite: true, effect: 'narrower' };

/** Types that are not the same name, from and to. */
const pairs: ReadonlyMap<string, Retype> = new Map<string, Retype>([
  ['varchar text', same],
  ['cidr inet', same],
  ['citext text', { rewrite: false, effect: 'other' }],
  ['float4 float8', { rewrite: true, effect: 'visible' }],
  // Nothing is written anew where the session's time zone is UTC.
  ['timestamp timestamptz', { rewrite: null, effect: 'other' }],
  ['timestamptz timestamp', { rewrite: null, effect: 'other' }],
]);

/**
 * What ALTER COLUMN TYPE does; whether it rewrites is compared with servers in the test of locks.
 * @param from null: not known @param computed USING with an expression of its own
 */
export function retype(from: SqlType | null, to: SqlType, computed: boolean): Retype {
  if (computed) return { rewrite: true, effect: 'other' };
  if (from === null) return { rewrite: null, effect: 'unknown' };
  if (from.array || to.array) return arrays(from, to);
  if (from.name === 'numeric' && to.name === 'numeric') return numeric(from.sizes, to.sizes);
  if (from.name === to.name) return sameName(from, to);
  if (from.name === 'text' && to.name === 'varchar') return to.sizes.length === 0 ? same : narrower;
  return integer(from, to) ?? pairs.get(`${from.name} ${to.name}`) ?? { rewrite: true, effect: 'other' };
}

function integer(from: SqlType, to: SqlType): Retype | null {
  const [before, after] = [integers.indexOf(from.name), integers.indexOf(to.name)];
  if (before === -1 || after === -1) return null;
  // Drivers give an int8 as a string where an int4 was a number, since it may be more than a number holds.
  return { rewrite: true, effect: after > before ? 'visible' : 'narrower' };
}

function arrays(from: SqlType, to: SqlType): Retype {
  if (from.array !== to.array) return { rewrite: true, effect: 'other' };
  const elements = retype({ ...from, array: false }, { ...to, array: false }, false);
  // The elements of an array are cast one by one, unless the types are the same.
  return from.name === to.name ? elements : { ...elements, rewrite: true };
}

/** Sizes are precision and scale; without them it holds any number. */
function numeric(from: readonly number[], to: readonly number[]): Retype {
  const [before, scaleBefore = 0] = from;
  const [after, scaleAfter = 0] = to;
  if (after === undefined) return same;
  if (before === undefined) return narrower;
  if (scaleAfter === scaleBefore) return after >= before ? same : narrower;
  const room = after - scaleAfter >= before - scaleBefore && scaleAfter > scaleBefore;
  return { rewrite: true, effect: room ? 'wider' : 'narrower' };
}

function sameName(from: SqlType, to: SqlType): Retype {
  const [before] = from.sizes;
  const [after] = to.sizes;
  if (before === after) return same;
  const grows = after === undefined || (before !== undefined && after > before);
  if (sized.includes(from.name)) return grows ? same : narrower;
  return { rewrite: true, effect: grows ? 'visible' : 'narrower' };
}
