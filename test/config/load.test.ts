import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkConfig, loadConfig, parseConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { TealError } from '../../src/errors.ts';
import { audienceMistakes } from './mistakes-audience.ts';
import { controlMistakes } from './mistakes-control.ts';
import { databaseMistakes } from './mistakes-database.ts';
import { featureMistakes } from './mistakes-features.ts';
import { groupMistakes } from './mistakes-group.ts';
import { metricMistakes } from './mistakes-metrics.ts';
import { staticMistakes } from './mistakes-static.ts';
import { mistakes, type Mistake } from './mistakes.ts';

const smallest = 'apps: { shop: { run: { process: { command: node server.js } } } }';

function place(text: string): { readonly text: string; readonly line: number; readonly column: number } {
  const offset = text.indexOf('@');
  const before = text.slice(0, offset).split('\n');
  return {
    text: text.slice(0, offset) + text.slice(offset + 1),
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
  };
}

function matches(actual: string, wanted: string | RegExp, what: string): void {
  if (typeof wanted === 'string') assert.equal(actual, wanted, what);
  else assert.match(actual, wanted, what);
}

describe('every mistake is told with its place, what was expected, what was found and what to do', () => {
  for (const mistake of [
    ...mistakes,
    ...audienceMistakes,
    ...featureMistakes,
    ...metricMistakes,
    ...groupMistakes,
    ...staticMistakes,
    ...controlMistakes,
    ...databaseMistakes,
  ])
    test(mistake.says, () => toldAs(mistake));
});

function toldAs(mistake: Mistake): void {
  const { text, line, column } = place(mistake.text);
  const problems = checkConfig(text, 'teal.yaml');
  const [problem] = problems;
  assert.ok(problem, 'no problem was found');
  assert.equal(problems.length, 1, problems.map((one) => formatProblem('teal.yaml', one)).join('\n'));
  assert.deepEqual(
    { line: problem.line, column: problem.column, path: problem.path, severity: problem.severity },
    { line, column, path: mistake.path, severity: 'error' },
  );
  matches(problem.expected, mistake.expected, 'expected');
  matches(problem.got, mistake.got, 'got');
  matches(problem.remedy, mistake.remedy, 'remedy');
  assert.throws(
    () => parseConfig(text, 'teal.yaml'),
    (error) => error instanceof TealError && error.code === 'config-invalid',
  );
}

test('a problem is printed in four lines that an editor can jump to', () => {
  const text =
    'apps:\n  shop:\n    run: { process: { command: x } }\n    health:\n      interval: 10 seconds\n';
  assert.equal(
    checkConfig(text, 'teal.yaml')
      .map((problem) => formatProblem('teal.yaml', problem))
      .join('\n'),
    [
      'teal.yaml:5:17  apps.shop.health.interval',
      '  expected a duration such as 500ms, 10s, 5m, 1h',
      '  got      "10 seconds"',
      '  fix      write 10s',
    ].join('\n'),
  );
});

test('all mistakes are told at once, those of single values and those between values, in the order of the lines', () => {
  const text = [
    'router: { listen: nowhere }',
    'apps:',
    '  shop:',
    '    run: { process: { command: x, instances: 0 } }',
    '    helth: {}',
    '    roles: { admin: { kind: web, command: y } }',
    '  blog:',
    '    run: { process: { command: y } }',
  ].join('\n');
  assert.deepEqual(
    checkConfig(text, 'teal.yaml').map((problem) => `${problem.line} ${problem.path}`),
    [
      '1 router.listen',
      '4 apps.shop.run.process.instances',
      '5 apps.shop.helth',
      '6 apps.shop.roles.admin',
      '7 apps.blog.paths',
    ],
  );
  assert.throws(
    () => parseConfig(text, 'teal.yaml'),
    (error) =>
      error instanceof TealError &&
      error.message.startsWith('teal.yaml has 5 mistakes\n\nteal.yaml:1:19  router.listen\n') &&
      error.message.includes('teal.yaml:7:3  apps.blog.paths') &&
      error.remedy === 'correct it and run: teal config check',
  );
});

test('nothing is told that rests on a value which is wrong itself', () => {
  const text =
    'apps:\n  a: { run: { process: { command: x } }, hosts: [a.example, "b c"] }\n  b: { run: { process: { command: x } } }';
  assert.deepEqual(
    checkConfig(text, 'teal.yaml').map((problem) => problem.path),
    ['apps.a.hosts[1]'],
  );
});

