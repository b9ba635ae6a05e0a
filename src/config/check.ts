import { safeParse, type GenericIssue } from 'valibot';
import { didYouMean } from './did-you-mean.ts';
import type { ErrorPage } from './config.ts';
import { readErrorPages } from './error-pages.ts';
import { formatPath, looksSecret, show, type Path, type Problem } from './problem.ts';
import { fileSchema, type FileInput } from './schema.ts';
import { meaning } from './semantics.ts';
import { readYaml, type Source } from './yaml.ts';

/** What a text holds: the values, defaults filled in, when no problem is an error; and all problems in order. */
export interface Checked {
  readonly input: FileInput | null;
  readonly problems: readonly Problem[];
  /** The error pages it names, by absolute path. */
  readonly pages: ReadonlyMap<string, ErrorPage>;
}

const noPages: ReadonlyMap<string, ErrorPage> = new Map();

// A real teal.yaml has a hundred lines; beyond this it is another file by mistake.
const mostBytes = 1024 ** 2;

/**
 * Checks a whole text: YAML, then each value, then what the values mean together and the pages they name. Never throws.
 * @param base the folder of the file
 */
export function check(text: string, base: string): Checked {
  if (Buffer.byteLength(text) > mostBytes) return refused([tooLarge(text)]);
  const source = readYaml(text);
  if (source.value === null && source.problems.length === 0) return refused([empty]);
  if (source.problems.length > 0) return refused(source.problems);
  const parsed = safeParse(fileSchema, source.value);
  if (parsed.success) {
    const { pages, findings } = readErrorPages(parsed.output, base);
    const problems = [...meaning(parsed.output, []), ...findings].map((found) => located(found, source));
    const wrong = problems.some((problem) => problem.severity === 'error');
    return { input: wrong ? null : parsed.output, problems: sorted(problems), pages };
  }
  const issues = parsed.issues as readonly GenericIssue[];
  const problems = issues.map((issue) => problemOf(issue, source));
  return refused(sorted([...problems, ...rest(source, issues)]));
}

const refused = (problems: readonly Problem[]): Checked => ({ input: null, problems, pages: noPages });

const empty: Problem = {
  severity: 'error',
  line: 1,
  column: 1,
  path: '',
  expected: 'at least the key apps',
  got: 'an empty file',
  remedy: 'write a first one with: teal init',
};

function tooLarge(text: string): Problem {
  return {
    severity: 'error',
    line: 1,
    column: 1,
    path: '',
    expected: 'a file of at most 1MB',
    got: `${(Buffer.byteLength(text) / 1024 ** 2).toFixed(1)}MB`,
    remedy: 'see whether this is the right file',
  };
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((one, two) => one.line - two.line || one.column - two.column);
}

function located(found: ReturnType<typeof meaning>[number], source: Source): Problem {
  const { severity, path, expected, got, remedy, others, of } = found;
  const lines = others.map((other) => `${formatPath(other)} (line ${source.position(other).line})`);
  return {
    severity,
    ...source.position(path, of),
    path: formatPath(path),
    expected,
    got,
    remedy: lines.length === 0 ? remedy : `${remedy}; see ${lines.join(', ')}`,
  };
}

function pathOf(issue: GenericIssue): Path {
  return (issue.path ?? []).map((item) => item.key as string | number);
}

function problemOf(issue: GenericIssue, source: Source): Problem {
  const path = pathOf(issue);
  const key = issue.path?.at(-1)?.origin === 'key';
  const missing = key && issue.type === 'object_with_rest';
  const unknown = issue.type === 'never';
  // An item of a list has no key of its own to point at.
  const inList = missing && typeof path.at(-2) === 'number';
  const of = (key || unknown) && !inList ? 'key' : 'value';
  const position = source.position(missing ? path.slice(0, -1) : path, of);
  return { severity: 'error', ...position, path: formatPath(path), ...what(issue, path) };
}

