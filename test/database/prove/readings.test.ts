import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Readings } from '../../../src/database/prove/readings.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';

const parser = await loadParser();

test('what was read the last time is not read again, and what has gone is forgotten', async () => {
  const read: string[] = [];
  const counting = {
    ...parser,
    normalize: (text: string) => {
      read.push(text);
      return parser.normalize(text);
    },
  };
  const readings = new Readings();
  const [one, other] = ['SELECT 1 FROM a', 'SELECT 2 FROM b'];
  assert.deepEqual(
    [...(await readings.read(counting, [one, 'BEGIN']))],
    [
      [one, 'SELECT $1 FROM a'],
      ['BEGIN', null],
    ],
  );
  await readings.read(counting, [one, other]);
  assert.deepEqual(read, [one, other]);
  await readings.read(counting, [other]);
  await readings.read(counting, [one, other]);
  assert.deepEqual(read, [one, other, one]);
});

test('thousands of statements keep nobody else waiting', async () => {
  const texts = Array.from(
    { length: 2000 },
    (_, at) => `SELECT ${at} FROM users WHERE a${at} = 'x' AND b IN (1, 2)`,
  );
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await new Readings().read(parser, texts);
  clearInterval(timer);
  assert.ok(turns > 3, `others had ${turns} turns`);
});
