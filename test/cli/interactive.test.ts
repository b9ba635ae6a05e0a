import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { runCli } from '../../src/cli/run.ts';
import { start, until } from './cli.ts';
import { app, FakeControl } from './fake.ts';

let fake: FakeControl;
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as if on a terminal, with what is typed there. */
async function onTerminal(argv: readonly string[], typed: string | null, columns = 80): Promise<Said> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns });
  let err = '';
  stderr.on('data', (chunk) => {
    err += String(chunk);
    if (!String(chunk).includes('Type shop')) return;
    if (typed === null) stdin.end();
    else stdin.write(`${typed}\n`);
  });
  const code = await runCli(argv, { stdin, stdout, stderr, env: { NO_COLOR: '1' }, cwd: fake.directory });
  return { code, out: String(stdout.read() ?? ''), err };
}

const removed = (): boolean => fake.calls.some(({ path }) => path.endsWith('/remove'));

test('remove shows what would be stopped, and does it only when the name is typed', async () => {
  const wrong = await onTerminal(['remove', 'shop'], 'shpo');
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /shop {2}live blue v41/);
  assert.equal(wrong.out, 'Kept shop.\n');
  const silent = await onTerminal(['remove', 'shop'], null);
  assert.equal(silent.out, 'Kept shop.\n');
  assert.equal(removed(), false);
  const right = await onTerminal(['remove', 'shop'], 'shop');
  assert.equal(right.code, 0);
  assert.equal(removed(), true);
});

test('rollback asks nothing', async () => {
  const { code, err } = await onTerminal(['rollback', 'shop'], null);
  assert.equal(code, 0);
  assert.equal(err, '');
});

test('a proof that names another app is refused', async () => {
  const { code, err } = await onTerminal(['remove', 'shop', '--yes-remove', 'blog'], null);
  assert.equal(code, 2);
  assert.match(err, /teal remove shop --yes-remove shop/);
});

test('nothing is wider than a narrow terminal but what has to be copied', async () => {
  fake.apps = [
    app(),
    app({ app: 'blog', maintenance: { message: 'We are back in a few minutes, have a coffee' } }),
  ];
  const { out } = await onTerminal(['status'], null, 40);
  for (const line of out.split('\n')) assert.ok(line.length <= 41, line);
  fake.apps = [app()];
});

test('the first Ctrl-C ends a proof with its report and its command, the second at once', async (t) => {
  const server = createServer((_, response) => response.end());
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const polite = start(os.tmpdir(), ['prove', url, '--rps', '20', '--during', 'echo begun; sleep 60']);
  await until('the command has begun', () => polite.said().includes('  begun'));
  polite.child.kill('SIGINT');
  const { code, out } = await polite.finished;
  assert.equal(code, 130);
  assert.match(out, /Command failed[^]*Failed +0/);
  const deaf = start(os.tmpdir(), [
    'prove',
    url,
    '--rps',
    '20',
    '--during',
    "trap '' INT; echo $$ begun; sleep 60",
  ]);
  await until('the command has begun', () => /\d+ begun/.test(deaf.said()));
  const pid = Number(/(\d+) begun/.exec(deaf.said())?.[1]);
  deaf.child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 100));
  deaf.child.kill('SIGINT');
  assert.equal((await deaf.finished).code, 130);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'nothing is left behind');
});
