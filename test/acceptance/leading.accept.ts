/** Two control planes on one event log: one leads, the other takes over, and whoever was followed writes and moves nothing more. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import { Client } from '../../src/cli/client.ts';
import type { LeaderView, Status } from '../../src/control/contract.ts';
import type { RequestShape } from '../../src/load/shape.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { startPostgres, type PostgresServer } from '../store/postgres-server.ts';
import { answered, nothingLost } from './counted.ts';
import { World, type Settings, type Up } from './harness.ts';
import { reachesStep } from './steps.ts';
import { sleep, until } from './until.ts';

/** From the moment that the leader is gone until the next one has done what somebody asked of it. */
const promisedMs = 5_000;

export async function L4(): Promise<void> {
  const server = await startPostgres();
  try {
    await ofOneKilled(server);
    await ofOneStopped(server);
  } finally {
    await server.stop();
  }
}

const half: Settings = {
  instances: 1,
  workers: 2,
  // Nobody is judged here: the step goes on when it is told to.
  app: { judge: 'off', audiences: '{ testers: { header: { name: x-tester, exact: "1" } } }' },
  release: { steps: '[{ expose: { to: [testers], for: 1h } }]' },
};

/** As many who are sent to the candidate as who are not. */
const shapes: readonly RequestShape[] = [{}, { headers: { 'x-tester': '1' } }];

interface Two {
  readonly world: World;
  readonly first: Up;
  readonly second: Up;
}

/** v1 is live, one control plane leads, and another stands by. */
async function inTheMiddle(server: PostgresServer): Promise<Two> {
  const world = await World.create({ ...half, release: {}, store: await server.database() });
  try {
    await world.build('v1');
    await world.build('v2');
    const first = await world.up();
    await world.deploy('v1', { promote: 'auto' });
    await world.promoted('v1');
    const second = await world.up();
    const { leader } = await world.client.status();
    assert.equal(leader?.name, nameOf(leader, first), 'the first leads');
    return { world, first, second };
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

const nameOf = (leader: LeaderView | null, { child }: Up): string =>
  `${leader?.machine ?? ''}-${child.pid ?? 0}`;

const socketOf = (world: World, { child }: Up): string =>
  path.join(path.dirname(socketPath(world.data, 'control.sock')), `control-${child.pid ?? 0}.sock`);

/** The last that it has printed about that. */
function leaderSaidBy(up: Up): string | null {
  const line = up
    .said()
    .split('\n')
    .findLast((each) => each.startsWith('{"leader":'));
  return line === undefined ? null : (JSON.parse(line) as { leader: LeaderView }).leader.name;
}

async function exposed({ world }: Two): Promise<void> {
  await world.apply(half);
  await world.deploy('v2');
  await reachesStep(world, 1);
}

/** Waits until it leads, and says how long that took from `since` on. */
async function leads({ world }: Two, next: Up, since: number): Promise<{ status: Status; ms: number }> {
  // Its own: commands still find one that is stopped until somebody else leads.
  const client = new Client(world.config, socketOf(world, next));
  const status = await until(
    'another leader',
    async () => {
      const said = await client.status().catch(() => null);
      return said?.leader?.name === nameOf(said?.leader ?? null, next) && said.router !== null && said;
    },
    { state: next.said },
  );
  return { status, ms: performance.now() - since };
}

/** The same, until it has done what it was told. */
async function takesOver(two: Two, next: Up, since: number): Promise<{ status: Status; ms: number }> {
  const { status } = await leads(two, next, since);
  const client = new Client(two.world.config, socketOf(two.world, next));
  await client.command('shop', 'pause', {});
  await client.command('shop', 'resume', {});
  return { status, ms: performance.now() - since };
}

async function ofOneKilled(server: PostgresServer): Promise<void> {
  const two = await inTheMiddle(server);
  await using world = two.world;
  await exposed(two);
  const load = world.load({ rps: 200, shapes });
  await sleep(1_000);
  const before = await world.client.status();
  const since = performance.now();
  await two.first.kill();
  const { status, ms } = await takesOver(two, two.second, since);
  tell('SIGKILL', ms);
  assert.ok((status.leader?.term ?? 0) > (before.leader?.term ?? 0));
  await until('its own table is in force', async () => {
    const { router } = await world.client.status();
    return router !== null && router.generation > (before.router?.generation ?? 0);
  });
  assert.equal(status.router?.pid, before.router?.pid, 'the router is the same');
  assert.deepEqual(pidsOf(status), pidsOf(before), 'the instances are the same');
  load.mark('after');
  await sleep(1_000);
  const third = await world.up();
  assert.match(third.said(), /"leader":/);
  await world.client.command('shop', 'promote', {});
  await world.promoted('v2');
  // Told to leave, and not killed: the next one does not wait for the lease.
  const left = performance.now();
  two.second.child.kill('SIGTERM');
  const handed = await leads(two, third, left);
  tell('SIGTERM', handed.ms);
  const report = await load.stop();
  nothingLost(report, 300);
  for (const version of ['v1', 'v2']) {
    const half = answered(report).filter((sample) => sample.version === version);
    assert.ok(half.length > 50, `${version} answered ${half.length}`);
  }
}

async function ofOneStopped(server: PostgresServer): Promise<void> {
  const two = await inTheMiddle(server);
  await using world = two.world;
  await exposed(two);
  const { first, second } = two;
  const load = world.load({ rps: 200, shapes });
  const kept = await keptConnections(world, first, 4);
  const { head, body } = late('freeze');
  // It works at half of them already, and waits for the rest of what it was asked.
  const begun = kept.slice(0, 2);
  for (const socket of begun) socket.write(head + body.slice(0, 1));
  await sleep(500);
  const since = performance.now();
  first.child.kill('SIGSTOP');
  // Nothing is written by the next one, so that what the old one decided upon is still true when it wakes up.
  const { status, ms } = await leads(two, second, since);
  tell('SIGSTOP', ms);
  for (const socket of kept) socket.write(begun.includes(socket) ? body.slice(1) : head + body);
  const answers = kept.map((socket) => answerOn(socket));
  first.child.kill('SIGCONT');
  for (const answer of await Promise.all(answers)) {
    assert.match(answer, /^HTTP\/1\.1 503 .*"code":"not-leader"/s, 'what the old leader was asked');
  }
  const written = (await world.events()).filter(({ actor }) => actor === 'user:late');
  assert.deepEqual(written, [], 'the old leader has written what it was asked for too late');
  await until('the old leader stands by', () => leaderSaidBy(first) === nameOf(status.leader, second), {
    state: first.said,
  });
  // And it leads again when the other one goes.
  await second.kill();
  const again = await takesOver(two, first, performance.now());
  tell('SIGKILL of the second', again.ms);
  await world.client.command('shop', 'rollback', {});
  await world.reaches('v1 again', ({ version: live, release }) => live === 'v1' && release?.ended === true);
  nothingLost(await load.stop(), 500);
}

/** Connections to the API of this very control plane, open before it is stopped. */
async function keptConnections(world: World, up: Up, count: number): Promise<readonly Socket[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(socketOf(world, up));
      await once(socket, 'connect');
      // Answered once, so that it is read from without a step in between.
      socket.write('GET /v1/status HTTP/1.1\r\nhost: teal\r\n\r\n');
      await answerOn(socket);
      return socket;
    }),
  );
}

