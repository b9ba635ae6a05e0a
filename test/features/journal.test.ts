import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TealError } from '../../src/errors.ts';
import { Journal, recover } from '../../src/features/code/journal.ts';

async function project(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-journal-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(path.join(folder, 'a.ts'), 'before\n');
  return folder;
}

const to = (after: string) => [{ file: 'a.ts', before: 'before\n', after }];

test('of removals that begin at once one goes on, and the others are refused without a trace', async (t) => {
  const folder = await project(t);
  const texts = ['one\n', 'two\n', 'three\n', 'four\n'];
  const begun = await Promise.allSettled(texts.map((text) => Journal.begin(folder, to(text))));
  const refused = begun.flatMap((each) => (each.status === 'rejected' ? [each.reason as TealError] : []));
  assert.deepEqual(
    refused.map(({ code, details }) => [code, details['pid']]),
    Array.from({ length: 3 }, () => ['removal-refused', process.pid]),
  );
  const winner = begun.findIndex(({ status }) => status === 'fulfilled');
  const names = (await readdir(folder)).toSorted();
  assert.deepEqual(names, ['.teal-removal.json', 'a.ts']);
  const written = await readFile(path.join(folder, '.teal-removal.json'), 'utf8');
  assert.equal(JSON.parse(written).files[0].after, texts[winner]);
});

test('one that was begun is not overwritten by the next, which can begin when it has ended', async (t) => {
  const folder = await project(t);
  const first = await Journal.begin(folder, to('one\n'));
  await first.apply();
  await assert.rejects(Journal.begin(folder, to('two\n')), { code: 'removal-refused' });
  await first.restore();
  assert.equal(await readFile(path.join(folder, 'a.ts'), 'utf8'), 'before\n');
  const second = await Journal.begin(folder, to('two\n'));
  await second.apply();
  // As after a crash in the middle.
  assert.deepEqual(await recover(folder), { restored: ['a.ts'], kept: [] });
});
