import type { Parser } from '../sql/parser.ts';
import { Actor } from './actor.ts';
import { readCatalog, type Catalog } from './catalog.ts';
import { compareObservations, typeNames } from './channels.ts';
import type { Statement } from './corpus.ts';
import type { Felt } from './finding.ts';
import type { Change, Hazard, Known } from './hazard.ts';
import { columnHazards } from './hazards-columns.ts';
import { constraintHazards } from './hazards-constraints.ts';
import { objectHazards, rightsHazards } from './hazards-objects.ts';
import { measure, type Measured, type Observation } from './measure.ts';
import { prepareAll, type Prepared, type Unprovable } from './prepare.ts';
import type { Session } from './session.ts';
import { usesOf, type Uses } from './uses.ts';

/** What a schema makes of statements before anything is changed. */
export interface Baseline {
  readonly prepared: readonly Prepared[];
  readonly unprovable: readonly Unprovable[];
  /** Statements that name nothing of the schema, or change it. */
  readonly beside: readonly Statement[];
  readonly observations: ReadonlyMap<Prepared, Observation>;
  readonly uses: ReadonlyMap<Prepared, Uses>;
  readonly catalog: Catalog;
  /** Roles whose rights could not be looked at. */
  readonly missingRoles: readonly string[];
}

/** Looks at the schema as it is, and brings each statement into a form that can be asked again later. */
export async function takeBaseline(
  parser: Parser,
  session: Session,
  statements: readonly Statement[],
): Promise<Baseline> {
  const actor = new Actor(session);
  const prepared: Prepared[] = [];
  const unprovable: Unprovable[] = [];
  const beside: Statement[] = [];
  for (const group of byActor(statements)) {
    const [first] = group;
    if (first === undefined) continue;
    await actor.become(first);
    for (const [at, preparation] of (await prepareAll(parser, session, group)).entries()) {
      const statement = group[at];
      if (preparation.kind === 'prepared') prepared.push(preparation.prepared);
      else if (preparation.kind === 'unprovable') unprovable.push(preparation.unprovable);
      else if (statement !== undefined) beside.push(statement);
    }
  }
  await actor.leave();
  const measured = await measure(session, prepared, { before: null, missingRoles: [...actor.missing] });
  return {
    prepared,
    unprovable,
    beside,
    observations: new Map(measured.map((each) => [each.prepared, each.observation])),
    uses: await usesOf(parser, session, prepared),
    catalog: await readCatalog(session),
    missingRoles: [...actor.missing],
  };
}

/** By who sends them: changing roles costs more than asking. */
function byActor(statements: readonly Statement[]): readonly (readonly Statement[])[] {
  const key = ({ role, searchPath }: Statement): string => JSON.stringify([role, searchPath]);
  return [...Map.groupBy(statements, key).values()];
}

export interface CompareOptions {
  /** Whether rows of the seed are as they were, so that how many are given tells something. */
  readonly sameRows: boolean;
}

/** What the statements feel of the schema as it is now. */
export async function compare(
  parser: Parser,
  session: Session,
  baseline: Baseline,
  { sameRows }: CompareOptions,
): Promise<readonly Felt[]> {
  const after = await readCatalog(session);
  const measured = await measure(session, baseline.prepared, {
    before: baseline.observations,
    missingRoles: baseline.missingRoles,
  });
  const change: Change = { before: baseline.catalog, after };
  const told = compareObservations(
    baseline.observations,
    sameRows ? measured : measured.map((each) => withoutRows(each, baseline)),
    typeNames(baseline.catalog, after),
  );
  const failing = new Set(told.filter(({ verdict }) => verdict === 'broken').map(({ prepared }) => prepared));
  const hazards = [
    ...columnHazards(change),
    ...constraintHazards(change),
    ...objectHazards(change),
    ...rightsHazards(change).filter(() => baseline.missingRoles.length > 0),
  ];
  const alive = measured.filter(({ prepared }) => !failing.has(prepared));
  return [
    ...told,
    ...alive.flatMap((each) => feltOf(each, hazards, baseline)),
    ...(await resolvedAnew({ parser, session, baseline, change }, alive, told)),
  ];
}

/** As if each gave as many rows as before, where the rows are other ones. */
function withoutRows({ prepared, observation }: Measured, { observations }: Baseline): Measured {
  const before = observations.get(prepared)?.trial?.answer;
  const { trial } = observation;
  if (trial === null || before === undefined || !('ok' in trial.answer) || !('ok' in before))
    return { prepared, observation };
  return { prepared, observation: { ...observation, trial: { ...trial, answer: before } } };
}

