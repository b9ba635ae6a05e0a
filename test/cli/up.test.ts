import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { start, teal, until, type Running } from './cli.ts';
import { project } from './fake.ts';

const yaml = `router: {listen: 127.0.0.1:0}
apps:
  shop:
    run: {process: {command: ${process.execPath} server.js}}
    health: {path: /}
`;
const server = `require('node:http').createServer((_, r) => r.end('hi')).listen(process.env.PORT, '127.0.0.1');\n`;

const directory = await project(yaml);
after(async () => {
  // Whatever a failed test has left is found and stopped by another run.
  const last = await up();
  last.child.kill('SIGINT');
  await last.finished;
  await rm(directory, { recursive: true });
});

async function up(): Promise<Running> {
  const running = start(directory, ['up', '--json']);
  const gone = (): boolean => running.child.exitCode !== null;
  await until('teal is up', () => running.said().includes('"up"') || gone());
  assert.ok(!gone(), running.said());
  return running;
}

function url(running: Running): string {
  const line = running
    .said()
    .split('\n')
    .find((each) => each.startsWith('{"up"'));
  return (JSON.parse(line ?? '') as UpLine).up.urls[0] ?? '';
}

interface UpLine {
  readonly up: { readonly urls: readonly string[] };
}

const answers = (to: string): Promise<boolean> =>
  fetch(to).then(
    async (response) => (await response.text()) === 'hi',
    () => false,
  );

test('SIGTERM leaves the traffic served; the next up finds it, and Ctrl-C ends it all', async () => {
  await mkdir(path.join(directory, 'build'));
  await writeFile(path.join(directory, 'build', 'server.js'), server);
  const first = await up();
  const address = url(first);
  const deployed = await teal(
    directory,
    'deploy',
    'shop',
    'v1',
    '--from',
    'build',
    '--wait',
    '--timeout',
    '60s',
  );
  assert.equal(deployed.code, 0, deployed.err);
  assert.ok(await answers(address));
  first.child.kill('SIGTERM');
  assert.equal((await first.finished).code, 0);
  assert.ok(await answers(address), 'the router serves without a control plane');
  assert.equal((await teal(directory, 'status')).code, 1);
  const second = await up();
  assert.match((await teal(directory, 'status')).out, /live blue v1/);
  second.child.kill('SIGINT');
  assert.equal((await second.finished).code, 0);
  assert.equal(await answers(address), false);
});

test('down ends it from elsewhere, and returns when nothing runs any more', async () => {
  const running = await up();
  const address = url(running);
  const down = await teal(directory, 'down');
  assert.match(down.out, /Stopped[^]*Next +teal up/);
  assert.equal(await answers(address), false);
  assert.equal((await running.finished).code, 0);
});

test('down also stops what a control plane that has ended left serving', async () => {
  const running = await up();
  const address = url(running);
  running.child.kill('SIGKILL');
  await running.finished;
  const down = await teal(directory, 'down');
  assert.match(down.out, /Stopped[^]*Was left +the router/);
  assert.equal(await answers(address), false);
  const again = await teal(directory, 'down');
  assert.match(again.err, /code: control-unavailable/);
});
