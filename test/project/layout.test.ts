// A second check of the layout, independent of the lint rule: a rule can be switched off by a comment, this cannot.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { read, tracked } from './tree.ts';

/** Imports only point down this list. */
const layers = [
  'cli',
  'control',
  'database',
  'platform',
  'router',
  'store',
  'metrics',
  'judge',
  'features',
  'release',
  'audience',
  'config',
  'load',
];
/** Pure: time, randomness, ids and I/O come in as parameters. */
const pure = ['release', 'audience', 'judge'];
const maxLines = 400;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const sources = tracked('src').filter((path) => path.endsWith('.ts'));
const texts = new Map(sources.map((path) => [path, read(path)]));
const imports = sources.flatMap((path) => importsOf(path, texts.get(path) ?? ''));

function importsOf(path: string, text: string): readonly Import[] {
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm,
  );
  return [...found].map(([, typeOnly, named, called]) => ({
    from: path,
    to: named ?? called ?? '',
    typeOnly: typeOnly !== undefined,
  }));
}

/** Without comments, of which a word may look like code. */
const code = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
const isRelative = ({ to }: Import): boolean => to.startsWith('.');
const resolved = ({ from, to }: Import): string => join(dirname(from), to);
const layerOf = (path: string): string => path.split('/')[1] ?? '';
const layerIndex = (path: string): number => layers.indexOf(layerOf(path));

test('every source file lies in a layer, but for the errors that all layers share', () => {
  const outside = sources.filter((path) => path !== 'src/errors.ts' && layerIndex(path) === -1);
  assert.deepEqual(outside, []);
});

test('imports only point down the layout', () => {
  const up = imports
    .filter(isRelative)
    .filter((each) => resolved(each) !== 'src/errors.ts')
    .filter((each) => layerIndex(resolved(each)) < layerIndex(each.from))
    .map((each) => `${each.from} imports ${resolved(each)}`);
  assert.deepEqual(up, []);
});

test('CONTRIBUTING.md says the same layers, and which are pure', () => {
  const text = read('CONTRIBUTING.md');
  assert.match(text, new RegExp(`\`${layers.join(' → ')}\``));
  const named = /^.*are pure:/m.exec(text)?.[0] ?? '';
  assert.deepEqual(
    [...named.matchAll(/`(\w+)\/`/g)].map(([, name]) => name),
    pure,
  );
});

test('nothing in src imports from outside src, and errors.ts imports nothing', () => {
  const stray = imports
    .filter(isRelative)
    .filter((each) => !resolved(each).startsWith('src/') || each.from === 'src/errors.ts')
    .map((each) => `${each.from} imports ${each.to}`);
  assert.deepEqual(stray, []);
});

test('every relative import names a file that exists, with its extension', () => {
  const broken = imports.filter(isRelative).filter((each) => !texts.has(resolved(each)));
  assert.deepEqual(
    broken.map((each) => `${each.from} imports ${each.to}`),
    [],
  );
});

/** What gives the same for the same; .oxlintrc.json names the functions. */
const pureModules: Readonly<Record<string, string>> = { audience: 'crypto|net' };

test('the pure layers import nothing of Node that is not pure, and read no clock', () => {
  const own = sources.filter((path) => pure.includes(layerOf(path)));
  const impure = own.filter(
    (path) =>
      new RegExp(`from 'node:(?!(?:${pureModules[layerOf(path)] ?? '-'})')`).test(
        code(texts.get(path) ?? ''),
      ) || /\bDate\.now\b|\bnew Date\b|Math\.random|\bprocess\./.test(code(texts.get(path) ?? '')),
  );
  assert.deepEqual(impure, []);
});

test('no import goes round in a circle at run time', () => {
  const graph = new Map<string, readonly string[]>(
    sources.map((path) => [
      path,
      imports.filter((each) => each.from === path && isRelative(each) && !each.typeOnly).map(resolved),
    ]),
  );
  assert.equal(circle(graph), null);
});

/** A circle in the graph, written as a path, or null. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ');
    if (done.has(path)) return null;
    for (const next of graph.get(path) ?? []) {
      const found = visit(next, [...trail, path]);
      if (found !== null) return found;
    }
    done.add(path);
    return null;
  };
  for (const path of graph.keys()) {
    const found = visit(path, []);
    if (found !== null) return found;
  }
  return null;
}

test(`no source file is longer than ${maxLines} lines`, () => {
  const long = sources.filter((path) => (texts.get(path) ?? '').split('\n').length - 1 > maxLines);
  assert.deepEqual(long, []);
});

test('a rule is switched off only for one line and with a reason, and never one that guards the layout', () => {
  const silenced = [...texts].flatMap(([path, text]) =>
    [...text.matchAll(/.*(?:(?:oxlint|eslint)-disable|@ts-(?:ignore|nocheck)).*/g)]
      .map(([line]) => line)
      .filter((line) => !/-disable-next-line \S+ -- \S+ \S+/.test(line) || /restricted|cycle|max-/.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  assert.deepEqual(silenced, []);
});

test('the files stay small: half of them at most 120 lines, nine of ten at most 300', () => {
  const lengths = [...texts.values()]
    .map((text) => text.split('\n').length - 1)
    .toSorted((one, two) => one - two);
  const at = (share: number): number => lengths[Math.floor(lengths.length * share)] ?? 0;
  assert(at(0.5) <= 120, `median ${at(0.5)}`);
  assert(at(0.9) <= 300, `90th percentile ${at(0.9)}`);
});

test('what is exported for other layers says what it is', (t) => {
  const undocumented = sources.flatMap((path) =>
    [
      ...(texts.get(path) ?? '').matchAll(
        /^(?<above>.*)\n(?:export (?:async )?(?:function|class|interface) (?<name>\w+))/gm,
      ),
    ]
      .filter(({ groups }) => !/^\s*(?:\*\/|\/\*\*.*\*\/|\/\/.*)\s*$/.test(groups?.['above'] ?? ''))
      .map(({ groups }) => `${path}: ${groups?.['name']}`),
  );
  // Names like `Tally` or `close` may speak for themselves; a project in which most have to would be another one.
  const exported =
    [...texts.values()].join('\n').match(/^export (?:async )?(?:function|class|interface) /gm)?.length ?? 0;
  t.diagnostic(
    `${undocumented.length} of ${exported} exported functions, classes and interfaces have no sentence`,
  );
  assert(undocumented.length <= exported / 3, undocumented.join('\n'));
});
