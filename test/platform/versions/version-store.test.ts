import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { create, Header } from 'tar';
import { TealError } from '../../../src/errors.ts';
import { firstDifference } from '../../../src/platform/versions/tree.ts';
import { sourceProblem, VersionStore } from '../../../src/platform/versions/version-store.ts';
import { atEnd } from '../../at-end.ts';
import { scratch } from '../apps.ts';

/** A small app: two files, one that can be executed, an inner link, an empty folder. */
function build(t: TestContext, says = 'one'): string {
  const folder = scratch(t);
  mkdirSync(path.join(folder, 'node_modules/.bin'), { recursive: true });
  mkdirSync(path.join(folder, 'empty'));
  writeFileSync(path.join(folder, 'server.js'), `console.log('${says}')`);
  writeFileSync(path.join(folder, 'start.sh'), '#!/bin/sh\n');
  chmodSync(path.join(folder, 'start.sh'), 0o755);
  symlinkSync('../../server.js', path.join(folder, 'node_modules/.bin/server'));
  return folder;
}

async function open(t: TestContext, now?: () => number): Promise<{ data: string; store: VersionStore }> {
  const data = scratch(t);
  // Read-only folders can be removed by root alone.
  atEnd(t, () => execFileSync('chmod', ['-R', 'u+w', data]));
  return { data, store: await VersionStore.open({ data, ...(now === undefined ? {} : { now }) }) };
}

const code =
  (wanted: string, says = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TealError, String(error));
    assert.equal(error.code, wanted, error.message);
    assert.match(error.message, says);
    return true;
  };

/** What lies in the store for the app, half-made things included. */
const left = (data: string): readonly string[] =>
  ['shop', '.incoming'].flatMap((each) =>
    existsSync(path.join(data, 'versions', each)) ? readdirSync(path.join(data, 'versions', each)) : [],
  );

test('a directory becomes a version: the same files, read-only, with a record', async (t) => {
  const { store } = await open(t, () => 5);
  const from = build(t);
  const record = await store.put('shop', 'v1', from);
  const directory = store.directory('shop', 'v1');
  assert.ok(directory);
  assert.equal(readFileSync(path.join(directory, 'node_modules/.bin/server'), 'utf8'), `console.log('one')`);
  assert.equal(statSync(path.join(directory, 'start.sh')).mode & 0o777, 0o555);
  assert.equal(statSync(path.join(directory, 'server.js')).mode & 0o222, 0);
  assert.equal(statSync(directory).mode & 0o222, 0);
  const { sha256: _, ...rest } = record;
  assert.deepEqual(rest, { app: 'shop', version: 'v1', files: 3, bytes: 28, source: from, at: 5 });
  assert.deepEqual(await store.verify('shop', 'v1'), record);
  assert.equal(store.directory('shop', 'v2'), null);
});

test('a directory, a tar file, a packed one and a commit with the same content have the same checksum', async (t) => {
  const { store } = await open(t);
  const from = build(t);
  // Neither tar by git nor a packed package holds empty folders.
  rmSync(path.join(from, 'empty'), { recursive: true });
  writeFileSync(path.join(from, 'package.json'), '{}');
  const archives = scratch(t);
  await create({ file: path.join(archives, 'plain.tar.gz'), gzip: true, cwd: from }, readdirSync(from));
  await create(
    { file: path.join(archives, 'npm.tgz'), gzip: true, cwd: from, prefix: 'package' },
    readdirSync(from),
  );
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: from,
      encoding: 'utf8',
    });
  git('init', '-q', '-b', 'main');
  git('add', '-A', '-f');
  git('commit', '-q', '-m', 'first');
  git('tag', 'v1');
  const plain = await store.put('shop', 'dir', from);
  const records = [
    await store.put('shop', 'tar', path.join(archives, 'plain.tar.gz')),
    await store.put('shop', 'npm', path.join(archives, 'npm.tgz')),
    await store.put('shop', 'git', 'git:v1', { cwd: from }),
  ];
  assert.deepEqual(
    records.map((record) => record.sha256),
    records.map(() => plain.sha256),
  );
  assert.equal(records[2]?.source, `git:v1 (${git('rev-parse', 'HEAD').trim()})`);
  await assert.rejects(
    store.put('shop', 'v9', 'git:no-such-ref', { cwd: from }),
    code('version-source-invalid', /no-such-ref/),
  );
  await assert.rejects(
    store.put('shop', 'v9', 'git:--output=x', { cwd: from }),
    code('version-source-invalid'),
  );
});

