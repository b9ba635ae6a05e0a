/** Kill -9 in the middle of writing: the event log is whole, versions are whole or not there, and it goes on. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppStatus } from '../../src/control/contract.ts';
import { nothingLost } from './counted.ts';
import { deathAt } from './killing/death.ts';
import { World } from './harness.ts';
import { until } from './until.ts';

const at = (kind: string, from: number, to: number, where = ''): readonly Moment[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [kind, from + index, where] as const);

type Moment = readonly [kind: string, nth: number, where: string];

/** Exact moments, by what is about to be changed on disk; then moments that no plan has thought of. */
const exact = [
  ...at('run', 1, 10),
  ...at('rename', 1, 5),
  // Between the files of a version and its record, whatever else is renamed meanwhile.
  ...at('rename', 1, 2, '/versions/shop/'),
  ...at('write', 1, 6),
  ...at('make', 3, 6),
  ...at('remove', 2, 5),
  ...at('exec', 4, 11),
];
const byChance = 10;

export async function L18(): Promise<void> {
  await using world = await World.live({ instances: 1, release: { 'rollback-window': '1500ms' } });
  const load = world.load({
    rps: 60,
    shapes: [{ weight: 3 }, { path: '/upload', method: 'POST', body: 'x'.repeat(2000) }],
  });
  await world.kill();
  let log = readLog(world);
  let struck = 0;
  for (const [kind, nth, where] of exact) {
    struck +=
      (await live(world, { env: deathAt(kind, nth, where), back: kind === 'run' || kind === 'exec' })) ===
      'died'
        ? 1
        : 0;
    log = await stillWhole(world, log, `killed before ${kind} ${nth} ${where}`);
  }
  for (let life = 0; life < byChance; life++) {
    const ms = 150 + Math.floor(Math.random() * 1200);
    await live(world, { atMostMs: ms, back: life % 2 === 1 });
    log = await stillWhole(world, log, `killed after ${ms} ms`);
  }
  // A life with less to write than the plan has it ends when it has nothing left to do.
  assert.ok(
    struck >= exact.length * 0.75,
    `only ${struck} of ${exact.length} kills were in the middle of something`,
  );
  await world.up();
  await world.reaches('rest', atRest);
  await changeSomething(world, false);
  const app = await world.reaches('rest', atRest);
  const report = await load.stop();
  nothingLost(report, 500);
  assert.ok(Object.keys(report.versions).length > 3, 'releases went on between the kills');
  assert.equal(app.version, await fetch(`${world.url}/version`).then((response) => response.text()));
  recordsOf(world, true);
}

interface Life {
  readonly env?: Readonly<Record<string, string>>;
  readonly atMostMs?: number;
  /** A rollback where that is instant; else always the next version, which Teal takes into its own store. */
  readonly back: boolean;
}

/** One life of a control plane: it finds what the last one left, finishes that, and does the next thing. */
async function live(world: World, { env = {}, atMostMs = 20_000, back }: Life): Promise<'died' | 'killed'> {
  const up = world.launch([], env);
  const late = AbortSignal.timeout(atMostMs);
  const over = (): boolean => late.aborted || up.child.exitCode !== null || up.child.signalCode !== null;
  const rest = async (): Promise<void> => {
    await until('rest', async () => over() || atRest(await world.app().catch(() => null)), {
      state: up.said,
    });
  };
  await rest();
  if (!over()) await changeSomething(world, back).catch(() => undefined);
  // Seen at work, not only asked: at least until it is decided and the first of it done.
  await rest();
  const how = up.child.signalCode === 'SIGKILL' ? 'died' : 'killed';
  await up.kill();
  assert.equal(up.child.exitCode, null, `teal up ended by itself: ${up.said()}`);
  return how;
}

let built = 1;

async function changeSomething(world: World, back: boolean): Promise<void> {
  const app = await world.app();
  if (back && app.rollback?.how === 'instant') {
    await world.client.command('shop', 'rollback', {});
    return;
  }
  built += 1;
  await world.deploy(`v${built}`, { from: await world.build(`v${built}`) });
}

const atRest = (app: AppStatus | null): boolean =>
  app?.release?.ended === true || (app?.release?.status === 'promoted' && app.release.drain !== null);

/** As it lies on disk, before any Teal has looked at it again. @returns the log */
async function stillWhole(world: World, before: readonly string[], when: string): Promise<readonly string[]> {
  const log = readLog(world);
  assert.ok(
    log.length >= before.length,
    `${when}: the log has shrunk from ${before.length} to ${log.length} events`,
  );
  assert.deepEqual(log.slice(0, before.length), before, `${when}: what had been written is not as it was`);
  recordsOf(world, false, when);
  const table = path.join(world.data, 'router', 'table.json');
  assert.doesNotThrow(
    () => JSON.parse(readFileSync(table, 'utf8')),
    `${when}: the routing table is not whole`,
  );
  await delay(10);
  return log;
}

/** Read from a copy, so that looking at it repairs nothing. */
function readLog(world: World): readonly string[] {
  const copy = mkdtempSync(path.join(world.folder, 'copy-'));
  for (const name of readdirSync(world.data).filter((each) => each.startsWith('teal.db')))
    cpSync(path.join(world.data, name), path.join(copy, name));
  const database = new DatabaseSync(path.join(copy, 'teal.db'));
  try {
    assert.equal(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0], 'ok');
    const rows = database.prepare('SELECT * FROM event ORDER BY seq').all();
    const streams = database.prepare('SELECT * FROM stream').all();
    for (const stream of streams) {
      const own = rows.filter((row) => row['stream'] === stream['name']);
      const numbers = own.map((row) => Number(row['version']));
      assert.deepEqual(
        numbers,
        own.map((_, index) => index + 1),
        'a stream has a hole',
      );
      assert.equal(Number(stream['version']), own.length, 'a stream says that it is longer than it is');
    }
    return rows.map((row) => JSON.stringify(row));
  } finally {
    database.close();
    rmSync(copy, { recursive: true });
  }
}

/** A version with a record is there to the last byte; when all is at rest, there is nothing without a record. */
function recordsOf(world: World, resting: boolean, when = 'at the end'): void {
  const folder = path.join(world.data, 'versions', 'shop');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const recorded = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
  for (const version of recorded) {
    const [is, was] = [path.join(folder, version), path.join(world.folder, 'versions', version)].map(bytesOf);
    assert.deepEqual(is, was, `${when}: version ${version} has a record, but is not whole`);
  }
  if (!resting) return;
  const folders = names.filter((name) => statSync(path.join(folder, name)).isDirectory());
  assert.deepEqual(folders.toSorted(), recorded.toSorted(), 'half a version was left behind');
}

function bytesOf(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file): [string, string] => [path.relative(folder, file), readFileSync(file, 'base64')])
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}
