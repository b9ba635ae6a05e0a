import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { diffConfig } from '../../src/config/diff.ts';
import { checkConfig, loadConfig } from '../../src/config/load.ts';
import { TealError } from '../../src/errors.ts';

async function folder(files: Readonly<Record<string, string | Buffer>>) {
  const base = await mkdtemp(path.join(os.tmpdir(), 'teal-pages-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(base, name)), { recursive: true });
    await writeFile(path.join(base, name), content);
  }
  return {
    base,
    file: path.join(base, 'teal.yaml'),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}

const app = (errors: string) => `apps:
  shop:
    run: { process: { command: serve } }
    errors: ${errors}
`;

test('pages are read with teal.yaml, from its folder, and stay as they were', async () => {
  const text = app('{ 502: pages/502.html, "5xx": pages/any.html, Maintenance: pages/502.html }');
  await using at = await folder({
    'teal.yaml': text,
    'pages/502.html': '<p>über</p>',
    'pages/any.html': 'any',
  });
  const { shop } = (await loadConfig(at.file)).apps;
  const page = { file: path.join(at.base, 'pages/502.html'), html: '<p>über</p>' };
  assert.deepEqual(shop?.errors, {
    '502': page,
    '5xx': { file: path.join(at.base, 'pages/any.html'), html: 'any' },
    maintenance: page,
  });
  await writeFile(path.join(at.base, 'pages/any.html'), 'changed');
  const after = (await loadConfig(at.file)).apps['shop'];
  const [change, ...more] = diffConfig(shop ?? null, after ?? null);
  assert.deepEqual(more, []);
  assert.equal(change?.path, 'errors.5xx');
  assert.equal(change?.effect, 'now');
  assert.notEqual(change?.before, change?.after);
});

test('a page that could not be shown is told with its line, by check as well as by load', async () => {
  const pages = {
    'empty.html': ' \n',
    'large.html': 'x'.repeat(64 * 1024 + 1),
    'latin1.html': Buffer.from('<p>\xfcber', 'latin1'),
    'folder/a': '',
  };
  await using at = await folder(pages);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['gone.html', /not there/],
    ['empty.html', /empty/],
    ['large.html', /65537B/],
    ['latin1.html', /not UTF-8/],
    ['folder', /no file/],
  ];
  for (const [page, got] of cases) {
    const text = app(`\n      502: ${page}`);
    const [problem, ...more] = checkConfig(text, at.file);
    assert.deepEqual(more, [], page);
    assert.match(problem?.got ?? '', got);
    assert.equal(problem?.path, 'apps.shop.errors.502');
    assert.equal(problem?.line, 5);
    await writeFile(at.file, text);
    await assert.rejects(
      loadConfig(at.file),
      (error) => error instanceof TealError && error.code === 'config-invalid',
    );
  }
});

test('pages of one app may not be too much together', async () => {
  const keys = ['400', '403', '404', '408', '413'];
  const files = keys.map((key): [string, string] => [`${key}.html`, key.repeat(20_000)]);
  await using at = await folder(Object.fromEntries(files));
  const named = keys.map((key) => `${key}: ${key}.html`).join(', ');
  const [problem] = checkConfig(app(`{ ${named} }`), at.file);
  assert.match(problem?.expected ?? '', /256KB together/);
});

test('a page for an answer that Teal never gives is refused, with the reason', () => {
  for (const [key, remedy] of [
    ['500', /never answers 500/],
    ['200', /never answers 200/],
    ['oops', /such as 502/],
  ] as const) {
    const [problem] = checkConfig(app(`{ ${key}: a.html }`), '/nowhere/teal.yaml');
    assert.match(problem?.remedy ?? '', remedy, key);
  }
});