test('a plain value that looks like a secret is a warning, and is shown nowhere', () => {
  const text =
    'apps: { shop: { run: { process: { command: x, environment: { DB_PASSWORD: hunter2, API_KEY: "", KEYS: a } } } } }';
  const problems = checkConfig(text, 'teal.yaml');
  assert.deepEqual(
    problems.map(({ severity, path, remedy }) => ({ severity, path, remedy })),
    [
      {
        severity: 'warning',
        path: 'apps.shop.run.process.environment.DB_PASSWORD',
        remedy: 'if it is secret, write { secret: env:DB_PASSWORD }',
      },
    ],
  );
  assert.ok(!JSON.stringify(problems).includes('hunter2'));
  assert.equal(parseConfig(text, 'teal.yaml').apps['shop']?.name, 'shop');
});

test('no value of an environment variable is ever in a message', () => {
  const texts = [
    'environment: { A: { secret: hunter2 } }',
    'environment: { A: [hunter2] }',
    'environment: { A: { secrt: hunter2 } }',
    'environment: hunter2',
    'environment: { A: { secret: env:hunter2-x } }',
    'environment: { A: "hunter2\\0" }',
  ];
  for (const text of texts) {
    const problems = checkConfig(
      `apps: { shop: { run: { process: { command: x, ${text} } } } }`,
      'teal.yaml',
    );
    assert.ok(problems.length > 0, text);
    assert.ok(!JSON.stringify(problems).includes('hunter2'), text);
  }
});

test('a file that is not there is told with the place that was looked at, and how to get one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'teal-config-'));
  try {
    const file = join(folder, 'teal.yaml');
    await assert.rejects(
      loadConfig(file),
      (error) =>
        error instanceof TealError &&
        error.code === 'config-not-found' &&
        error.message.includes(file) &&
        error.remedy.includes('teal init'),
    );
    await assert.rejects(loadConfig(folder), { code: 'config-not-found' });
    await writeFile(file, smallest);
    const config = await loadConfig(file);
    assert.equal(config.file, file);
    assert.equal(config.data, join(folder, '.teal'));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a file of more than a megabyte is not read', () => {
  const problems = checkConfig(`${smallest}\n${'# a\n'.repeat(300_000)}`, 'teal.yaml');
  assert.deepEqual(
    problems.map(({ expected, got }) => ({ expected, got })),
    [{ expected: 'a file of at most 1MB', got: '1.1MB' }],
  );
});

test('nesting deeper than any stack is a mistake like others', () => {
  const [problem] = checkConfig('['.repeat(20_000), 'teal.yaml');
  assert.equal(problem?.expected, 'at most 50 levels of nesting');
});

const words = [
  'apps', 'shop', 'run', 'process', 'command', 'environment', 'health', 'roles', 'release', 'tests', 'http',
  'hosts', 'paths', 'secret', 'status', '10s', '/', '0', 'null', '200-299', '*a', '&a', '<<', '"', "'", '!t',
]; // prettier-ignore
const fragment = fc.oneof(
  fc.constantFrom(
    ...words,
    ': ',
    ':\n  ',
    ':\n    ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '\t',
    '---\n',
    '#',
  ),
  fc.string({ maxLength: 4, unit: 'binary' }),
);

test('whatever the text, the answer is a config or a TealError config-invalid', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fragment).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseConfig(text, 'teal.yaml');
      } catch (error) {
        assert.ok(error instanceof TealError && error.code === 'config-invalid', String(error));
      }
    }),
    { numRuns: 500 },
  );
});

const json = fc.jsonValue({ maxDepth: 4 });

test('whatever the values, the answer is a config or a TealError config-invalid', () => {
  const shapes = fc.record(
    { command: json, environment: json, instances: json, limits: json, directory: json },
    { requiredKeys: [] },
  );
  const apps = fc.record(
    {
      run: fc.record({ process: shapes }),
      roles: json,
      hosts: json,
      paths: json,
      health: json,
      release: json,
    },
    { requiredKeys: ['run'] },
  );
  fc.assert(
    fc.property(fc.record({ apps: fc.dictionary(fc.constantFrom('shop', 'Blog', 'a'), apps) }), (value) => {
      try {
        parseConfig(JSON.stringify(value), 'teal.yaml');
      } catch (error) {
        assert.ok(error instanceof TealError && error.code === 'config-invalid', String(error));
        assert.ok((error.details['problems'] as readonly unknown[]).length > 0);
      }
    }),
    { numRuns: 300 },
  );
});
