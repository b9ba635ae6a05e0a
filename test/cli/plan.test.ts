import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { PlanResult, AppStatus } from '../../src/control/contract.ts';
import { project, yaml } from '../control/project.ts';
import { teal } from './cli.ts';

const release = [
  'preview-instances: 1, steps: [',
  '{ expose: { percent: 10, for: 5m } },',
  '{ approve: { by: [ben], four-eyes: true, expires: 2h } },',
  '{ expose: { percent: 50, for: 10m } }]',
].join(' ');

test('plan says what a deploy would do, from a log beside it, and does none of it', async (t) => {
  const shop = await project(t, yaml({ release, process: 'instances: 2' }));
  const running = await shop.up();
  const line = (index: number): string =>
    `203.0.113.${index % 200} - - [22/Sep/2026:12:${String(Math.floor(index / 100)).padStart(2, '0')}:00 +0000] "GET / HTTP/1.1" 200 5`;
  const lines = Array.from({ length: 6000 }, (_, index) => line(index));
  await writeFile(path.join(shop.folder, 'access.log'), lines.join('\n'));
  const first = await teal(shop.folder, 'plan', 'shop', 'v1', '--log', 'access.log');
  assert.match(first.out, /^… Plan {2}shop v1 in blue, the first version\n/, first.err);
  assert.match(first.out, /its expose\s+and\s+mirror\s+steps\s+are\s+left\s+out/);
  assert.match(first.out, / 1\. approve [^]* 2\. promote /, 'it goes through the steps that a deploy would');
  assert.doesNotMatch(first.out, /\. expose|percent:|stays warm/);

  const without = yaml({ process: 'instances: 2' });
  const apply = async (text: string): Promise<void> => {
    await shop.write('teal.yaml', text);
    const applied = await teal(shop.folder, 'apply');
    assert.equal(applied.code, 0, applied.err);
  };
  await apply(without);
  await running.deploy('v1');
  await apply(yaml({ release, process: 'instances: 2' }));
  const { code, out, err } = await teal(shop.folder, 'plan', 'shop', 'v2', '--log', 'access.log');
  assert.equal(code, 0, err);
  assert.doesNotMatch(out, /not applied/);
  assert.match(out, /^… Plan {2}shop v2 in green, instead of v1\n/);
  assert.match(out, /The log: 6,000 requests of 200 people in 59 min \(2026-09-22 12:00:00 to/);
  assert.match(
    out,
    / 1\. expose 10 % of the people {2}from .* for 5 min\n {7}candidate: 1 × web\n {7}about \d+ people/,
  );
  assert.match(
    out,
    / 2\. approve .*\n {7}waits for a person: user:ben, not who deployed; without it the release\s+aborts at/,
  );
  assert.match(out, /exposed: 10 % of the people\n/);
  assert.match(out, /too little evidence in 5 min, it takes \d+\s+min/);
  assert.match(out, /Live at .* at the earliest, if 1 approval comes at once\. v1/);
  assert.match(out, /for release\.steps of teal\.yaml:\n {4}- expose: \{ percent: \d+, for: \d+m \}\n/);
  assert.match(out, /Nothing was changed\.$/m);
  assert.ok(
    out.split('\n').every((each) => each.length <= 80),
    out,
  );
  assert.equal((await running.api.get<AppStatus>('/v1/apps/shop')).release?.id, 'shop-1');

  await running.api.post('/v1/apps/shop/deploy', { version: 'v3' });
  const refused = await teal(shop.folder, 'plan', 'shop', 'v2', '--json');
  assert.equal(refused.code, 1);
  assert.equal((JSON.parse(refused.out) as PlanResult).refused[0]?.code, 'release-in-progress');
  assert.match(
    (await teal(shop.folder, 'plan', 'shop', 'v2')).out,
    /✗ Refused now: shop-2 \(v3\) of shop is/,
  );
  const missing = await teal(shop.folder, 'plan', 'shop', 'v1', '--log', 'no.log');
  assert.equal(missing.code, 2);
  assert.match(missing.err, /no\.log cannot be read: ENOENT/);
});
