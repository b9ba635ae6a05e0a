import { learn, nothingKnown, type Known } from '../sql/known.ts';
import type { Change } from '../sql/change.ts';
import type { Parser } from '../sql/parser.ts';
import { readStatements, type Statement } from '../sql/read.ts';
import type { ServerVersion } from '../sql/version.ts';
import { locksOf, type Lock } from './locks.ts';
import { phases, type Phase } from '../../config/database.ts';
import { phaseOf, releaseOf } from './phase.ts';
import { isUnused, madeKey, type Around, type Found } from './rule.ts';
import { rules } from './rules.ts';
import { allowances, longNames, positions, upPart, type Allowance } from './source.ts';

/** A file to look at. */
export interface SqlFile {
  /** As it is shown. */
  readonly path: string;
  readonly text: string;
  /** Only read for what it tells of the schema. */
  readonly silent?: boolean;
}

export interface LintOptions {
  readonly parser: Parser;
  readonly version: ServerVersion;
  /** Files without a phase are run in one transaction each, as most migration tools do. */
  readonly inTransaction: boolean;
  /** What there is before the first file. */
  readonly schema?: Known;
}

/** Something that a rule has found. */
export interface Finding extends Found {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The locks that the change takes on tables that are in use. */
  readonly locks: readonly Lock[];
}

export interface LintReport {
  /** By file and place. */
  readonly findings: readonly Finding[];
  readonly allowed: readonly (Finding & { readonly reason: string })[];
  readonly files: number;
  readonly statements: number;
}

/** Rules about files rather than changes, by the name under which they are told. */
export const fileRules = {
  'syntax-error': 'What PostgreSQL’s parser cannot read',
  'identifier-too-long': 'A name that the server cuts off, so that two may become one',
  'allow-invalid': 'A comment that means to allow something, and does not',
  'allow-unused': 'A comment that allows what nothing has found',
} as const;

interface Passing {
  readonly known: Known;
  readonly made: ReadonlySet<string>;
}

interface Told {
  readonly findings: Finding[];
  readonly allowed: (Finding & { readonly reason: string })[];
  statements: number;
}

/** Looks at migrations in the order in which they run. */
export function lint(files: readonly SqlFile[], options: LintOptions): LintReport {
  const told: Told = { findings: [], allowed: [], statements: 0 };
  let known = options.schema ?? nothingKnown;
  for (const release of releasesOf(files)) {
    let passing: Passing = { known, made: new Set() };
    for (const { file, phase } of release) {
      const after = lintFile(file, { phase, passing, options, told });
      // Undo runs instead of contract: what it does has not happened when contract runs.
      if (phase !== 'undo') passing = after;
    }
    known = passing.known;
  }
  return { ...told, files: files.filter(({ silent }) => silent !== true).length };
}

const byName = new Intl.Collator('en', { numeric: true });

/** Of the files that tell a schema those that come before what is looked at, where that is one of them. */
export function filesBefore(schema: readonly SqlFile[], looked: readonly SqlFile[]): readonly SqlFile[] {
  const meant = new Set(looked.map(({ path }) => path));
  const sorted = schema.toSorted((a, b) => byName.compare(a.path, b.path));
  const first = sorted.findIndex(({ path }) => meant.has(path));
  return first < 0 ? sorted : sorted.slice(0, first).filter(({ path }) => !meant.has(path));
}

/** What migrations tell of a schema, when all of them have run. Files that cannot be read tell nothing. */
export function schemaOf(files: readonly SqlFile[], parser: Parser): Known {
  return releasesOf(files)
    .flat()
    .filter(({ phase }) => phase !== 'undo')
    .flatMap(({ file }) => {
      const statements = readStatements(parser, upPart(withoutMeta(file.text)));
      return 'message' in statements ? [] : statements.flatMap(({ changes }) => changes);
    })
    .reduce(learn, nothingKnown);
}

/** Without commands of psql, which a dump begins and ends with (\\restrict). */
const withoutMeta = (text: string): string => text.replaceAll(/^\\.*$/gm, '');

interface Phased {
  readonly file: SqlFile;
  readonly phase: Phase | null;
}

/** Files that belong together, each group in the order in which its files run. */
function releasesOf(files: readonly SqlFile[]): readonly (readonly Phased[])[] {
  const sorted = files.toSorted((a, b) => byName.compare(a.path, b.path));
  const phased = sorted.map((file): Phased => ({ file, phase: phaseOf(file.path) }));
  const groups = Map.groupBy(phased, ({ file, phase }) =>
    phase === null ? file.path : `release ${releaseOf(file.path)}`,
  );
  const order = (phase: Phase | null): number => (phase === null ? -1 : phases.indexOf(phase));
  return [...groups.values()].map((group) => group.toSorted((a, b) => order(a.phase) - order(b.phase)));
}