/** Not to be passed on to whoever leads then: only the old leader itself could do it. */
function late(command: string): { readonly head: string; readonly body: string } {
  const body = '{"reason":"too late"}';
  const head = `POST /v1/apps/shop/${command} HTTP/1.1\r\nhost: teal\r\nx-teal-actor: user:late\r\nx-teal-forwarded-by: nobody\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return { head, body };
}

/** The next answer on a kept connection, with its body. */
function answerOn(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const [head = '', body] = text.split('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      const whole =
        body !== undefined &&
        (length === undefined ? text.endsWith('\r\n0\r\n\r\n') : Buffer.byteLength(body) >= Number(length));
      if (!whole) return;
      socket.off('data', read);
      resolve(text);
    };
    socket.on('data', read);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`closed: ${text}`)));
  });
}

const pidsOf = ({ apps }: Status): readonly (number | null)[] =>
  apps
    .flatMap(({ environments }) => [environments.blue, environments.green])
    .flatMap((environment) => environment?.instances.map(({ pid }) => pid) ?? []);

function tell(how: string, ms: number): void {
  const [load = 0] = loadavg();
  // Processes that wait for a core for seconds say nothing of what waits for a lease.
  const slack = load > 2 * availableParallelism() ? 2 : 1;
  process.stdout.write(`take-over after ${how}: ${(ms / 1000).toFixed(2)} s (load ${load.toFixed(1)})\n`);
  assert.ok(
    ms <= promisedMs * slack,
    `the take-over after ${how} took ${Math.round(ms)} ms; load ${load.toFixed(1)}`,
  );
}
