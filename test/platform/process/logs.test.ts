import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { followLogs, readLogs } from '../../../src/platform/process/logs.ts';
import { pruneLogs, rotateLogs } from '../../../src/platform/process/retention.ts';
import { lastLines, telling } from '../../../src/platform/process/tail.ts';
import type { EnvironmentValue } from '../../../src/config/environment-value.ts';
import { background, blue, forever, program, recorder, scratch, until, workload } from '../apps.ts';
import { platformOn } from './driver.ts';

const talks = `let n = 0; console.error('ready'); console.log('one\\ntwo\\nthrée');
  process.on('SIGUSR2', () => console.log('more ' + ++n)); setInterval(() => {}, 1000);`;

// They wait for processes more than they compute.
describe('logs', { concurrency: 4 }, () => {
  test('what an app prints of its secrets is not told', async (t) => {
    const [data, directory] = [scratch(t), scratch(t)];
    const platform = platformOn(t, data, recorder());
    const environment: Record<string, EnvironmentValue> = {
      API_KEY: { kind: 'secret', source: 'file', name: path.join(directory, 'key') },
    };
    writeFileSync(path.join(directory, 'key'), 'swordfish\n');
    const text = `console.log('it is ' + process.env.API_KEY); setInterval(() => {}, 1000);`;
    const command = program(directory, 'app.cjs', text);
    await platform.ensure(workload(directory, { ...background, command, environment }), forever);
    const query = { data, app: 'shop', own: {}, lines: 5 };
    await until('it has spoken', async () => (await readLogs(query)).length > 0);
    const lines = await readLogs(query);
    assert.deepEqual(
      lines.map(({ line }) => line),
      ['it is [API_KEY]'],
    );
    const end = new AbortController();
    for await (const { line } of followLogs(query, end.signal)) {
      assert.equal(line, 'it is [API_KEY]');
      end.abort();
    }
  });

  test('the last lines of running and ended instances are told with where they come from', async (t) => {
    const [data, directory] = [scratch(t), scratch(t)];
    const platform = platformOn(t, data, recorder());
    const command = program(directory, 'app.cjs', talks);
    await platform.ensure(workload(directory, { ...background, command }), forever);
    const [ended] = platform.instances();
    await platform.stop(blue);
    await platform.ensure(workload(directory, { ...background, command }, { version: 'v2' }), forever);
    const lines = await readLogs({ data, app: 'shop', own: {}, lines: 2 });
    assert.deepEqual(
      lines.map((each) => [each.version, each.stream, each.line]),
      [
        ['v1', 'stdout', 'two'],
        ['v1', 'stdout', 'thrée'],
        ['v1', 'stderr', 'ready'],
        ['v2', 'stdout', 'two'],
        ['v2', 'stdout', 'thrée'],
        ['v2', 'stderr', 'ready'],
      ],
    );
    const one = await readLogs({
      data,
      app: 'shop',
      role: 'web',
      own: {},
      instance: ended?.id ?? '',
      lines: 1,
    });
    assert.deepEqual(
      one.map((each) => each.instance),
      [ended?.id, ended?.id],
    );
    assert.deepEqual(await readLogs({ data, app: 'other', own: {}, lines: 10 }), []);
  });

  test('following tells the last lines, then new ones until it is aborted', async (t) => {
    const [data, directory] = [scratch(t), scratch(t)];
    const platform = platformOn(t, data, recorder());
    await platform.ensure(
      workload(directory, { ...background, command: program(directory, 'app.cjs', talks) }),
      forever,
    );
    const [instance] = platform.instances();
    const end = new AbortController();
    const seen: string[] = [];
    for await (const { line } of followLogs({ data, app: 'shop', own: {}, lines: 1 }, end.signal)) {
      seen.push(line);
      if (seen.length < 2 || seen.length > 3) continue;
      process.kill(instance?.pid ?? 0, 'SIGUSR2');
      if (seen.length === 3) end.abort();
    }
    assert.deepEqual(seen, ['thrée', 'ready', 'more 1']);
  });

  test('a log that has grown too large is rotated, and the app goes on writing', async (t) => {
    const [data, directory] = [scratch(t), scratch(t)];
    const platform = platformOn(t, data, recorder());
    await platform.ensure(
      workload(directory, { ...background, command: program(directory, 'app.cjs', talks) }),
      forever,
    );
    const [instance] = platform.instances();
    assert.ok(instance?.pid);
    rotateLogs([instance], 10);
    assert.equal(readFileSync(`${instance.logs.stdout}.1`, 'utf8'), 'one\ntwo\nthrée\n');
    assert.equal(existsSync(`${instance.logs.stderr}.1`), false, 'six bytes are not too large');
    process.kill(instance.pid, 'SIGUSR2');
    await until('it has written', () => readFileSync(instance.logs.stdout, 'utf8') === 'more 1\n');
  });

  test('of ended instances the newest are kept, and running ones always', async (t) => {
    const [data, directory] = [scratch(t), scratch(t)];
    const platform = platformOn(t, data, recorder());
    const spec = { ...background, command: program(directory, 'app.cjs', talks) };
    for (const version of ['v1', 'v2', 'v3', 'v4'])
      await platform.ensure(workload(directory, spec, { version }), forever);
    await pruneLogs(data, 2);
    const kept = await readLogs({ data, app: 'shop', own: {}, lines: 1 });
    assert.deepEqual([...new Set(kept.map((each) => each.version))], ['v2', 'v3', 'v4']);
    assert.equal(readdirSync(path.join(data, 'instances')).length, 3);
  });

  test('the end of a long file is read without its beginning', (t) => {
    const file = path.join(scratch(t), 'log');
    writeFileSync(file, Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join(''));
    assert.deepEqual(lastLines(file, 2), ['line 9998', 'line 9999']);
    assert.equal(lastLines(file, 1_000_000, 100)[0]?.startsWith('line '), true);
    assert.deepEqual(lastLines('/no/such/file', 5), []);
  });

  test('what is quoted holds the error, however deep the stack below it', () => {
    const frames = Array.from({ length: 20 }, (_, index) => `    at frame${index} (app.js:1:1)`);
    const lines = ['throw err;', '', "Error: Cannot find module 'x'", ...frames, '', 'Node.js v26'];
    assert.deepEqual(telling(lines, 3), ['throw err;', "Error: Cannot find module 'x'", 'Node.js v26']);
    assert.deepEqual(telling(frames.slice(0, 3), 3), frames.slice(0, 3), 'all, when there is room');
  });
});
