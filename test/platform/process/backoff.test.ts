import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isCrashLoop,
  restartDelay,
  sinceForgiven,
  type Crash,
} from '../../../src/platform/process/backoff.ts';
import { decodeStatus } from '../../../src/platform/process/folder.ts';
import { alive, parseStat } from '../../../src/platform/process/processes.ts';
import { parseTable } from '../../../src/platform/process/sockets.ts';

const crashes = (...pairs: readonly (readonly [at: number, healthyMs: number | null])[]): readonly Crash[] =>
  pairs.map(([at, healthyMs]) => ({ at: at * 1_000, healthyMs }));

test('the wait before a restart doubles up to half a minute, and starts anew after a minute of health', () => {
  const never = Array.from({ length: 12 }, (_, index) => ({ at: index, healthyMs: null }));
  const delays = never.map((_, index) => restartDelay(never.slice(0, index + 1)));
  assert.deepEqual(delays.slice(0, 4), [100, 200, 400, 800]);
  assert.equal(delays.at(-1), 30_000);
  assert.equal(restartDelay([...never, { at: 100, healthyMs: 60_000 }]), 100);
  assert.equal(sinceForgiven([...never, { at: 100, healthyMs: 59_999 }]).length, 13);
});

test('three ends within a minute without health are a crash loop, health in between makes it five in five minutes', () => {
  assert.equal(isCrashLoop(crashes([0, null], [1, null]), 2_000), false);
  assert.equal(isCrashLoop(crashes([0, null], [1, null], [2, null]), 2_000), true);
  assert.equal(isCrashLoop(crashes([0, null], [30, null], [61, null]), 61_000), false);
  assert.equal(isCrashLoop(crashes([0, null], [1, null], [2, 500], [3, null]), 3_000), false);
  assert.equal(isCrashLoop(crashes([0, 10], [60, 10], [120, 10], [180, 10], [240, 10]), 240_000), true);
  assert.equal(isCrashLoop(crashes([0, 10], [60, 10], [120, 10], [180, 10], [301, 10]), 301_000), false);
});

test('a status above 128 is the signal that ended the app', () => {
  assert.deepEqual(decodeStatus(143), { code: null, signal: 'SIGTERM' });
  assert.deepEqual(decodeStatus(137), { code: null, signal: 'SIGKILL' });
  assert.deepEqual(decodeStatus(0), { code: 0, signal: null });
  assert.deepEqual(decodeStatus(255), { code: 255, signal: null });
});

test('the start time is found behind a name with brackets and spaces', () => {
  const fields = ['S', '1', '42', ...Array.from({ length: 16 }, () => '0'), '98765', '0'];
  assert.deepEqual(parseStat(`7 (a) R 1 (b) ${fields.join(' ')}`), {
    pid: 7,
    state: 'S',
    group: 42,
    started: '98765',
  });
  assert.equal(parseStat(''), null);
});

test('a process is known by pid and start time together', () => {
  assert.equal(alive({ pid: process.pid, group: process.pid, started: '1' }), false);
});

test('listening sockets are read from the kernel table, IPv4 and IPv6', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const row = (address: string, state: string): string =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4242 1\n`;
  assert.deepEqual(parseTable(head + row('0100007F:0BB8', '0A') + row('0100007F:0BB9', '01')), [
    { host: '127.0.0.1', port: 3000, inode: '4242' },
  ]);
  assert.deepEqual(parseTable(head + row('00000000000000000000000001000000:1F90', '0A')), [
    { host: '[::1]', port: 8080, inode: '4242' },
  ]);
  assert.equal(parseTable(head + row('0000000000000000FFFF00000100007F:1F90', '0A'))[0]?.host, '127.0.0.1');
});
