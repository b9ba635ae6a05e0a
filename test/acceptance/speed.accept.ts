/** How long people wait for the way back. */
import assert from 'node:assert/strict';
import { nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { sleep, until } from './until.ts';

const promisedMs = 100;
/** Behind each order; the next release begins only then. */
const lookedAtMs = 500;
const rounds = 5;
/** On a shared machine a process is not run for a while now and then: one round in five may be of that kind. */
const spared = 1;

export async function L2(): Promise<void> {
  await using world = await World.live({ workers: 2, tests: [] });
  const load = world.load({ rps: 400, connections: 32 });
  const orders: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const version = `v${round + 2}`;
    await world.build(version);
    await world.deploy(version);
    await world.promoted(version);
    await sleep(300);
    // By this process's clock, before the order leaves it.
    const at = performance.timeOrigin + performance.now();
    orders.push(at);
    await world.client.command('shop', 'rollback', {});
    await world.reaches(`${version} rolled back`, ({ release }) => release?.status === 'rolled-back');
    await until('enough answers', () => performance.timeOrigin + performance.now() > at + lookedAtMs);
  }
  const report = await load.stop();
  const took = orders.map((at) => {
    const sent = [...report.samples].filter(({ sentAt }) => sentAt > at && sentAt < at + lookedAtMs);
    assert.ok(sent.length > 50, `only ${sent.length} requests were sent behind an order`);
    const elsewhere = sent.filter(({ outcome, version }) => outcome !== 'answered' || version !== 'v1');
    return Math.max(0, ...elsewhere.map(({ sentAt }) => sentAt - at));
  });
  const said = `${took.map((ms) => ms.toFixed(0)).join(', ')} ms until the last request that did not go to v1`;
  const within = took.filter((ms) => ms <= promisedMs).length;
  assert.ok(within >= rounds - spared, `${within} of ${rounds} rollbacks reached clients in time: ${said}`);
  nothingLost(report, 500);
}
