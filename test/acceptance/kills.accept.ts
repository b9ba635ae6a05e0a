/** Kill -9 of the control plane, of a router's worker, of an instance: with requests running, and each one counted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { AppStatus } from '../../src/control/contract.ts';
import { Crowd, get, slowPost, type CrowdReport, type Failure, type InFlight } from './clients/crowd.ts';
import { nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { killAtAppend } from './killing/at-append.ts';
import { orphaned } from './orphaned.ts';
import { clientPortsOf, connectionsTo, kill } from './processes.ts';
import type { Patch } from './sabotage/patch.ts';
import { longPatienceMs, sleep, until } from './until.ts';

export async function L3(): Promise<void> {
  await Promise.all([atEveryTransition('after'), atEveryTransition('before')]);
  await ofWorkers();
  await ofInstances();
  await orphaned();
}

/** A thing a person asks for: asked again only when Teal shows no trace of it after a restart. */
interface Task {
  readonly name: string;
  readonly asked: (app: AppStatus) => boolean;
  readonly ask: (world: World) => Promise<unknown>;
  readonly done: (app: AppStatus) => boolean;
}

const deploys = (version: string, done: Task['done'], promote: 'auto' | 'manual' = 'auto'): Task => ({
  name: `deploy ${version}`,
  asked: ({ release }) => release?.version === version && release.kind === 'deploy',
  ask: (world) => world.deploy(version, { promote }),
  done,
});

const backwards: readonly string[] = ['reverting', 'reverted', 'rolled-back'];

const tasks: readonly Task[] = [
  deploys('v2', ({ release }) => release?.status === 'promoted' && release.drain !== null),
  {
    name: 'rollback of v2',
    asked: ({ release }) => backwards.includes(release?.status ?? ''),
    ask: (world) => world.client.command('shop', 'rollback', {}),
    done: ({ version, release }) => version === 'v1' && release?.status === 'rolled-back',
  },
  deploys('v3', ({ release }) => release?.status === 'stepping' && release.step?.index === 1, 'manual'),
  {
    name: 'abort of v3',
    asked: ({ release }) => release?.status === 'aborting' || release?.status === 'aborted',
    ask: (world) => world.client.command('shop', 'abort', {}),
    done: ({ version, release }) => version === 'v1' && release?.status === 'aborted',
  },
  deploys('v4', ({ version, release }) => version === 'v4' && release?.status === 'completed'),
  {
    name: 'rollback of v4, whose old environment is gone',
    asked: ({ release }) => release?.kind === 'rollback',
    ask: (world) => world.client.command('shop', 'rollback', {}),
    // v1 was deployed with the long window, and comes back with it.
    done: ({ version, release }) =>
      version === 'v1' && release?.status === 'promoted' && release.drain !== null,
  },
];

/** Every kind of event that the tasks write, but for what can only be written once, by the first start. */
const transitions = [
  'applied',
  'release-started',
  'candidate-ready',
  'step-passed',
  'switch-started',
  'switched',
  'drained',
  'rollback-started',
  'abort-started',
  'window-closed',
  'retired',
];

/** Killed at its first append, or right before its second: so that each append is once the last thing that was done. */
async function atEveryTransition(when: 'before' | 'after'): Promise<void> {
  await using world = await World.live({ instances: 1 });
  for (const version of ['v2', 'v3', 'v4']) await world.build(version);
  const log = path.join(world.folder, 'kills');
  const load = world.load({
    rps: 60,
    shapes: [
      { weight: 4 },
      { path: '/upload', method: 'POST', body: 'x'.repeat(3000), pieces: 3, pieceEveryMs: 100 },
    ],
  });
  await world.kill();
  for (const task of tasks) {
    // The shortest window only now: earlier ones are still to be rolled back inside theirs.
    if (task.name === 'deploy v4') world.configure({ instances: 1, release: { 'rollback-window': '3s' } });
    // Killed before every first append, it would never get on: only a task's first life is.
    await livesUntil(world, task, (life) => killAtAppend(when, when === 'after' || life === 1 ? 1 : 2, log));
  }
  nothingLost(await load.stop(), 500);
  const killed = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  const seen = new Set(killed.flatMap((line) => line.split(' ')[1]?.split('+') ?? []));
  assert.deepEqual(
    transitions.filter((type) => !seen.has(type)),
    [],
    `killed at: ${killed.join(', ')}`,
  );
}

/** Starts Teal again and again, as a service manager does, until the task is done. */
async function livesUntil(world: World, task: Task, killer: (life: number) => Patch): Promise<void> {
  const most = 25;
  for (let life = 1; life <= most; life++) {
    const up = world.launch([killer(life)]);
    let done = false;
    const ended = up.ended.then(() => 'ended' as const);
    const state = async (): Promise<AppStatus | null> => await world.app().catch(() => null);
    const work = async (): Promise<'done' | 'ended'> => {
      const first = await until(
        'an answer',
        async () => (up.child.signalCode !== null ? 'gone' : await state()),
        { patienceMs: longPatienceMs },
      );
      if (first === 'gone') return 'ended';
      if (!task.asked(first)) await task.ask(world).catch(() => undefined);
      await until(
        `${task.name} (life ${life})`,
        async () => {
          const app = await state();
          return up.child.signalCode !== null || (app !== null && task.asked(app) && task.done(app));
        },
        { state: up.said },
      );
      return up.child.signalCode === null ? 'done' : 'ended';
    };
    done = (await Promise.race([work(), ended.then(work)])) === 'done';
    await up.kill();
    if (done) return;
    assert.equal(up.child.signalCode, 'SIGKILL', `teal up ended by itself: ${up.said()}`);
  }
  assert.fail(`${task.name} was not done in ${most} lives`);
}

