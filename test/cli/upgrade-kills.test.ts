/** Control planes that are killed, or told to end, in the middle of an upgrade. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Status } from '../../src/control/contract.ts';
import { start, teal, type Running } from './cli.ts';
import { project } from './fake.ts';

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

async function up(): Promise<Running> {
  const running = start(directory, ['up', '--json']);
  await waitFor(() => running.said().includes('"up"') || running.child.exitCode !== null);
  assert.equal(running.child.exitCode, null, running.said());
  return running;
}

async function status(): Promise<Status> {
  const { code, out, err } = await teal(directory, 'status', '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as Status;
}

test('whichever control plane is killed half way, one controls afterwards, and the next upgrade succeeds', async () => {
  const running = await up();
  const before = await status();
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
  assert.equal((await status()).pid, before.pid);
  // That one takes over, and is killed when it is told to make place.
  const leaving = await program(
    'leaving',
    `process.on('message', ({ op }) => { if (op === 'leave') process.kill(process.pid, 'SIGKILL'); });`,
  );
  assert.equal((await teal(directory, 'upgrade', '--to', leaving)).code, 0);
  const second = await status();
  const done = await teal(directory, 'upgrade', '--wait', '--timeout', '60s');
  assert.equal(done.code, 0, done.err);
  const last = await status();
  assert.ok(![before.pid, second.pid].includes(last.pid));
  assert.equal(running.child.exitCode, null);
  assert.equal((await teal(directory, 'down')).code, 0);
  assert.equal((await running.finished).code, 0);
});

test('told to end while it is upgraded, it ends: no other control plane begins, and the router serves on', async () => {
  const running = await up();
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
  const again = await up();
  const { router, upgrade } = await status();
  assert.ok(router !== null);
  assert.equal(upgrade, null);
  again.child.kill('SIGTERM');
  await again.finished;
});

async function waitFor(holds: () => boolean | Promise<boolean>): Promise<void> {
  // Starting all of Teal takes a second, or twenty on a machine that is busy otherwise.
  const deadline = Date.now() + 90_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it never happened');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
