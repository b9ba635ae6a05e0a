import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { discoverFlags } from '../../src/features/code/discover.ts';
import { listFiles, readFiles } from '../../src/features/code/files.ts';
import { debts } from '../../src/features/code/grace.ts';
import { findReferences, type Reference } from '../../src/features/code/references.ts';
import { githubAnnotations, sarif } from '../../src/features/code/report.ts';
import { textReferences } from '../../src/features/code/text-references.ts';
import { parseFlagStates, type FlagState } from '../../src/features/flag-state.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'teal-refs-'));
});
after(() => rm(folder, { recursive: true }));

const search = { calls: [], packages: [] };

async function write(files: Readonly<Record<string, string>>): Promise<string> {
  const home = await mkdtemp(path.join(folder, 'p-'));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(home, file)), { recursive: true });
    await writeFile(path.join(home, file), text);
  }
  return home;
}

const brief = (found: readonly Reference[]): readonly string[] =>
  found.map(({ file, line, column, kind }) => `${file}:${line}:${column} ${kind}`);

test('calls are told from names and from text; comments of JavaScript are none of them', async () => {
  const texts = new Map(
    Object.entries({
      'a.ts':
        "// 'new-checkout'\nclient.getBooleanValue('new-checkout', false);\nconst map = { 'new-checkout': 1 };\nlog('new-checkout!');\n",
      'b.tsx':
        'import { NEW } from \'./names\';\nexport const B = () => useFlag(NEW, false).value && <b id="new-checkout" />;\n',
      'names.ts': "export const NEW = 'new-checkout';\n",
      'main.py': 'client.get_boolean_value("new-checkout", False)\nx = "new-checkout-v2"\n',
      'README.md': 'The flag `new-checkout` is for staff.\n',
    }),
  );
  assert.deepEqual(brief(await findReferences(texts, 'new-checkout', search)), [
    'README.md:1:11 text',
    'a.ts:2:1 evaluates',
    'a.ts:3:15 names',
    'b.tsx:2:24 evaluates',
    'b.tsx:2:59 names',
    'main.py:1:27 names',
    'names.ts:1:20 names',
  ]);
});

test('every flag that the code asks for is found', async () => {
  const texts = new Map([
    [
      'a.ts',
      "import { useFlag as flag } from '@openfeature/react-sdk';\nconst N = { b: 'b' };\nc.getStringValue('a', ''); flag(N.b, 1); map.get('x'); isOn('c');\n",
    ],
  ]);
  assert.deepEqual(await discoverFlags(texts, []), ['a', 'b']);
  assert.deepEqual(await discoverFlags(texts, ['isOn']), ['a', 'b', 'c']);
});

test('text is matched by words: a plain English word counts only between quotes', () => {
  const lines = (text: string, name: string): readonly number[] =>
    textReferences(text, name).map(({ line }) => line);
  assert.deepEqual(lines('search\n"search"\nsearch()', 'search'), [2]);
  assert.deepEqual(
    lines(
      'a new-checkout b\nnew-checkout-v2\nx.new-checkout\nnew-checkout: {}\nnew-checkout.',
      'new-checkout',
    ),
    [1, 4, 5],
  );
});

test('.gitignore and node_modules are kept out, with and without a repository; large and binary files, too', async () => {
  const files = {
    'a.ts': '1',
    'dist/a.js': '1',
    'node_modules/x/a.js': '1',
    '.gitignore': 'dist\n*.log\n',
    'b.log': '1',
    'c.bin': 'a\0b',
    'd.txt': 'x'.repeat(3_000_000),
  };
  const home = await write(files);
  assert.deepEqual([...(await readFiles(home, await listFiles(home))).keys()], ['.gitignore', 'a.ts']);
});

test('a flag is owed from the end of its release, and overdue after its grace time', () => {
  const state = (flag: string, stage: FlagState['stage'], since: number): FlagState => ({
    flag,
    stage,
    keep: true,
    since,
    graceMs: 1000,
    release: 'shop-7',
    owner: null,
  });
  const reference: Reference = { file: 'a.ts', line: 3, column: 5, kind: 'evaluates', what: '' };
  const references = new Map([
    ['old', [reference]],
    ['young', [reference]],
    ['open', [reference]],
    ['gone', []],
    ['said', [{ ...reference, kind: 'text' } as const]],
  ]);
  const states = [
    state('young', 'live-for-all', 5000),
    state('old', 'to-remove', 100),
    state('open', 'open', 0),
    state('gone', 'rolled-back', 0),
    state('said', 'to-remove', 0),
  ];
  const found = debts(states, references, 5500);
  assert.deepEqual(
    found.map(({ state: { flag }, overdue, dueAt }) => [flag, overdue, dueAt]),
    [
      ['old', true, 1100],
      ['young', false, 6000],
    ],
  );
  assert.match(
    githubAnnotations(found),
    /^::error file=a\.ts,line=3,col=5,title=Flag to remove::The flag old is live for all \(shop-7\): teal flags remove old --keep true\n::notice /,
  );
  const runs = (sarif(found, '1.0.0') as { runs: { results: { level: string }[] }[] }).runs;
  assert.deepEqual(
    runs[0]?.results.map(({ level }) => level),
    ['error', 'note'],
  );
});

test('states are read with times and durations in either form, and a mistake is named by its place', () => {
  const [state] = parseFlagStates(
    [{ flag: 'a', stage: 'to-remove', keep: { x: [1] }, since: '1970-01-01T00:00:01Z', grace: '2d' }],
    'here',
  );
  assert.deepEqual(state, {
    flag: 'a',
    stage: 'to-remove',
    keep: { x: [1] },
    since: 1000,
    graceMs: 172_800_000,
    release: null,
    owner: null,
  });
  assert.throws(
    () => parseFlagStates([{ flag: 'a', stage: 'soon', since: 0 }], 'here'),
    /here does not say the state of flags: at 0\.stage/,
  );
});
