// Everybody of the canary demo has a side where they belong: it has to say so truly, and to see it when it is not so.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Line } from '../../examples/canary/sum.ts';
import { patchEnvironment, type Patch } from '../acceptance/sabotage/patch.ts';
import { nothingLeftIn, playDemo, stopsDuring } from './playing.ts';

const longestMs = 120_000;
/** Long enough for everybody to come once in a step, also on a busy machine. */
const stepMs = 2500;
/** For what does not count how many came at each step. */
const quickMs = 1000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teal-demo-test-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** @param sabotage in Teal and all it starts */
const play = (step: number, sabotage: readonly Patch[] = []) =>
  playDemo('demo-canary.ts', ['--step', String(step)], {
    folder,
    longestMs,
    env: patchEnvironment(sabotage),
  });

test('the canary demo sends everybody where they belong, at every step', async () => {
  const { child, out, story } = play(stepMs);
  const [code] = await once(child, 'close');
  assert.equal(code, 0, story() + out());
  const { requests, ...line } = JSON.parse(out()) as Line;
  assert.deepEqual(line, { failed: 0, misrouted: 0, flips: 0, steps: 6 });
  assert(requests > 2000, `only ${requests} requests`);
  assert.match(story(), /\$ teal approve shop --reason 'looks good' --wait/);
  await nothingLeftIn(folder);
});

test('the canary demo sees people in the wrong buckets, and people who are forgotten', async () => {
  const { child, out, story } = play(quickMs, [
    {
      file: 'src/audience/bucket.ts',
      find: 'wordIn(digest, 0) % buckets;',
      // Now here, now there: with the cookie forgotten, too, a good many go back.
      replace: '(wordIn(digest, 0) + (Date.now() % 2) * 30_000) % buckets;',
    },
    {
      file: 'src/audience/route.ts',
      find: "if (request.release?.release === release.id && request.release.side === 'candidate')",
      replace: "if (request.address === 'nobody')",
    },
  ]);
  const [code] = await once(child, 'close');
  assert.equal(code, 1, story() + out());
  const { misrouted, flips, failed } = JSON.parse(out()) as Line;
  assert(misrouted > 20, `${misrouted} misrouted`);
  assert(flips > 0, `${flips} flips`);
  assert.equal(failed, 0);
  await nothingLeftIn(folder);
});

test('Ctrl-C in the middle of the canary demo stops everything and removes its folder', async () => {
  await stopsDuring('sending staff, office to it', play(quickMs), { folder, longestMs });
});
