// What the pages tell people to type has to work.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { briefs } from '../../src/cli/text.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { read, root, tracked } from './tree.ts';

const pages = tracked().filter((path) => path.endsWith('.md'));

test('every teal.yaml of the examples is valid', async () => {
  const files = tracked('examples').filter((path) => path.endsWith('teal.yaml'));
  assert(files.length >= 2, files.join(' '));
  for (const file of files) {
    const { apps } = await loadConfig(join(root, file));
    assert.equal(Object.keys(apps).length, 1, file);
  }
});

test('the worker of the shop has the environment of its web role, and runs in the live environment only', async () => {
  const { apps } = await loadConfig(join(root, 'examples/shop/teal.yaml'));
  const [web, worker] = apps['shop']?.roles ?? [];
  assert.deepEqual(worker?.environment, web?.environment);
  assert.deepEqual([worker?.kind, worker?.runsIn, worker?.instances], ['background', 'live', 1]);
});

test('the configuration that the README shows is valid, and as short as it says', () => {
  const blocks = [...read('README.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  assert.equal(blocks.length, 1);
  for (const text of blocks) {
    assert.deepEqual(Object.keys(parseConfig(text, join(root, 'teal.yaml')).apps), ['shop']);
    assert(text.trim().split('\n').length <= 8);
  }
});

test('every command that a page names is a command of teal', () => {
  const known = new Set(Object.keys(briefs).map((name) => name.split(' ')[0]));
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/(?:`|\$ |^(?:npx )?|&& npx )teal ([a-z]+)/gm)].map(([, name = '']) => ({
      page,
      name,
    })),
  );
  assert(named.length > 10, 'the pattern finds no commands any more');
  assert.deepEqual(
    named.filter(({ name }) => !known.has(name)),
    [],
  );
});

test('every npm script that a page or .ci/run names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...pages, '.ci/run'].flatMap((page) =>
    [...read(page).matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, name = '']) => ({
      page,
      name,
    })),
  );
  assert.deepEqual(
    named.filter(({ name }) => scripts[name] === undefined),
    [],
  );
});
