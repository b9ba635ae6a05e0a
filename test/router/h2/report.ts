import type { Case } from './case.ts';
import type { Result } from './run-case.ts';

/** How many passed, failed, or were skipped, by section; then each that did not pass, and what came instead. */
export function report(all: readonly Case[], results: readonly Result[]): string {
  const rows = [...Map.groupBy(all, ({ id, rfc }) => `${id.split('/')[0]} (${rfc})`)].map(
    ([name, cases]) => [name, tally(cases, results)] as const,
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, counts]) => `${name.padEnd(width)}  ${counts}`);
  const failures = results.flatMap((result, index) => tell(all[index] as Case, result));
  return [...table, '', ...failures, summary(results)].join('\n');
}

function tally(cases: readonly Case[], results: readonly Result[]): string {
  const own = results.filter(({ id }) => cases.some((each) => each.id === id));
  const passed = own.filter(({ result }) => result === 'passed').length;
  return `${passed} of ${own.length}`;
}

function tell(each: Case, { result, before, came }: Result): readonly string[] {
  if (result === 'skipped') return [`skipped  ${each.id}  ${each.says}: ${came}`];
  if (result === 'failed') return [`failed   ${each.id}  ${each.says}: ${came}`];
  return before === 'failed' ? [`passed   ${each.id}  ${each.says}, but not by RFC 7540: ${came}`] : [];
}

export function summary(results: readonly Result[]): string {
  const count = (key: 'result' | 'before', value: Result['result']) =>
    results.filter((result) => result[key] === value).length;
  return (
    `\n${count('result', 'passed')} of ${results.length} passed, ${count('result', 'failed')} failed, ` +
    `${count('result', 'skipped')} skipped; by RFC 7540, where it asked for more: ${count('before', 'passed')}`
  );
}
