/** A control plane that does not come back: nobody could take a bad candidate back, so nobody stays on one. */
import assert from 'node:assert/strict';
import { answered, neverAnswered, nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { sleep, until } from './until.ts';

/** The shortest that teal.yaml may say. */
const expiresMs = 10_000;
const patienceMs = 3 * expiresMs;

/**
 * Whom a release sends to the candidate is sent to live when the time has passed, not before, and to the candidate again when a control plane is
 * back; nobody else notices anything.
 */
export async function orphaned(): Promise<void> {
  await using world = await World.live({
    instances: 1,
    router: { 'exposure-expires': `${expiresMs / 1000}s` },
    app: { audiences: '{ testers: { header: { name: x-tester, exact: "1" } } }' },
    release: { steps: '[{ expose: { to: [testers], for: 1h } }]' },
  });
  await world.build('v2');
  await world.deploy('v2');
  await asTester(world, 'v2');
  const others = world.load({ rps: 60 });
  await world.kill();
  // A restart is no silence.
  const backAt = Date.now();
  await world.up();
  const heardAt = await until('the router hears the control plane again', async () => {
    const { router } = await world.client.status();
    return router?.heard.at != null && router.heard.at >= backAt && router.heard.at;
  });
  await world.kill();
  const testers = world.load({ rps: 60, headers: { 'x-tester': '1' } });
  await asTester(world, 'v1');
  // The time before the last word was heard counts for at most one turn of the router's clock, which is a second.
  assert.ok(Date.now() - heardAt >= expiresMs - 1500, 'a restart of the control plane counts as silence');
  const { code, err } = await world.teal('status');
  assert.notEqual(code, 0);
  assert.match(
    err.replaceAll(/\s+/g, ' '),
    /Its router goes on: table \d+, .*exposes nobody until it does again/,
  );
  const from = Date.now();
  await sleep(1000);
  const report = await testers.stop();
  nothingLost(report);
  neverAnswered(answered(report), 'v2', { from });
  await world.up();
  await asTester(world, 'v2');
  const { release } = await world.app();
  assert.equal(release?.status, 'stepping', 'the release goes on where it was');
  const { out } = await world.teal('status');
  assert.match(
    out.replaceAll(/\s+/g, ' '),
    /everyone went to live, since nothing was heard from the control plane: from/,
  );
  const rest = await others.stop();
  nothingLost(rest);
  neverAnswered(answered(rest), 'v2');
}

async function asTester({ url }: World, version: string): Promise<void> {
  const ask = async (): Promise<boolean> => {
    const answer = await fetch(`${url}/version`, { headers: { 'x-tester': '1' } });
    return (await answer.text()) === version;
  };
  await until(`${version} for a tester`, ask, { patienceMs });
}
