import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Status } from '../../src/control/contract.ts';
import { teal } from './cli.ts';
import { project } from './fake.ts';
import { alive, status, up, waitFor } from './upping.ts';

const yaml = `router: {listen: 127.0.0.1:0}
apps:
  shop:
    run: {process: {command: ${process.execPath} server.js}}
    health: {path: /}
`;

const directory = await project(yaml);
after(async () => {
  await teal(directory, 'down');
  await rm(directory, { recursive: true });
});

test('teal upgrade replaces control plane and router; the process of teal up stays, and still ends it all', async () => {
  const running = await up(directory);
  const before = await status(directory);
  assert.equal(before.pid, running.child.pid);
  await refused(before);
  for (let turn = 1; turn <= 2; turn++) {
    const was = await status(directory);
    const done = await teal(directory, 'upgrade', '--wait', '--timeout', '60s');
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /Upgraded[^]*Was open +nothing any more/);
    const now = await status(directory);
    assert.notEqual(now.pid, was.pid);
    assert.notEqual(now.router?.pid, was.router?.pid);
    assert.equal(now.router?.version, now.version);
    // The first is the process of teal up itself.
    if (turn === 2) await waitFor(() => !alive(was.pid));
  }
  assert.match(
    (await teal(directory, 'status')).out,
    /teal \d+\.\d+\.\d+ +process \d+ +router \d+\.\d+\.\d+/,
  );
  assert.equal(running.child.exitCode, null);
  const last = await status(directory);
  running.child.kill('SIGINT');
  assert.equal((await running.finished).code, 0);
  await waitFor(() => !alive(last.pid) && !alive(last.router?.pid ?? 0));
});

/** What is no Teal, or one that does not load: with what it said, and nothing else. */
async function refused(before: Status): Promise<void> {
  assert.match((await teal(directory, 'upgrade', '--to', 'nowhere')).err, /There is no Teal at/);
  await mkdir(path.join(directory, 'bad/bin'), { recursive: true });
  await writeFile(path.join(directory, 'bad/bin/teal.js'), 'throw new Error("half a download")');
  const bad = await teal(directory, 'upgrade', '--to', 'bad');
  assert.equal(bad.code, 1);
  assert.match(bad.err, /half a download[^]*code: upgrade-failed/);
  const file = path.join(directory, 'teal.yaml');
  await writeFile(file, `store: postgres://teal@db.internal/teal\n${yaml}`);
  assert.match((await teal(directory, 'upgrade')).err, /store is a database now[^]*code: config-invalid/);
  await writeFile(file, yaml);
  const now = await status(directory);
  assert.deepEqual([now.pid, now.router?.pid], [before.pid, before.router?.pid]);
  assert.match((await teal(directory, 'status')).out, /The upgrade failed: [^]*store is a database now/);
}
