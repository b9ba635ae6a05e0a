import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinCommand, splitCommand } from '../../src/config/command-line.ts';
import { didYouMean } from '../../src/config/did-you-mean.ts';
import {
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  suggestDuration,
  suggestSize,
} from '../../src/config/units.ts';

test('a duration is one number and one unit, and nothing else', () => {
  const read = ['500ms', '10s', '1.5s', '5m', '1h', '24d', '0s'].map((text) => parseDuration(text));
  assert.deepEqual(read, [500, 10_000, 1500, 300_000, 3_600_000, 2_073_600_000, 0]);
  for (const text of ['10', '10 s', '1h30m', '-1s', '25d', 's', '', '10S', '1e3s']) {
    assert.equal(parseDuration(text), null, text);
  }
});

test('a size is one number and one unit in powers of 1024', () => {
  const read = ['100B', '32KB', '32KiB', '512MB', '1.5GB'].map((text) => parseSize(text));
  assert.deepEqual(read, [100, 32_768, 32_768, 536_870_912, 1_610_612_736]);
  for (const text of ['512', '512mb', '512 MB', '5TB', '-1B', '']) assert.equal(parseSize(text), null, text);
});

test('what is formatted is read as the same', () => {
  fc.assert(fc.property(fc.nat(2_000_000_000), (ms) => parseDuration(formatDuration(ms)) === ms));
  fc.assert(fc.property(fc.nat(900_000_000), (size) => parseSize(formatSize(size)) === size));
  assert.deepEqual(
    [0, 90_000, 3_600_000, 1500].map((ms) => formatDuration(ms)),
    ['0s', '90s', '1h', '1500ms'],
  );
});

test('what was meant is suggested, and can be read', () => {
  const durations = { '10 seconds': '10s', '1h30m': '90m', '5 min': '5m', '2 days': '2d', '250 ms': '250ms' };
  for (const [written, meant] of Object.entries(durations)) assert.equal(suggestDuration(written), meant);
  assert.equal(suggestDuration(10), '10s');
  for (const nonsense of ['soon', '', null, -1, '99999999 days'])
    assert.equal(suggestDuration(nonsense), null);
  const sizes = { '512mb': '512MB', '512 MB': '512MB', '512M': '512MB', '1gib': '1GB', '10 bytes': '10B' };
  for (const [written, meant] of Object.entries(sizes)) assert.equal(suggestSize(written), meant);
  assert.equal(suggestSize('much'), null);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const meant = suggestDuration(text);
      return meant === null || parseDuration(meant) !== null;
    }),
  );
});

test('a command line is split as a shell splits it', () => {
  const words = (line: string): readonly string[] => {
    const split = splitCommand(line);
    assert.ok('words' in split, line);
    return split.words;
  };
  assert.deepEqual(words('node  server.js\t--port 80 '), ['node', 'server.js', '--port', '80']);
  assert.deepEqual(words(`sh -c 'a && b; echo "$X"'`), ['sh', '-c', 'a && b; echo "$X"']);
  assert.deepEqual(words(String.raw`a "b \"c\" \\ d" e\ f ''`), ['a', String.raw`b "c" \ d`, 'e f', '']);
  assert.deepEqual(words(`a"b"'c'd`), ['abcd']);
  assert.deepEqual(words('cost 5$ #1'), ['cost', '5$', '#1']);
});

test('what would need a shell is not split', () => {
  for (const line of ['a | b', 'a && b', 'a; b', 'a > b', 'a `b`', 'a $B', 'a "${B}"', 'a $(b)']) {
    assert.ok('shell' in splitCommand(line), line);
  }
  for (const line of [`a 'b`, `a "b`, 'a \\']) assert.ok('unclosed' in splitCommand(line), line);
});

test('whatever the words, one line can be made of them that is split into the same', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      assert.deepEqual(splitCommand(joinCommand(words)), { words });
    }),
  );
});

test('the nearest word is found by slips, swaps, case and spelling', () => {
  const candidates = ['health', 'hosts', 'paths', 'stop-signal', 'run', 'rollback'];
  const meant = {
    helth: 'health',
    halth: 'health',
    hsots: 'hosts',
    Paths: 'paths',
    stopSignal: 'stop-signal',
  };
  for (const [word, expected] of Object.entries(meant)) assert.equal(didYouMean(word, candidates), expected);
  assert.equal(didYouMean('stop_signal', candidates), 'stop-signal');
  assert.equal(didYouMean('rolback', candidates), 'rollback');
  for (const word of ['', 'x', 'kubernetes', 'r'.repeat(10_000)])
    assert.equal(didYouMean(word, candidates), null);
});