function what(issue: GenericIssue, path: Path): Pick<Problem, 'expected' | 'got' | 'remedy'> {
  const last = `${path.at(-1) ?? ''}`;
  switch (issue.type) {
    case 'never':
      return unknownKey(last, path, issue.message.split(' '));
    case 'object_with_rest':
      return { expected: `the key ${last}`, got: 'nothing', remedy: `add ${last}: ${examples[last] ?? '…'}` };
    case 'array':
      return { expected: 'a list', got: shown(issue.input, path), remedy: listRemedy(issue.input, path) };
    default: {
      const key = issue.path?.at(-1)?.origin === 'key';
      const got = key ? show(last) : shown(issue.input, path);
      return { expected: issue.expected ?? 'another value', got, remedy: issue.message };
    }
  }
}

const examples: Readonly<Record<string, string>> = {
  apps: '{ shop: { run: { process: { command: node server.js } } } }',
  run: '{ process: { command: node server.js } }',
  process: '{ command: node server.js }',
  command: 'node server.js',
};

function listRemedy(input: unknown, path: Path): string {
  if (typeof input !== 'string' || hidden(path)) return 'write [], or one item to a line, each after a -';
  return `write [${/^[\w./*-]+$/.test(input) && !input.startsWith('*') ? input : JSON.stringify(input)}]`;
}

/** Values of environment variables and headers, and of anything that sounds like a secret, never leave the file. */
function hidden(path: Path): boolean {
  return (
    path.includes('environment') ||
    path.at(-2) === 'headers' ||
    path.some((part) => typeof part === 'string' && looksSecret(part))
  );
}

function shown(value: unknown, path: Path): string {
  const plain = typeof value === 'string' || typeof value === 'number';
  return plain && hidden(path) ? 'a value (not shown)' : show(value);
}

/** Keys that people look for one or two levels too high. */
const belongsTo: Readonly<Record<string, string>> = {
  command: 'run.process.command',
  directory: 'run.process.directory',
  environment: 'run.process.environment',
  instances: 'run.process.instances',
  limits: 'run.process.limits',
  process: 'run.process',
  tests: 'release.tests',
  strategy: 'release.strategy',
  promote: 'release.promote',
  metrics: 'judge.metrics',
  migrations: 'database.migrations',
};

function unknownKey(
  key: string,
  path: Path,
  known: readonly string[],
): Pick<Problem, 'expected' | 'got' | 'remedy'> {
  const meant = didYouMean(key, known);
  const elsewhere = path.length === 3 && path[0] === 'apps' ? belongsTo[key] : undefined;
  const otherwise = elsewhere === undefined ? 'remove it' : `it belongs at ${elsewhere}`;
  return {
    expected: `one of the keys ${known.join(', ')}`,
    got: `the unknown key ${show(key)}`,
    remedy: meant === null ? otherwise : `Did you mean \`${meant}\`?`,
  };
}

/**
 * What the values mean together, found although single values are wrong: these are left out, and nothing is told
 * that depends on them. So a person sees everything in one run.
 */
function rest(source: Source, issues: readonly GenericIssue[]): readonly Problem[] {
  const broken = issues.map(pathOf);
  const copy = structuredClone(source.value);
  for (const path of broken) mend(copy, path);
  const parsed = safeParse(fileSchema, copy);
  return parsed.success ? meaning(parsed.output, broken).map((found) => located(found, source)) : [];
}

/** Removes the value at a path, or puts an example where something has to be. */
function mend(root: unknown, path: Path): void {
  const variables = path.indexOf('environment');
  // An environment variable goes as a whole, and a list with one wrong item too.
  const last = variables > 0 && path.length > variables + 2 ? variables + 1 : path.findLastIndex(isKey);
  let map = root;
  for (const part of path.slice(0, last)) {
    if (typeof map !== 'object' || map === null) return;
    map = (map as Record<string | number, unknown>)[part];
  }
  const key = path[last];
  if (typeof map !== 'object' || map === null || Array.isArray(map) || key === undefined) return;
  const example = needed[key];
  if (example === undefined) delete (map as Record<string, unknown>)[key];
  else (map as Record<string, unknown>)[key] = example;
}

const isKey = (part: string | number): boolean => typeof part === 'string';

const needed: Readonly<Record<string, unknown>> = {
  run: { process: { command: 'example' } },
  process: { command: 'example' },
  command: 'example',
  // Without it the other keys of a database would be mistakes, too.
  url: 'env:DATABASE_URL',
  http: '/',
};
