import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { read, root } from './tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'teal-bin-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs bin/teal.js in a process that takes itself for this version of Node. */
function runAs(
  version: string,
  ...args: readonly string[]
): { code: number | null; stdout: string; stderr: string } {
  const disguise = join(folder, `${version}.cjs`);
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  writeFileSync(disguise, `Object.defineProperty(process, 'versions', { value: ${versions} });\n`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', disguise, join(root, 'bin/teal.js'), ...args],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { code: status, stdout, stderr };
}

for (const version of ['20.18.0', '22.22.2', '24.14.9']) {
  test(`under Node ${version} the command says what it found, what it needs and what to type, and ends with 2`, () => {
    const { code, stdout, stderr } = runAs(version, 'deploy', 'shop', 'v2');
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      new RegExp(`needs Node 24\\.15 or newer; this is ${version.replaceAll('.', '\\.')} `),
    );
    assert.match(stderr, /npx -y -p node@26 node \S+bin\/teal\.js deploy shop v2\n$/);
  });
}

test('what bin/teal.js asks for is what package.json asks for', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const [, major, minor] = /\[(\d+), (\d+)\]/.exec(read('bin/teal.js')) ?? [];
  assert.equal(engines.node, `>=${major}.${minor}`);
});

test('bin/teal.js is written so that a very old Node can read it', () => {
  const text = read('bin/teal.js').replaceAll(/\/\/.*$/gm, '');
  assert.doesNotMatch(text, /=>|`|\?\.|\?\?|\basync\b|\bawait\b|^import .* from/m);
});
