/**
 * Runs every test file under test/ but test/acceptance/, which has a command of its own.
 *
 *   npm test                              all of them
 *   npm test -- test/router test/store    only files whose path begins with, or contains, one of these
 *   npm test -- --grep "drain"            only tests whose name matches
 *
 * A skipped test proves nothing: each one is listed at the end with what it wanted, and with CI=true it is a failure.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, relative } from 'node:path';
import { run } from 'node:test';
import { inspect, parseArgs, styleText } from 'node:util';

const root = dirname(import.meta.dirname);
// Each file is a process, and many start some more: a fifth of their CPU went into reading the same sources anew.
process.env['NODE_COMPILE_CACHE'] ??= `${root}/node_modules/.cache/node-compile`;
/** A file that takes longer hangs: none may hold the others up for ever. */
const fileTimeoutMs = 5 * 60_000;
const slowestShown = 5;

interface Outcome {
  readonly name: string;
  readonly file: string;
  readonly detail: string;
}

interface Tally {
  readonly passed: string[];
  readonly failed: Outcome[];
  readonly skipped: Outcome[];
  readonly todo: Outcome[];
  readonly seconds: Map<string, number>;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { grep: { type: 'string' } },
});

const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => !file.startsWith('test/acceptance/'))
  .filter((file) => positionals.length === 0 || positionals.some((wanted) => file.includes(wanted)))
  .toSorted();

if (files.length === 0) {
  console.error(`no test file matches ${positionals.join(' ')}`);
  process.exit(2);
}

const started = performance.now();
const tally: Tally = { passed: [], failed: [], skipped: [], todo: [], seconds: new Map() };
const stream = run({
  cwd: root,
  files: files.map((file) => `${root}/${file}`),
  concurrency: Math.max(2, Math.min(4, availableParallelism())),
  timeout: fileTimeoutMs,
  ...(values.grep === undefined ? {} : { testNamePatterns: new RegExp(values.grep, 'i') }),
});

for await (const event of stream) {
  if (event.type === 'test:pass' || event.type === 'test:fail') count(event.type, event.data);
  else if (event.type === 'test:summary' && event.data.file !== undefined)
    tally.seconds.set(relative(root, event.data.file), event.data.duration_ms / 1000);
  else if (event.type === 'test:stdout' || event.type === 'test:stderr')
    process.stderr.write(event.data.message);
}
refuseSilentFiles();
report();
process.exitCode = tally.failed.length > 0 || (tally.skipped.length > 0 && isTrue(process.env.CI)) ? 1 : 0;

type TestData = Extract<
  typeof stream extends AsyncIterable<infer E> ? E : never,
  { type: 'test:pass' | 'test:fail' }
>['data'];

function count(type: 'test:pass' | 'test:fail', data: TestData): void {
  const file = data.file === undefined ? '?' : relative(root, data.file);
  // A file is itself reported as a test, named by its path: it counts only when it failed as a whole.
  const isFile = data.nesting === 0 && data.name.endsWith('.test.ts');
  if (isFile && type === 'test:pass') return;
  if (data.details.type === 'suite' && type === 'test:pass') return;
  // Its subtests have been counted, and told, one by one.
  if (type === 'test:fail' && failureType(data.details) === 'subtestsFailed') return;
  const outcome = { name: isFile ? 'the file as a whole' : data.name, file, detail: '' };
  if (type === 'test:fail' && data.todo === undefined) {
    const failure = { ...outcome, detail: `${file}:${data.line ?? 0}\n${reasonOf(data.details)}` };
    tally.failed.push(failure);
    tell(failure);
  } else if (data.skip !== undefined) tally.skipped.push({ ...outcome, detail: wanted(data.skip) });
  else if (data.todo !== undefined) tally.todo.push({ ...outcome, detail: wanted(data.todo) });
  else tally.passed.push(data.name);
}

/** A file whose process ends early, but with 0, would otherwise pass without having run its tests. */
function refuseSilentFiles(): void {
  for (const file of files) {
    if (tally.seconds.has(file) || tally.failed.some((failure) => failure.file === file)) continue;
    const failure = {
      name: 'the file as a whole',
      file,
      detail: `${file}\nits process ended before its tests had`,
    };
    tally.failed.push(failure);
    tell(failure);
  }
}

function failureType(details: object): unknown {
  const error = 'error' in details ? details.error : null;
  return error instanceof Error && 'failureType' in error ? error.failureType : null;
}

function tell(failure: Outcome): void {
  console.log(`${styleText('red', 'FAILED')}  ${failure.name}`);
  console.log(failure.detail.replaceAll(/^/gm, '        '));
}

function reasonOf(details: object): string {
  const error = 'error' in details && details.error instanceof Error ? details.error : null;
  // The runner wraps what the test threw.
  const cause = error?.cause ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
}

function report(): void {
  const slowest = [...tally.seconds].toSorted(([, one], [, two]) => two - one).slice(0, slowestShown);
  console.log(`\nslowest of ${files.length} files`);
  for (const [file, seconds] of slowest) console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${file}`);
  if (tally.failed.length > 0) {
    console.log(`\n${tally.failed.length} FAILED`);
    for (const { name, file } of tally.failed) console.log(`  ${file}: ${name}`);
  }
  if (tally.skipped.length > 0) shout();
  console.log(`
# tests ${tally.passed.length + tally.failed.length + tally.skipped.length + tally.todo.length}
# pass ${tally.passed.length}
# fail ${tally.failed.length}
# skipped ${tally.skipped.length}
# todo ${tally.todo.length}
# duration_ms ${Math.round(performance.now() - started)}`);
}

function shout(): void {
  const verdict = isTrue(process.env.CI) ? 'which is a failure here (CI is set)' : 'and so proved nothing';
  console.log(styleText('yellow', `\n${tally.skipped.length} TESTS WERE SKIPPED, ${verdict}:`));
  for (const { name, file, detail } of tally.skipped) console.log(`  ${detail}  ${name}  (${file})`);
}

function wanted(reason: string | boolean): string {
  return typeof reason === 'string' && reason !== '' ? `[${reason}]` : '[no reason given]';
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}
