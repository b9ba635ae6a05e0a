import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { LineLog } from '../../src/router/embedded/line-log.ts';
import { until } from './rig.ts';

interface Rig extends AsyncDisposable {
  readonly file: string;
  readonly folder: string;
  readonly errors: Error[];
  readonly log: LineLog;
}

async function rig(prepare: (file: string) => unknown = () => {}): Promise<Rig> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-lines-'));
  const file = path.join(folder, 'access.log');
  await prepare(file);
  const errors: Error[] = [];
  const log = new LineLog({
    file,
    onError: (error) => errors.push(error),
    droppedLine: (count) => `dropped ${count}\n`,
  });
  return {
    file,
    folder,
    errors,
    log,
    async [Symbol.asyncDispose]() {
      await log.close(100);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

test('lines are written together, in order, to a file of its own user, and closing writes the rest', async () => {
  await using at = await rig();
  for (let index = 0; index < 1000; index++) at.log.write(`${index}\n`);
  await until(async () => (await text(at.file)).endsWith('999\n'), 'the lines');
  assert.equal((await stat(at.file)).mode & 0o777, 0o600);
  at.log.write('last\n');
  await at.log.close(1000);
  assert.ok((await text(at.file)).endsWith('998\n999\nlast\n'));
});

test('after a rename, lines go to the old file until it is told, then to a new one: none is lost', async () => {
  await using at = await rig();
  const names: string[] = [];
  let count = 0;
  for (let turn = 0; turn < 20; turn++) {
    for (let index = 0; index < 500; index++) at.log.write(`${count++} ${'x'.repeat(200)}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const name = `${at.file}.${turn}`;
    await rename(at.file, name).then(
      () => names.push(name),
      () => {},
    );
    for (let index = 0; index < 100; index++) at.log.write(`${count++}\n`);
    await at.log.reopen();
  }
  await at.log.close(5000);
  assert.equal(at.log.dropped, 0);
  assert.ok(names.length > 5);
  const whole = (await Promise.all([...names, at.file].map(text))).join('');
  assert.deepEqual(
    whole
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.split(' ')[0])),
    Array.from({ length: count }, (_each, index) => index),
  );
});

test('a pipe that nobody reads holds nothing up, and what found no room is counted and told', async () => {
  await using at = await rig((file) => execFileSync('mkfifo', [file]));
  // Open, so that it can be written to; never read, so that it fills.
  const reader = openSync(at.file, constants.O_RDONLY | constants.O_NONBLOCK);
  const line = `${'x'.repeat(999)}\n`;
  const begun = performance.now();
  for (let index = 0; index < 20_000; index++) {
    at.log.write(line);
    if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(performance.now() - begun < 5000);
  // At most twice its room is kept: what is being written, and what waits.
  assert.ok(at.log.dropped > 3000 && at.log.dropped < 20_000, `${at.log.dropped}`);
  const { dropped } = at.log;
  let read = '';
  // Told in parts when some were dropped before the pipe was even open.
  const told = (): number =>
    [...read.matchAll(/^dropped (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  const buffer = Buffer.alloc(1024 * 1024);
  await until(
    () => {
      try {
        read += buffer.toString('latin1', 0, readSync(reader, buffer, 0, buffer.length, null));
      } catch {
        // Nothing there at the moment.
      }
      return told() >= dropped && read.endsWith('\n');
    },
    'the rest',
    30_000,
  );
  assert.equal(told(), dropped);
  const whole = read.split('\n').filter((each) => each.length === 999).length;
  assert.equal(whole + dropped, 20_000);
  assert.deepEqual(at.errors, []);
  closeSync(reader);
});

test('a pipe without any reader, or a folder that is not there, is told once and tried again', async () => {
  await using at = await rig((file) => execFileSync('mkfifo', [file]));
  at.log.write('one\n');
  await until(() => at.errors.length > 0, 'the error');
  assert.equal((at.errors[0] as NodeJS.ErrnoException).code, 'ENXIO');
  at.log.write('two\n');
  await rm(at.file);
  await until(async () => (await text(at.file)) === 'one\ntwo\n', 'both lines');
  assert.equal(at.errors.length, 1);
});

test('closing does not wait for a pipe that nobody reads', async () => {
  await using at = await rig((file) => execFileSync('mkfifo', [file]));
  const reader = openSync(at.file, constants.O_RDONLY | constants.O_NONBLOCK);
  for (let index = 0; index < 500; index++) at.log.write(`${'x'.repeat(999)}\n`);
  const begun = performance.now();
  await at.log.close(200);
  assert.ok(performance.now() - begun < 3000);
  closeSync(reader);
});

test('a file that is cut to nothing in place goes on from its beginning', async () => {
  await using at = await rig();
  at.log.write('one\n');
  await until(async () => (await text(at.file)) === 'one\n', 'one');
  await writeFile(at.file, '');
  at.log.write('two\n');
  await until(async () => (await text(at.file)) === 'two\n', 'two');
});
