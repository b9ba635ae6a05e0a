import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Status } from '../../src/control/contract.ts';
import { bindListener, boundAddress } from '../../src/router/embedded/listen-handle.ts';
import { teal } from './cli.ts';
import { project } from './fake.ts';
import { alive, waitFor } from './upping.ts';

const handle = await bindListener({ host: '127.0.0.1', port: 0 });
const { port } = boundAddress(handle);
const { fd } = handle as unknown as { readonly fd: number };
const directory = await project(`router: {listen: 127.0.0.1:${port}}
apps:
  shop:
    run: {process: {command: ${process.execPath} server.js}}
    health: {path: /}
`);
after(async () => {
  await teal(directory, 'down');
  handle.close();
  await rm(directory, { recursive: true });
});

/** Listens on what it was given, and ends: the kernel queues what comes, and nobody accepts it. As systemd does. */
const listener = `process.exit(require('net')._createServerHandle(null, null, null, 3).listen(16))`;

test('a service manager passes the sockets, is told when it is up, and keeps what waits in their queues', async () => {
  const listens = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'inherit', 'inherit', fd] });
  assert.equal(await new Promise((resolve) => listens.on('exit', resolve)), 0);
  // Before there is any Teal: it waits in the queue.
  const early = fetch(`http://127.0.0.1:${port}/`);
  const told = path.join(directory, 'told');
  const bin = path.join(directory, 'manager');
  await mkdir(bin);
  await writeFile(path.join(bin, 'systemd-notify'), `#!/bin/sh\necho "$@" >> ${told}\n`);
  await chmod(path.join(bin, 'systemd-notify'), 0o755);
  const manage = () =>
    spawn(
      '/bin/sh',
      [
        '-c',
        `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`,
        'sh',
        process.execPath,
        path.resolve('bin/teal.js'),
        'up',
      ],
      {
        cwd: directory,
        stdio: ['ignore', 'ignore', 'inherit', fd],
        env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, NOTIFY_SOCKET: '/nowhere' },
      },
    );
  const said = (): Promise<string> => readFile(told, 'utf8').catch(() => '');
  const service = manage();
  assert.equal((await early).status, 503, 'no version is live yet, and Teal says so');
  await waitFor(async () => (await said()).includes('READY=1'));
  const done = await teal(directory, 'upgrade', '--wait');
  assert.equal(done.code, 0, done.err);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 503);
  await waitFor(async () => /RELOADING=1[^]*READY=1/.test(await said()));
  // Its first process dies: the control plane that it had started makes place for the next one.
  const { pid } = JSON.parse((await teal(directory, 'status', '--json')).out) as Status;
  service.kill('SIGKILL');
  await waitFor(() => !alive(pid));
  const next = manage();
  const ended = new Promise((resolve) => next.on('exit', resolve));
  await waitFor(async () => (await teal(directory, 'status')).code === 0);
  assert.equal((await teal(directory, 'down')).code, 0);
  await ended;
  // It is the manager's socket: what comes now waits for the next Teal.
  const late = fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(300) });
  await assert.rejects(late, { name: 'TimeoutError' });
});
