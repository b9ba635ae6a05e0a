/** Who may let a release go on, and what their word is worth. */
import assert from 'node:assert/strict';
import type { CommandBody, CommandName } from '../../src/control/contract.ts';
import { TealError } from '../../src/errors.ts';
import { World, type Settings } from './harness.ts';
import { reachesStep } from './steps.ts';

const [anna, ben, carl] = ['user:anna', 'user:ben', 'user:carl'] as const;
const gate = '{ approve: { role: managers, four-eyes: true } }';
const settings: Settings = {
  instances: 1,
  tests: [],
  people: '{ managers: [anna, ben] }',
  release: { steps: `[${gate}, ${gate}, { wait: 1h }]` },
  control: true,
};

interface Ask {
  readonly actor: string;
  readonly command: CommandName;
  readonly body?: CommandBody;
}

async function refused(world: World, { actor, command, body }: Ask, says: RegExp): Promise<void> {
  await assert.rejects(
    world.order(actor, command, body),
    (error: unknown) => {
      assert.ok(error instanceof TealError, String(error));
      assert.match(`${error.code}: ${error.message} ${error.remedy}`, says);
      return true;
    },
    `${actor} may not ${command}`,
  );
}

export async function G1(): Promise<void> {
  await using world = await World.live(settings);
  await world.build('v2');
  await world.order(anna, 'deploy', { version: 'v2' });
  const waiting = await reachesStep(world, 0);
  assert.deepEqual(waiting.release?.step?.by, [anna, ben], 'everybody can see who may');
  await nobodyElse(world);
  const fromElsewhere = await withTokens(world);
  const before = Date.now();
  await fromElsewhere({ step: 0, reason: 'the figures are fine' });
  const passed = await reachesStep(world, 1);
  const [approval] = passed.release?.approvals ?? [];
  assert.deepEqual([approval?.cursor, approval?.actor], [0, ben]);
  assert.ok((approval?.at ?? 0) >= before - 5 && (approval?.at ?? 0) <= Date.now() + 5, 'with its time');
  const event = await world.event('step-passed', ({ actor }) => actor === ben);
  assert.equal(event.reason, 'the figures are fine');
  // Who deployed may take it back.
  await world.order(anna, 'reject', { step: 1, reason: 'I saw a fault' });
  const rejected = await world.reaches('rejected', ({ release }) => release?.status === 'aborted');
  assert.equal(rejected.release?.error?.code, 'rejected');
  assert.match(rejected.release.reason ?? '', /rejected by user:anna: I saw a fault/);
}

/** Neither who has no role, nor who deployed; by no command. */
async function nobodyElse(world: World): Promise<void> {
  const first = { step: 0 };
  await refused(
    world,
    { actor: carl, command: 'approve', body: first },
    /not-allowed: user:carl.*role managers.*user:anna, user:ben/,
  );
  await refused(
    world,
    { actor: anna, command: 'approve', body: first },
    /not-allowed: user:anna deployed v2.*four eyes/,
  );
  for (const full of [false, true]) {
    await refused(
      world,
      { actor: anna, command: 'promote', body: { full } },
      /not-allowed: user:anna deployed v2/,
    );
    await refused(world, { actor: carl, command: 'promote', body: { full } }, /not-allowed: user:carl/);
  }
  await refused(
    world,
    { actor: carl, command: 'reject', body: { ...first, reason: 'no' } },
    /not-allowed: user:carl/,
  );
  assert.equal((await world.app()).release?.step?.index, 0, 'none of them has moved it');
}

/** From elsewhere a token says who somebody is, and whether they may ask at all; the name they give says nothing. */
async function withTokens(world: World): Promise<(body: CommandBody) => Promise<void>> {
  const secrets = {
    ben: await world.token('ben', 'approver', 'ben'),
    carl: await world.token('carl', 'approver', 'carl'),
    robot: await world.token('robot', 'deployer', 'ben'),
  };
  const approve = async (token: string, body: CommandBody) => {
    const answer = await world.far('/v1/apps/shop/approve', token, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'x-teal-actor': ben },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const pretender = await approve(secrets.carl, { step: 0 });
  assert.equal(pretender.status, 403, 'a token says the name, and a header does not');
  assert.match(pretender.text, /user:carl/);
  const lower = await approve(secrets.robot, { step: 0 });
  assert.equal(lower.status, 403, 'the role of the token is too low');
  assert.match(lower.text, /approve needs the role approver; you are user:ben \(deployer\)/);
  return async (body) => {
    const { status, text } = await approve(secrets.ben, body);
    assert.equal(status, 200, text);
  };
}

export async function G2(): Promise<void> {
  await using world = await World.live(settings);
  await world.build('v2');
  await world.order(carl, 'deploy', { version: 'v2' });
  await reachesStep(world, 0);
  await refused(
    world,
    { actor: anna, command: 'approve', body: { step: 1 } },
    /wrong-state: .*is at step 1, not at step 2/,
  );
  // Both have looked at the first gate, and say so in one instant.
  const both = await Promise.all([anna, ben].map((actor) => world.order(actor, 'approve', { step: 0 })));
  assert.equal(
    both.filter(({ did }) => /was approved by user:\w+ already/.test(did)).length,
    1,
    JSON.stringify(both.map(({ did }) => did)),
  );
  const after = await reachesStep(world, 1);
  assert.equal(after.release?.approvals.length, 1, 'two words for one gate open one gate');
  await world.order(anna, 'approve', { step: 0 });
  assert.equal((await world.app()).release?.step?.index, 1, 'nor does the same word, said again');
  await world.order(anna, 'approve', { step: 1 });
  await reachesStep(world, 2);
  const again = await world.teal('approve', 'shop', '--step', '2', '--json');
  assert.equal(again.code, 0, again.out + again.err);
  await refused(world, { actor: anna, command: 'approve', body: { step: 2 } }, /wrong-state/);
}