interface Reading {
  readonly phase: Phase | null;
  readonly passing: Passing;
  readonly options: LintOptions;
  readonly told: Told;
}

function lintFile(file: SqlFile, reading: Reading): Passing {
  const { options, told, passing } = reading;
  const text = upPart(file.text);
  const statements = readStatements(options.parser, text);
  const add = adding(file, text);
  if ('message' in statements) {
    const { at, message: what } = statements;
    if (file.silent !== true)
      told.findings.push(add('syntax-error', at, { level: 'error', what, instead: syntaxHint(text) }));
    return passing;
  }
  const { found, after } = walk(statements, reading);
  if (file.silent === true) return after;
  told.statements += statements.length;
  const tokens = options.parser.tokens(text);
  for (const { start, end } of longNames(tokens))
    told.findings.push(
      add('identifier-too-long', start, {
        level: 'warning',
        what: `This name has ${end - start} bytes, and the server keeps 63: two names may become one.`,
        instead: 'A shorter name.',
      }),
    );
  tell(told, found, { add, ...allowances(text, tokens, statements) });
  return after;
}

/** What is found in a file, with its place there. */
type Add = (rule: string, at: number, found: Found & { readonly locks?: readonly Lock[] }) => Finding;

function adding(file: SqlFile, text: string): Add {
  const place = positions(text);
  return (rule, at, found) => ({ rule, ...found, locks: found.locks ?? [], file: file.path, ...place(at) });
}

/** What nothing allows is a finding; so is a comment that allows nothing, or that cannot be read. */
function tell(
  told: Told,
  hits: readonly Hit[],
  { add, good, bad }: ReturnType<typeof allowances> & { readonly add: Add },
): void {
  const used = new Set<Allowance>();
  for (const { rule, change, statement, found, locks } of hits) {
    const finding = add(rule, change.at, { ...found, locks });
    const allowance = good.find(
      (each) => each.rules.includes(rule) && (each.statement ?? statement) === statement,
    );
    if (allowance === undefined) told.findings.push(finding);
    else {
      used.add(allowance);
      told.allowed.push({ ...finding, reason: allowance.reason });
    }
  }
  for (const { at, what } of bad)
    told.findings.push(
      add('allow-invalid', at, { level: 'error', what, instead: '-- teal: allow <rule> because <reason>' }),
    );
  for (const each of good.filter((one) => !used.has(one)))
    told.findings.push(
      add('allow-unused', each.at, {
        level: 'warning',
        what: `${each.rules.join(', ')}: nothing of that kind was found here.`,
        instead: 'Delete the comment.',
      }),
    );
}

/** Commands of psql are the usual reason why a file is no SQL. */
function syntaxHint(text: string): string {
  return /^\\\w/m.test(text)
    ? 'Commands of psql (\\connect, \\set …) are no SQL: leave them out.'
    : 'The grammar is that of PostgreSQL 18; placeholders of a tool have to be filled in first.';
}

interface Hit {
  readonly rule: string;
  readonly change: Change;
  readonly statement: Statement;
  readonly found: Found;
  readonly locks: readonly Lock[];
}

/** Goes through a file's changes, with what each of them finds. */
function walk(
  statements: readonly Statement[],
  { phase, passing, options }: Reading,
): { readonly found: readonly Hit[]; readonly after: Passing } {
  const all = statements.flatMap((statement) => statement.changes.map((change) => ({ change, statement })));
  const changes = all.map(({ change }) => change);
  const found: Hit[] = [];
  const made = new Set<string>();
  let known = passing.known;
  let transaction: { change: Change; locks: readonly Lock[] }[] | null =
    phase === null && options.inTransaction ? [] : null;
  for (const [index, { change, statement }] of all.entries()) {
    const around: Around = {
      phase,
      version: options.version,
      known,
      madeHere: made,
      madeInRelease: passing.made,
      before: changes.slice(0, index),
      after: changes.slice(index + 1),
      transaction,
    };
    const locks = locksOf(change, known).filter(({ on }) => !isUnused(around, on));
    for (const rule of rules) {
      const hit = rule.find(change, around);
      if (hit !== null) found.push({ rule: rule.id, change, statement, found: hit, locks });
    }
    if (change.kind === 'begin') transaction ??= [];
    else if (change.kind === 'commit' || change.kind === 'rollback') transaction = null;
    else transaction?.push({ change, locks });
    const key = madeKey(change);
    if (key !== null) made.add(key);
    known = learn(known, change);
  }
  return { found, after: { known, made: new Set([...passing.made, ...made]) } };
}
