/** Moments at which two things happen at once. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TealError } from '../../src/errors.ts';
import { Wire, type Answer } from './clients/wire.ts';
import { nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { until } from './until.ts';

export async function L17(): Promise<void> {
  await resumedWhileDraining();
  await twoDeploys();
  await postOnAClosingConnection();
}

/** A pause and a resume, and then even a rollback, while the old environment still answers its last requests. */
async function resumedWhileDraining(): Promise<void> {
  await using world = await World.live();
  await world.build('v2');
  const load = world.load();
  const long = Array.from({ length: 6 }, (_, index) => new Wire(world.port, `long ${index}`));
  const slow = long.map((wire) => wire.send('GET /slow?ms=4000 HTTP/1.1\r\nHost: shop\r\n\r\n'));
  await delay(100);
  await world.deploy('v2');
  await world.reaches(
    'v2 draining v1',
    ({ release }) => release?.status === 'promoted' && release.drain === null,
  );
  await world.client.command('shop', 'pause', {});
  await delay(300);
  assert.equal((await world.app()).release?.drain, null, 'still draining when it is resumed');
  await world.client.command('shop', 'resume', {});
  const answers = await Promise.all(slow);
  assert.deepEqual(
    answers.map(version),
    slow.map(() => 'v1'),
    'what began on the old version ends there',
  );
  const drained = await world.promoted('v2');
  const { finished = 0, cut = -1 } = drained.release?.drain ?? {};
  assert.equal(cut, 0);
  // The six, and what of the load was under way in the instant of the switch.
  assert.ok(finished >= 6 && finished <= 6 + 20, `${finished} finished`);
  await world.client.command('shop', 'rollback', {});
  const reverted = await world.reaches('v2 rolled back', ({ release }) => release?.status === 'rolled-back');
  assert.equal(reverted.version, 'v1');
  const report = await load.stop();
  for (const wire of long) wire.close();
  nothingLost(report);
}

/** One goes ahead, the other is told so; whichever it is, it is the one that goes live. */
async function twoDeploys(): Promise<void> {
  await using world = await World.live();
  await world.build('v2');
  await world.build('v3');
  const load = world.load();
  const both = await Promise.allSettled([world.deploy('v2'), world.deploy('v3')]);
  const accepted = both.findIndex(({ status }) => status === 'fulfilled');
  const refused = both.filter((each) => each.status === 'rejected');
  assert.equal(refused.length, 1, 'one of two deploys in one instant is refused');
  const reason: unknown = refused[0]?.reason;
  assert.ok(reason instanceof TealError);
  // While the first is made ready it has a lease; from then on a release.
  assert.ok(reason.code === 'release-in-progress' || reason.code === 'deploy-leased', reason.code);
  assert.notEqual(reason.remedy, '', 'it says what can be done');
  const winner = ['v2', 'v3'][accepted] ?? '';
  const loser = winner === 'v2' ? 'v3' : 'v2';
  const again: unknown = await world.deploy(loser).then(
    () => null,
    (error: unknown) => error,
  );
  const isRefused = again instanceof TealError && again.code === 'release-in-progress';
  assert.ok(isRefused, 'one of two deploys in one instant is refused, also when it is tried again');
  await world.promoted(winner);
  // On a quick machine it is over before there were enough requests to mean something.
  await until('enough requests', () => load.live.sent >= 100);
  const report = await load.stop();
  nothingLost(report);
  assert.deepEqual(Object.keys(report.versions).toSorted(), ['v1', winner], 'the other was seen by nobody');
}

/**
 * An app that gives up idle connections sooner than it has been said to: it stops reading, and closes some time later.
 * What is sent on them in between is lost. Many servers do that for a moment; this one takes its time.
 */
const saidMs = 600;
const doneMs = 400;
const deaf = `
import { createServer } from 'node:net';
createServer((socket) => {
  let timer;
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    clearTimeout(timer);
    text += chunk;
    for (;;) {
      const end = text.indexOf('\\r\\n\\r\\n');
      if (end < 0) return;
      const length = Number(/content-length: *(\\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      socket.write('HTTP/1.1 200 OK\\r\\nX-Version: ' + process.env.TEAL_VERSION + '\\r\\nContent-Length: 2\\r\\n\\r\\nok');
      timer = setTimeout(() => { socket.pause(); setTimeout(() => socket.destroy(), 400); }, ${doneMs});
    }
  });
}).listen(process.env.PORT, process.env.HOST);
`;

async function postOnAClosingConnection(): Promise<void> {
  await using world = await World.create({
    upstream: `keep-alive: ${saidMs}ms`,
    client: 'idle-timeout: 2s',
    tests: [],
  });
  const folder = path.join(world.folder, 'versions', 'v1');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'server.js'), deaf);
  await world.up();
  await world.deploy('v1');
  await world.promoted('v1');
  await atEveryAge(world.port);
  await aroundOurOwnClose(world.port);
}

const post = 'POST /order HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello';

/** Bursts, so that connections to the app go idle together, and are wanted again together, at every age they can have. */
async function atEveryAge(port: number): Promise<void> {
  const wires = Array.from({ length: 8 }, (_, index) => new Wire(port, `client ${index}`));
  const burst = (when: string) =>
    allAnswered(
      wires.map((wire) => wire.send(post)),
      when,
    );
  await burst('at first');
  for (const age of [200, 290, 310, 400, 500, 560, 600, 640, 700, 800, 900, 1100]) {
    await delay(age);
    await burst(`after ${age} ms without a request`);
  }
  for (const wire of wires) wire.close();
}

/** The router keeps a client's idle connection for as long as it has announced: a request just before is answered. */
async function aroundOurOwnClose(port: number): Promise<void> {
  const wires = Array.from({ length: 12 }, (_, index) => new Wire(port, `idle client ${index}`));
  const first = await allAnswered(
    wires.map((wire) => wire.send(post)),
    'on a new connection',
  );
  const announced = Number(/timeout=(\d+)/.exec(first[0]?.headers.get('keep-alive') ?? '')?.[1]);
  assert.equal(announced, 2, 'the idle time is announced');
  for (const early of [100, 25]) {
    await delay(announced * 1000 - early);
    await allAnswered(
      wires.map((wire) => wire.send(post)),
      `${early} ms before the announced end`,
    );
  }
  for (const wire of wires) wire.close();
}

async function allAnswered(sent: readonly Promise<Answer>[], when: string): Promise<readonly Answer[]> {
  const settled = await Promise.allSettled(sent);
  const good = settled.flatMap((each) =>
    each.status === 'fulfilled' && each.value.status === 200 ? [each.value] : [],
  );
  const bad = settled.find((each) => each.status === 'rejected' || each.value.status !== 200);
  const why = bad?.status === 'rejected' ? String(bad.reason) : bad?.value.status;
  assert.equal(
    good.length,
    sent.length,
    `POST: ${sent.length - good.length} of ${sent.length} failed ${when}: ${why}`,
  );
  return good;
}

const version = ({ headers }: Answer): string | undefined => headers.get('x-version');
