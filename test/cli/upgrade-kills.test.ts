/** Control planes that are killed, or told to end, in the middle of an upgrade. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Status } from '../../src/control/contract.ts';
import { teal } from './cli.ts';
import { project } from './fake.ts';
import { status, up, waitFor } from './upping.ts';

const directory = await project(`router: {listen: 127.0.0.1:0}
apps:
  shop:
    run: {process: {command: ${process.execPath} server.js}}
    health: {path: /}
`);
after(async () => {
  await teal(directory, 'down');
  await rm(directory, { recursive: true });
});

/** This Teal, and before it something that happens to it when it is started to take over. */
async function program(name: string, first: string): Promise<string> {
  const folder = path.join(directory, name);
  await mkdir(path.join(folder, 'bin'), { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  const real = pathToFileURL(path.resolve('bin/teal.js')).href;
  await writeFile(
    path.join(folder, 'bin/teal.js'),
    `if (process.argv[2] === 'up') { ${first} }\nawait import(${JSON.stringify(real)});\n`,
  );
  return name;
}

test('whichever control plane is killed half way, one controls afterwards, and the next upgrade succeeds', async () => {
  const running = await up(directory);
  const before = await status(directory);
  const taking = await program(
    'taking',
    `let asked = null;
     process.on('message', ({ id, op }) => { if (op === 'take') asked = id; });
     const send = process.send.bind(process);
     process.send = (message, ...more) => {
       if (asked !== null && message.id === asked) process.kill(process.pid, 'SIGKILL');
       return send(message, ...more);
     };`,
  );
  // The socket's path is its own by then, and it cannot say so.
  const failed = await teal(directory, 'upgrade', '--to', taking);
  assert.equal(failed.code, 1);
  assert.match(failed.err, /SIGKILL/);
  await waitFor(async () => (await teal(directory, 'status')).code === 0);
  assert.equal((await status(directory)).pid, before.pid);
  // That one takes over, and is killed when it is told to make place.
  const leaving = await program(
    'leaving',
    `process.on('message', ({ op }) => { if (op === 'leave') process.kill(process.pid, 'SIGKILL'); });`,
  );
  assert.equal((await teal(directory, 'upgrade', '--to', leaving)).code, 0);
  await controlledByAnother(before.pid);
  const second = await status(directory);
  const done = await teal(directory, 'upgrade', '--wait', '--timeout', '60s');
  // It answers and is killed in the same moment: its answer may be cut off, and the upgrade goes on.
  if (done.code !== 0) assert.match(done.err, /stopped answering in the middle of a reply/);
  await controlledByAnother(before.pid, second.pid);
  const last = await status(directory);
  assert.ok(![before.pid, second.pid].includes(last.pid));
  assert.equal(running.child.exitCode, null);
  assert.equal((await teal(directory, 'down')).code, 0);
  assert.equal((await running.finished).code, 0);
});

test('told to end while it is upgraded, it ends: no other control plane begins, and the router serves on', async () => {
  const running = await up(directory);
  const marker = path.join(directory, 'prepares');
  const slow = await program(
    'slow',
    `const { writeFileSync } = await import('node:fs');
     process.on('message', ({ op }) => {
       if (op !== 'prepare') return;
       writeFileSync(${JSON.stringify(marker)}, '');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
     });`,
  );
  const asked = teal(directory, 'upgrade', '--to', slow);
  await waitFor(() => existsSync(marker));
  running.child.kill('SIGTERM');
  assert.equal((await running.finished).code, 0, running.said());
  assert.notEqual((await asked).code, 0);
  assert.notEqual((await teal(directory, 'status')).code, 0);
  const again = await up(directory);
  const { router, upgrade } = await status(directory);
  assert.ok(router !== null);
  assert.equal(upgrade, null);
  again.child.kill('SIGTERM');
  await again.finished;
});

/** Whoever asks in the middle of it may be cut off, since the one that is asked is killed. */
function controlledByAnother(...pids: readonly number[]): Promise<void> {
  return waitFor(async () => {
    const { code, out } = await teal(directory, 'status', '--json');
    return code === 0 && !pids.includes((JSON.parse(out) as Status).pid);
  });
}
