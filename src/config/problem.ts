/** One thing that is wrong (or doubtful) in teal.yaml, told so that a person can put it right without reading on. */
export interface Problem {
  /** An error refuses the file; a warning does not. */
  readonly severity: 'error' | 'warning';
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** As in `apps.shop.health.interval`, `apps.shop.hosts[0]`; empty for the whole file. */
  readonly path: string;
  readonly expected: string;
  /** The value as written, shortened; never a value that may be a secret. */
  readonly got: string;
  readonly remedy: string;
}

/** Keys from the root of teal.yaml; numbers are positions in a list. */
export type Path = readonly (string | number)[];

/** `apps.shop.hosts[0]` */
export function formatPath(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** Four lines for a terminal: where, what was expected, what was found, what to do. */
export function formatProblem(file: string, problem: Problem): string {
  const where = `${file}:${problem.line}:${problem.column}`;
  const title = [where, problem.path, problem.severity === 'warning' ? '(warning)' : '']
    .filter((part) => part !== '')
    .join('  ');
  return [
    title,
    `  expected ${problem.expected}`,
    `  got      ${problem.got}`,
    `  fix      ${problem.remedy}`,
  ].join('\n');
}

/** A value for the `got` line: short, on one line, unmistakable about its type. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map of keys';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  return `${value as number | boolean | bigint}`;
}

/** Names whose values are secrets more often than not. */
const secretName = /(?:password|passwd|secret|token|key)$/i;

/** True for a key whose plain value must not be shown, and which draws a warning when written in the file. */
export function looksSecret(name: string): boolean {
  return secretName.test(name);
}