/** Failed are at most the requests that were in flight on the killed worker, each named by connection and phase. */
async function ofWorkers(): Promise<void> {
  await using world = await World.live({ workers: 2 });
  const crowd = new Crowd(world.port, 24, [get('/api/products'), get('/slow?ms=60'), slowPost(6, 20)]);
  const permitted: (readonly InFlight[])[] = [];
  let report: CrowdReport;
  try {
    for (let round = 0; round < 5; round++) {
      const workers = await bothWorkers(world);
      await sleep(400);
      permitted.push(await killWorker(crowd, world.port, workers[round % 2] ?? 0));
      const after = crowd.answered;
      await until('answers after the kill', () => crowd.answered > after + 50);
    }
    await bothWorkers(world);
    await sleep(300);
  } finally {
    report = await crowd.stop();
  }
  const { sent, answered, failures } = report;
  const allowed = permitted.flat();
  const said = failures.slice(0, 10).map(({ says }) => says);
  assert.equal(answered + failures.length, sent);
  for (const failure of failures)
    assert.ok(isOf(failure, allowed), `not in flight on the killed worker: ${failure.says}`);
  const counts = `${failures.length} of ${sent} failed, ${allowed.length} in flight`;
  assert.ok(failures.length <= allowed.length, [counts, ...said].join('\n'));
  assert.ok(allowed.length > 5, `only ${allowed.length} were in flight, which proves little`);
}

/** In one turn of the event loop, so that what is noted is what was in flight when it died. */
async function killWorker(crowd: Crowd, port: number, worker: number): Promise<readonly InFlight[]> {
  process.kill(worker, 'SIGSTOP');
  const its = clientPortsOf(worker, port);
  const inFlight = crowd.inFlight().filter((each) => its.has(each.port));
  const held = crowd.hold();
  process.kill(worker, 'SIGKILL');
  // A process is seen to be gone before the last of its threads has let go of its connections.
  await until('its connections closed', () => crowd.haveClosed(its));
  held.release();
  return inFlight;
}

/** The same connection, ended while it waited for, or read, its answer. */
const isOf = ({ connection, says }: Failure, allowed: readonly InFlight[]): boolean =>
  allowed.some(
    (each) =>
      each.connection === connection && says.includes(`connection ${connection} (port ${each.port}), `),
  ) && /, (?:connecting|waiting for the head|in the body): /.test(says);

async function bothWorkers(world: World): Promise<readonly number[]> {
  return await until('two workers with one table', async () => {
    const { router } = await world.client.status();
    const workers = router?.workers ?? [];
    const same = workers.every(({ generation }) => generation === router?.generation);
    return workers.length === 2 && same && workers.map(({ pid }) => pid);
  });
}

/** Nothing that may be sent again fails; of the rest at most what was in flight on the killed instance. */
async function ofInstances(): Promise<void> {
  await using world = await World.live({ instances: 2, workers: 1 });
  const repeatable = new Crowd(world.port, 20, [get('/api/products'), get('/slow?ms=80'), get('/')]);
  const once = new Crowd(world.port, 6, [slowPost(5, 30)]);
  let allowed = 0;
  let reports: readonly [CrowdReport, CrowdReport];
  try {
    for (let round = 0; round < 5; round++) {
      const instances = await bothInstances(world);
      await sleep(500);
      const victim = instances[round % 2];
      const worker = (await world.client.status()).router?.workers[0]?.pid ?? 0;
      assert.ok(victim?.pid && victim.address !== null);
      const its = connectionsTo(worker, Number(victim.address.split(':').at(-1)));
      allowed += Math.min(its.size, once.inFlight().length);
      kill(victim.pid, 'SIGKILL');
      // Two at once would leave nobody to answer.
      await world.reaches('a new instance', ({ environments }) => {
        const all = [environments.blue, environments.green].flatMap((each) => each?.instances ?? []);
        return !all.some(({ id }) => id === victim.id);
      });
    }
    await bothInstances(world);
  } finally {
    reports = await Promise.all([repeatable.stop(), once.stop()]);
  }
  const [all, posts] = reports;
  const said = all.failures.slice(0, 10).map(({ says }) => says);
  const counts = `${all.failures.length} of ${all.sent} repeatable requests failed`;
  assert.equal(all.failures.length, 0, [counts, ...said].join('\n'));
  assert.equal(all.answered, all.sent);
  assert.ok(all.sent > 500, `only ${all.sent} requests`);
  assert.equal(posts.answered + posts.failures.length, posts.sent);
  assert.ok(
    posts.failures.length <= allowed,
    `${posts.failures.length} uploads failed, ${allowed} were in flight`,
  );
  for (const { says } of posts.failures) assert.match(says, /connection \d+/, 'each is named');
}

async function bothInstances(world: World) {
  const { live, environments } = await world.reaches('two healthy instances', (app) => {
    const instances = app.live === null ? [] : (app.environments[app.live]?.instances ?? []);
    return instances.filter(({ state }) => state === 'healthy').length === 2;
  });
  return live === null ? [] : (environments[live]?.instances ?? []);
}
