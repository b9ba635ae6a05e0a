/** What is wrong with the machine: its disk, its files, its clock. Traffic goes on, and people are told what to do. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TealError } from '../../src/errors.ts';
import { nothingLost } from './counted.ts';
import type { AppStatus } from '../../src/control/contract.ts';
import { World, type Settings } from './harness.ts';
import { clockEnvironment } from './faults/clock.ts';
import { diskEnvironment } from './faults/disk.ts';
import { childrenOf, kill } from './processes.ts';
import { sleep, until } from './until.ts';

export async function L14(): Promise<void> {
  await using world = await World.live();
  for (const version of ['v2', 'v3', 'v4', 'v5']) await world.build(version);
  const load = world.load();
  await diskFull(world);
  await storeLocked(world);
  await refusesToStart(world);
  await world.up();
  await world.deploy('v4');
  await world.promoted('v4');
  nothingLost(await load.stop(), 300);
  await tableCutShort(world);
}

/** Nothing changes, and the same order is carried out as soon as there is room, without a restart. */
async function diskFull(world: World): Promise<void> {
  const full = path.join(world.folder, 'disk-full');
  await world.kill();
  await world.up([], diskEnvironment(full));
  writeFileSync(full, '');
  const before = await world.app();
  const refused = await world.teal('deploy', 'shop', 'v2', '--json');
  assert.equal(refused.code, 1, 'a deploy on a full disk is refused');
  assert.match(refused.out + refused.err, /"disk-full"/);
  assert.match(refused.out + refused.err, /Make room|Free some/i, 'and it says what to do');
  await refuses(world.client.command('shop', 'restart', {}), 'disk-full');
  assert.deepEqual(still(await world.app()), still(before), 'nothing was changed');
  rmSync(full);
  await world.deploy('v2');
  await world.promoted('v2');
}

/** Somebody looks at the event log with a tool that locks it. */
async function storeLocked(world: World): Promise<void> {
  const database = new DatabaseSync(path.join(world.data, 'teal.db'));
  database.exec('BEGIN IMMEDIATE');
  try {
    const error = await refuses(world.client.command('shop', 'rollback', {}), 'store-conflict');
    assert.match(error.remedy, /fuser/, 'it says how to find out who it is');
    assert.equal((await world.app()).version, 'v2');
  } finally {
    database.exec('ROLLBACK');
    database.close();
  }
  await world.deploy('v3');
  await world.promoted('v3');
}

interface Damage {
  readonly name: string;
  readonly code: string;
  readonly remedy: RegExp;
  readonly does: (file: string) => void;
}

