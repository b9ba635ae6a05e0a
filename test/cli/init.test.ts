import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { teal } from './cli.ts';

let root: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'teal-init-'));
});
after(() => rm(root, { recursive: true }));

async function project(name: string, pkg: unknown): Promise<string> {
  const directory = path.join(root, name);
  await mkdir(directory);
  if (pkg !== null) await writeFile(path.join(directory, 'package.json'), JSON.stringify(pkg));
  return directory;
}

test('init writes a teal.yaml that is valid, with what package.json tells', async () => {
  const directory = await project('a', {
    name: '@acme/My Shop',
    scripts: { start: 'node server.js --port 1' },
  });
  const { code, out } = await teal(directory, 'init');
  assert.equal(code, 0);
  assert.match(out, /✓ Written +teal\.yaml[^]*Next +read it, then: teal up/);
  const file = path.join(directory, 'teal.yaml');
  const config = parseConfig(await readFile(file, 'utf8'), file);
  assert.deepEqual(config.apps['my-shop']?.roles[0]?.command, ['node', 'server.js', '--port', '1']);
  assert.equal((await teal(directory, 'config', 'check')).code, 0);
});

test('init never writes over a file', async () => {
  const directory = await project('b', null);
  const file = path.join(directory, 'teal.yaml');
  await writeFile(file, 'mine\n');
  const { code, err } = await teal(directory, 'init');
  assert.equal(code, 1);
  assert.match(err, /code: config-exists/);
  assert.equal(await readFile(file, 'utf8'), 'mine\n');
});

test('init takes the name from the directory, npm for other start scripts, and flags before both', async () => {
  const plain = await project('42 Cats!', null);
  assert.equal(JSON.parse((await teal(plain, 'init', '--json')).out).app, 'cats');
  const npm = await project('c', { scripts: { start: 'FOO=1 next start' } });
  assert.equal(JSON.parse((await teal(npm, 'init', '--json')).out).command, 'npm start');
  const named = await project('d', { name: 'other' });
  const { out } = await teal(named, 'init', '--app', 'shop', '--command', './run --fast', '--json');
  const { app, command } = JSON.parse(out) as { app: string; command: string };
  assert.deepEqual([app, command], ['shop', './run --fast']);
  const wrong = await teal(plain, 'init', '--config', 'x.yaml', '--app', 'My Shop');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /teal init --app my-shop/);
});

test('init says where it has the command from, and that a guess is one', async () => {
  const said = async (directory: string, ...flags: string[]) =>
    /Command +(.*)\n/.exec((await teal(directory, 'init', ...flags)).out)?.[1];
  const start = { name: 'c', scripts: { start: 'node app.js' } };
  assert.equal(await said(await project('told', start)), 'node app.js (from package.json)');
  assert.equal(await said(await project('given', start), '--command', 'node x.js'), 'node x.js');
  assert.match((await said(await project('guessed', null))) ?? '', /\(a guess: correct it\)$/);
});
