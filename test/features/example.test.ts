import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { teal } from '../cli/cli.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
let folder: string;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'teal-example-'));
  await cp(path.join(root, 'examples/features'), folder, { recursive: true });
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
});
after(() => rm(folder, { recursive: true }));

const read = (file: string): Promise<string> => readFile(path.join(folder, file), 'utf8');

/** Runs the example's own tests, in processes that are no tests of ours. */
async function ownTests(): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_TEST')),
  );
  return (await run(process.execPath, ['--test', '--test-reporter=tap'], { cwd: folder, env })).stdout;
}

test('the example’s tests pass, its flag is removed, and they pass again', async () => {
  assert.match(await ownTests(), /^# pass 3$/m);
  const { code, out, err } = await teal(folder, 'flags', 'remove', 'new-checkout', '--keep', 'true');
  assert.equal(code, 0, out + err);
  assert.match(out, /Check +passed: npm test/);
  assert.match(out, /Left +[^]*test\/checkout\.test\.ts:\d+/);
  assert.match(await ownTests(), /^# pass 3$/m);
  assert.doesNotMatch(
    (await read('src/checkout.ts')) + (await read('src/flags.ts')),
    /new-?checkout|onePage|wizard/i,
  );
  assert.match(
    await read('src/checkout.ts'),
    /fields: \['address', 'payment', 'summary', \.\.\.\(giftCards \? \['gift-card'\] : \[\]\)\]/,
  );
  assert.match(await read('src/checkout.ts'), /Promise<string> \{\n {2}return 'Buy now';\n\}/);
  assert.match(await read('src/flags.ts'), /giftCards: 'gift-cards'/);
});

test('asked again, the flag is only where a person has to look', async () => {
  const { out } = await teal(folder, 'flags', 'refs', '--flag', 'new-checkout', '--json');
  const [{ references }] = JSON.parse(out);
  assert.deepEqual(
    references.filter(({ kind }: { kind: string }) => kind === 'evaluates'),
    [],
  );
});