const damages: readonly Damage[] = [
  {
    name: 'cut short in the middle',
    code: 'store-unreadable',
    remedy: /Put back a copy/,
    does: (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  },
  {
    name: 'emptied',
    code: 'store-unreadable',
    remedy: /Put back a copy/,
    does: (file) => truncateSync(file, 0),
  },
  { name: 'removed', code: 'store-unreadable', remedy: /Put back a copy/, does: (file) => rmSync(file) },
  {
    name: 'without its last events',
    code: 'store-unreadable',
    remedy: /Put back a copy/,
    does: (file) => withDatabase(file, 'DELETE FROM event WHERE seq > (SELECT max(seq) - 2 FROM event)'),
  },
  {
    name: 'overwritten in its beginning',
    code: 'store-unreadable',
    remedy: /Put back a copy/,
    does: (file) => writeFileSync(file, Buffer.from('not a database at all'), { flag: 'r+' }),
  },
  {
    name: 'from a newer version',
    code: 'store-newer',
    remedy: /newer Teal/,
    does: (file) => withDatabase(file, 'PRAGMA user_version = 99'),
  },
];

/** The event log as it is found is left as it is, and nothing begins anew without a word. */
async function refusesToStart(world: World): Promise<void> {
  const file = path.join(world.data, 'teal.db');
  await world.kill();
  // All of it into the one file, so that a damage cannot be made good from the other.
  withDatabase(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  const copy = path.join(world.folder, 'copy.db');
  copyFileSync(file, copy);
  for (const { name, code, remedy, does } of damages) {
    does(file);
    const damaged = existsSync(file) ? readFileSync(file) : null;
    const up = world.launch();
    await Promise.race([
      up.ended,
      until(`the end of a Teal whose event log is ${name}`, () => up.said().includes('"up":')),
    ]);
    assert.ok(!up.said().includes('"up":'), `it started with an event log that is ${name}`);
    assert.notEqual(up.child.exitCode, 0);
    assert.match(up.said(), new RegExp(`"${code}"`), `${name}: ${up.said()}`);
    assert.match(up.said(), new RegExp(remedy.source, 'i'), `${name}: ${up.said()}`);
    assert.deepEqual(existsSync(file) ? readFileSync(file) : null, damaged, `${name}: it was changed`);
    for (const beside of ['-wal', '-shm']) rmSync(file + beside, { force: true });
    copyFileSync(copy, file);
  }
}

/** The router's own copy of its table, which only counts while there is no control plane: here there is one. */
async function tableCutShort(world: World): Promise<void> {
  const file = path.join(world.data, 'router', 'table.json');
  const parent = await routerPid(world);
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
  for (const pid of [parent, ...childrenOf(parent)]) kill(pid, 'SIGKILL');
  await until('traffic again', async () => {
    const answer = await fetch(`${world.url}/version`).catch(() => null);
    return answer?.status === 200 && (await answer.text()).trim() === 'v4';
  });
}

async function routerPid(world: World): Promise<number> {
  const { router } = await world.client.status();
  assert.ok(router !== null);
  return router.pid;
}

function withDatabase(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec(sql);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

async function refuses(doing: Promise<unknown>, code: string): Promise<TealError> {
  const outcome = await doing.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof TealError, `it was not refused with ${code}: ${String(outcome)}`);
  assert.equal(outcome.code, code);
  assert.notEqual(outcome.remedy, '');
  return outcome;
}

const still = ({ version, live, release }: AppStatus): unknown => ({
  version,
  live,
  release: release === null ? null : { id: release.id, status: release.status },
});

const hourMs = 3_600_000;

/**
 * The clock of every process of this Teal, router and instances included, while this one's goes on as it did. Nothing is lost, nothing
 * starts again, no step ends, nothing expires, and every command is carried out: all times below are shorter than the jumps.
 */
export async function L5(): Promise<void> {
  const settings = { workers: 2, release: { deadline: '60s', 'rollback-window': '30m' } };
  await using world = await World.create(settings);
  const clock = path.join(world.folder, 'clock');
  let ahead = 0;
  const jump = (ms: number): void => {
    ahead = ms;
    writeFileSync(clock, String(ms));
  };
  /** Forth or back under a release, which is told of it. */
  const jumpUnder = async (ms: number): Promise<void> => {
    const by = ms - ahead;
    const last = (await world.events()).at(-1)?.seq ?? 0;
    jump(ms);
    const { data } = await world.event('clock-jumped', ({ seq }) => seq > last);
    assert.ok(Math.abs((data as { ms: number }).ms - by) < 10_000, 'it was told by how much');
    // Long enough for whatever would be due by now.
    await sleep(1500);
  };
  jump(0);
  for (const version of ['v1', 'v2', 'v3', 'v4', 'v5']) await world.build(version);
  await world.up([], clockEnvironment(clock));
  await world.deploy('v1');
  await world.promoted('v1');
  const load = world.load({
    shapes: [{ path: '/api/products', weight: 4 }, { path: '/slow?ms=700' }],
    connections: 40,
  });
  // Forth in the middle of a release that waits, and in the middle of requests.
  await world.deploy('v2', { promote: 'manual' });
  const waiting = await world.reaches('v2 waiting', ({ release }) => release?.step?.index === 1);
  await sleep(800);
  await jumpUnder(hourMs);
  const jumped = await world.app();
  assert.ok(
    Math.abs((await eventAt(world)) - (performance.timeOrigin + performance.now() + hourMs)) < 60_000,
    'its clock has jumped',
  );
  assert.equal(jumped.release?.status, 'stepping', 'a release that waits goes on to wait');
  assert.deepEqual(pids(jumped), pids(waiting), 'no instance was started again');
  await world.client.command('shop', 'promote', {});
  const promoted = await world.promoted('v2');
  // Forth and back in the window of a rollback, which is still one routing change.
  for (const ms of [2 * hourMs, 0]) {
    await jumpUnder(ms);
    const app = await world.app();
    assert.equal(app.release?.status, 'promoted', 'the window of a rollback is as long as it was');
    assert.deepEqual(pids(app), pids(promoted), 'no instance was started again');
  }
  await world.client.command('shop', 'rollback', {});
  const back = await world.reaches('v2 rolled back', ({ release }) => release?.status === 'rolled-back');
  assert.equal(back.version, 'v1');
  // Further back, over a restart of the control plane, and forth again in a release: its tests ask by links that expire.
  jump(-hourMs);
  await world.kill();
  await world.up([], clockEnvironment(clock));
  await world.deploy('v3');
  await world.promoted('v3');
  jump(hourMs);
  await world.deploy('v4');
  await world.promoted('v4');
  await stepsByStep(world, settings, jumpUnder);
  const report = await load.stop();
  nothingLost(report, 500);
  assert.deepEqual(Object.keys(report.versions).toSorted(), ['v1', 'v2', 'v3', 'v4', 'v5']);
  const order = (await world.events()).map(({ seq }) => seq);
  assert.deepEqual(
    order,
    order.toSorted((one, two) => one - two),
    'history is in the order in which it happened',
  );
}

/** Steps that end by time alone, and one that expires: none of them does so because the clock is set, in either direction. */
async function stepsByStep(
  world: World,
  settings: Settings,
  jumpUnder: (ms: number) => Promise<void>,
): Promise<void> {
  const steps = '[{ expose: { percent: 50, for: 20m } }, { approve: { expires: 30m } }, { wait: 20m }]';
  await world.apply({ ...settings, release: { ...settings.release, steps } });
  await world.deploy('v5');
  for (const index of [1, 2, 3]) {
    const step = await world.reaches(`v5 at step ${index}`, ({ release }) => release?.step?.index === index);
    const { since, kind } = { since: step.release?.startedAt, kind: step.release?.step?.kind };
    for (const ms of [3 * hourMs, 2 * hourMs]) {
      await jumpUnder(ms);
      const { release } = await world.app();
      assert.equal(release?.status, 'stepping', `${kind}: nothing expires because the clock is set`);
      assert.equal(release.step?.index, index, `${kind}: no step ends because the clock is set`);
      const left = (release.step.endsAt ?? 0) - (Date.now() + ms);
      assert.ok(left > 15 * minuteMs && left <= 30 * minuteMs, `${kind}: it ends in ${left} ms`);
      assert.equal(release.startedAt, since, 'what has happened stays when it was');
    }
    if (kind === 'approve') await world.client.command('shop', 'approve', { step: index });
    else await world.client.command('shop', 'promote', {});
  }
  await world.promoted('v5');
}

const minuteMs = 60_000;

/** The newest event's time. @returns ms since the epoch, by Teal's clock */
async function eventAt(world: World): Promise<number> {
  await world.client.command('shop', 'pause', {});
  await world.client.command('shop', 'resume', {});
  return (await world.events()).at(-1)?.at ?? 0;
}

const pids = (app: AppStatus): readonly (number | null)[] =>
  [app.environments.blue, app.environments.green].flatMap((environment) =>
    (environment?.instances ?? []).map(({ pid }) => pid),
  );
