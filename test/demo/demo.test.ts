// The demo is what people see first: it has to keep its promise, count honestly, and leave nothing behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Line } from '../../examples/demo/sum.ts';
import { nothingLeftIn, playDemo, stopsDuring } from './playing.ts';

/** What is promised for a quiet machine is half of this. */
const longestMs = 90_000;

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teal-demo-test-'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const play = () => playDemo('demo.ts', [], { folder, longestMs });

test('the demo switches twice, lets the judge catch a bad version under load, and loses nothing', async () => {
  const { child, out, story } = play();
  const [code] = await once(child, 'close');
  assert.equal(code, 0, story() + out());
  assert.equal(out().trimEnd().split('\n').length, 1, `more than one line on stdout:\n${out()}`);
  const line = JSON.parse(out()) as Line;
  assert.equal(line.failed, 0);
  assert(line.requests > 1500, `only ${line.requests} requests`);
  assert(line.switches >= 2, `${line.switches} switches`);
  assert.equal(line.rollbacks, 1);
  assert(line.rollbackMs !== null && line.rollbackMs > 0 && line.rollbackMs < 250, `${line.rollbackMs} ms`);
  assert(line.errorsOfV3 > 0, 'v3 was built to fail, and its errors are to be seen');
  assert(line.harmed > 0 && line.harmed <= line.errorsOfV3, `${line.harmed} people`);
  assert(
    line.detectedMs !== null && line.detectedMs > 0 && line.detectedMs < 20_000,
    `${line.detectedMs} ms`,
  );
  assert.deepEqual(Object.keys(line.versions).toSorted(), ['v1', 'v2', 'v3', 'v4']);
  const answers = Object.values(line.versions).reduce((sum, each) => sum + each, 0);
  assert.equal(answers, line.requests);
  // Each of the four versions was also tested with one order.
  assert.equal(line.jobsDone, line.orders + 4);
  assert.equal(line.jobsTwice, 0);
  assert.equal(line.streamsBroken, 0);
  assert.match(story(), /\$ teal deploy shop v3 .*--wait/);
  assert.doesNotMatch(story(), /\$ teal (?:rollback|abort)/, 'nobody had to say it');
  assert.match(story(), /nothing was lost/);
  assert.doesNotMatch(story(), /"level":/, 'a line of a log where nothing went wrong');
  assert.equal(stripVTControlCharacters(story()), story(), 'colours where nobody sees them');
  // A path cannot be broken, nor a command that is there to be copied, nor a value that is compared with another.
  const wide = story()
    .split('\n')
    .filter((line) => line.length > 80 && !line.includes(folder) && !/^ +(?:[-+] |.*: teal )/.test(line));
  assert.deepEqual(wide, [], 'wider than 80 columns');
  await nothingLeftIn(folder);
});

test('Ctrl-C in the middle of the demo stops everything it has started and removes its folder', async () => {
  // Everything runs by then: visitors, both environments, and a release under way.
  await stopsDuring('teal promote shop --wait', play(), { folder, longestMs });
});