test('the same content again is the version there is; other content is refused and changes nothing', async (t) => {
  const { store, data } = await open(t);
  const first = await store.put('shop', 'v1', build(t));
  assert.deepEqual(await store.put('shop', 'v1', build(t)), first);
  await assert.rejects(
    store.put('shop', 'v1', build(t, 'two')),
    code('version-exists', /shop v1 exists already/),
  );
  assert.deepEqual(await store.verify('shop', 'v1'), first);
  assert.deepEqual(left(data).toSorted(), ['v1', 'v1.json', 'v1.tree']);
});

test('two puts of one version at once leave one of them', async (t) => {
  const { store } = await open(t);
  const [first, second] = await Promise.allSettled([
    store.put('shop', 'v1', build(t)),
    store.put('shop', 'v1', build(t, 'two')),
  ]);
  assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
  await store.verify('shop', 'v1');
});

test('tampering is found, with the first path that differs', async (t) => {
  const { store } = await open(t);
  const tamper = async (version: string, how: (directory: string) => void, found: RegExp): Promise<void> => {
    await store.put('shop', version, build(t));
    const directory = store.directory('shop', version) ?? '';
    execFileSync('chmod', ['-R', 'u+w', directory]);
    how(directory);
    await assert.rejects(store.verify('shop', version), code('version-changed', found));
  };
  await tamper(
    'content',
    (at) => writeFileSync(path.join(at, 'server.js'), 'evil'),
    /server\.js has changed/,
  );
  await tamper('added', (at) => writeFileSync(path.join(at, 'empty/new'), ''), /empty\/new has changed/);
  await tamper('removed', (at) => rmSync(path.join(at, 'start.sh')), /start\.sh has changed/);
  await tamper('mode', (at) => chmodSync(path.join(at, 'start.sh'), 0o444), /start\.sh has changed/);
  await tamper('list', (at) => writeFileSync(`${at}.tree`, ''), /list\.tree has changed/);
  await assert.rejects(store.verify('shop', 'none'), code('version-unknown'));
});

test('a version whose folder is gone can be put in place again', async (t) => {
  const { store } = await open(t);
  const from = build(t);
  await store.put('shop', 'v1', from);
  const directory = store.directory('shop', 'v1') ?? '';
  execFileSync('chmod', ['-R', 'u+w', directory]);
  rmSync(directory, { recursive: true });
  assert.equal(store.directory('shop', 'v1'), null);
  await store.put('shop', 'v1', from);
  await store.verify('shop', 'v1');
});

test('an archive that leads outside, by path or by link, is refused and leaves nothing', async (t) => {
  const { store, data } = await open(t);
  const folder = scratch(t);
  const archive = (name: string, entry: ConstructorParameters<typeof Header>[0]): string => {
    const block = Buffer.alloc(512);
    new Header(entry).encode(block);
    const file = path.join(folder, `${name}.tar`);
    writeFileSync(file, Buffer.concat([block, Buffer.alloc(1024)]));
    return file;
  };
  const mode = 0o644;
  const bad = [
    archive('up', { path: '../evil', type: 'File', size: 0, mode }),
    archive('absolute', { path: '/tmp/teal-evil', type: 'File', size: 0, mode }),
    archive('link', { path: 'etc', type: 'SymbolicLink', linkpath: '/etc', size: 0, mode }),
    archive('relative', { path: 'a/b', type: 'SymbolicLink', linkpath: '../../x', size: 0, mode }),
    archive('device', { path: 'null', type: 'CharacterDevice', size: 0, mode }),
  ];
  for (const file of bad)
    await assert.rejects(store.put('shop', 'v1', file), code('version-source-invalid'), file);
  assert.deepEqual(left(data), []);
  assert.equal(existsSync('/tmp/teal-evil'), false);
});