function feltOf(
  { prepared, observation }: Measured,
  hazards: readonly Hazard[],
  { uses }: Baseline,
): readonly Felt[] {
  const used = uses.get(prepared);
  if (used === undefined) return [];
  const known: Known = { prepared, uses: used, now: observation };
  return hazards
    .filter(({ touches }) => touches(known))
    .map(({ verdict, what, check, unheard }) => ({
      prepared,
      verdict,
      channel: 'catalog',
      what,
      check,
      ...(unheard === undefined ? {} : { unheard }),
    }));
}

interface Compared {
  readonly parser: Parser;
  readonly session: Session;
  readonly baseline: Baseline;
  readonly change: Change;
}

/** The same words may mean something else: a new function that fits better, a table earlier in the search path, a NATURAL JOIN. */
async function resolvedAnew(
  { parser, session, baseline, change }: Compared,
  alive: readonly Measured[],
  told: readonly Felt[],
): Promise<readonly Felt[]> {
  const concerned = concernedBy(change);
  const seen = new Set(told.map(({ prepared }) => prepared));
  const open = alive
    .map(({ prepared }) => prepared)
    .filter((prepared) => {
      const uses = baseline.uses.get(prepared);
      return !seen.has(prepared) && uses !== undefined && concerned(prepared, uses);
    });
  const now = await usesOf(parser, session, open);
  return open.flatMap((prepared): readonly Felt[] => {
    const [old, used] = [baseline.uses.get(prepared), now.get(prepared)];
    if (old === undefined || used === undefined || used.relations.size === 0) return [];
    const what = meansElse(old, used, change);
    return what === null
      ? []
      : [{ prepared, verdict: 'client-visible', channel: 'catalog', what, check: null }];
  });
}

/** Statements that name something like what is new, or use a table with a new column: of all others nothing can mean something else. */
function concernedBy({ before, after }: Change): (prepared: Prepared, uses: Uses) => boolean {
  const added = <K, V>(was: ReadonlyMap<K, V>, now: ReadonlyMap<K, V>): readonly V[] =>
    [...now].filter(([key]) => !was.has(key)).map(([, value]) => value);
  const bare = (name: string): string => /([^.("]+)"?(?:\(|$)/.exec(name)?.[1]?.toLowerCase() ?? name;
  const names = [
    ...added(before.functions, after.functions),
    ...added(before.relations, after.relations),
  ].map(({ name }) => bare(name));
  const tables = new Set(added(before.columns, after.columns).map(({ table }) => table));
  return ({ sent }, { relations }) =>
    names.some((name) => sent.text.toLowerCase().includes(name)) ||
    [...relations].some((relation) => tables.has(relation));
}

function meansElse(was: Uses, now: Uses, { before, after }: Change): string | null {
  const added = <T>(one: ReadonlySet<T>, other: ReadonlySet<T>): T | undefined =>
    [...other].find((each) => !one.has(each));
  const relation = added(was.relations, now.relations);
  // A view that has taken the name of what it shows is what the name means still.
  const stillThere = [...was.relations].every((id) => now.relations.has(id));
  const viaView = stillThere && [...now.relations].some((id) => after.views.has(id));
  if (relation !== undefined && !viaView && !before.relations.has(relation))
    return `it means ${after.relations.get(relation)?.name ?? 'another table'} now`;
  const called = added(was.functions, now.functions);
  if (called !== undefined) return `it calls ${after.functions.get(called)?.name ?? 'another function'} now`;
  if (added(was.operators, now.operators) !== undefined) return 'it uses another operator now';
  return viaView ? null : capturedColumn(was, now, { before, after });
}

/**
 * A new column that a name means now, which had meant another one. ON CONFLICT stands on all columns of its table, so that one more says
 * nothing; one that is gone from what the statement stands on does.
 */
function capturedColumn(was: Uses, now: Uses, { before, after }: Change): string | null {
  const column = [...now.columns].find((each) => !before.columns.has(each));
  const lost = [...was.columns].some((each) => after.columns.has(each) && !now.columns.has(each));
  return column === undefined || !lost
    ? null
    : `it means the new column ${after.columns.get(column)?.name ?? '?'} now`;
}