test('what cannot be a version is refused with the value and the reason', async (t) => {
  const { store, data } = await open(t);
  const folder = scratch(t);
  writeFileSync(path.join(folder, 'a.zip'), '');
  writeFileSync(path.join(folder, 'broken.tgz'), 'not gzip');
  const refused = (from: string, says: RegExp): Promise<void> =>
    assert.rejects(store.put('shop', 'v1', from), code('version-source-invalid', says));
  await refused('dist', /dist: it is not an absolute path/);
  await refused(path.join(folder, 'none'), /none: it does not exist/);
  await refused(path.join(folder, 'a.zip'), /neither a directory nor a tar file/);
  await refused(path.join(folder, 'broken.tgz'), /broken\.tgz/);
  await refused(scratch(t), /there is no file in it/);
  const outside = build(t);
  symlinkSync('../../secret', path.join(outside, 'link'));
  await refused(outside, /the link link leads outside, to \.\.\/\.\.\/secret/);
  await assert.rejects(store.put('shop', '../v1', folder), code('usage'));
  await assert.rejects(store.put('-x', 'v1', folder), code('usage'));
  await assert.rejects(store.put('shop', 'v1.json', folder), code('usage'));
  assert.deepEqual(left(data), []);
});

test('a source that disappears midway leaves nothing', async (t) => {
  const { store, data } = await open(t);
  const from = scratch(t);
  for (let index = 0; index < 400; index += 1) writeFileSync(path.join(from, `${index}`), 'x'.repeat(10_000));
  const putting = store.put('shop', 'v1', from);
  const gone = assert.rejects(putting, code('version-source-invalid', /ENOENT/));
  const copying = path.join(data, 'versions/.incoming');
  while (
    !existsSync(copying) ||
    readdirSync(copying).flatMap((each) => readdirSync(path.join(copying, each))).length === 0
  ) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  rmSync(from, { recursive: true });
  await gone;
  assert.deepEqual(left(data), []);
});

test('a full disk is told as such', () => {
  const error = sourceProblem('/src', Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
  assert.equal(error.code, 'disk-full');
});

test('opening removes what a killed Teal left half done, and nothing else', async (t) => {
  const { store, data } = await open(t);
  const record = await store.put('shop', 'v1', build(t));
  const versions = path.join(data, 'versions');
  cpSync(build(t), path.join(versions, '.incoming/abc'), { recursive: true });
  cpSync(build(t), path.join(versions, 'shop/v2'), { recursive: true });
  writeFileSync(path.join(versions, 'shop/v2.tree'), '');
  writeFileSync(path.join(versions, 'shop/v2.tmp'), '');
  const again = await VersionStore.open({ data });
  assert.deepEqual(left(data).toSorted(), ['v1', 'v1.json', 'v1.tree']);
  assert.deepEqual(await again.list('shop'), [record]);
});

test('pruning keeps the newest and what is protected', async (t) => {
  let clock = 0;
  const { store, data } = await open(t, () => (clock += 1));
  for (const version of ['v1', 'v2', 'v3', 'v4', 'v5']) await store.put('shop', version, build(t, version));
  assert.deepEqual(await store.prune('shop', 2, new Set(['v1'])), ['v3', 'v2']);
  assert.deepEqual(
    (await store.list('shop')).map((record) => record.version),
    ['v5', 'v4', 'v1'],
  );
  assert.equal(store.directory('shop', 'v2'), null);
  assert.deepEqual(
    left(data).filter((each) => /v[23]/.test(each)),
    [],
  );
});

test('a project that holds the data folder can be deployed from itself, without it and without .git', async (t) => {
  const from = build(t);
  const data = path.join(from, '.teal');
  mkdirSync(path.join(from, '.git'));
  writeFileSync(path.join(from, '.git/HEAD'), 'x');
  const store = await VersionStore.open({ data });
  await store.put('shop', 'v1', from);
  assert.deepEqual(readdirSync(store.directory('shop', 'v1') ?? '').toSorted(), [
    'empty',
    'node_modules',
    'server.js',
    'start.sh',
  ]);
  execFileSync('chmod', ['-R', 'u+w', data]);
});

test('the first difference is the first in sorted order', () => {
  const a = ['f', 'a', '1', 1] as const;
  const b = ['f', 'b', '1', 1] as const;
  assert.equal(firstDifference([a, b], [a, b]), null);
  assert.equal(firstDifference([a, b], [['x', 'a', '1', 1], b]), 'a');
  assert.equal(firstDifference([a], [a, b]), 'b');
});
