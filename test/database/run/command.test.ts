// A command of another tool, and the process that runs it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../../src/database/run/command.ts';

const never = new AbortController().signal;
const about = { folder: import.meta.dirname, env: process.env, signal: never };

/** Does a process, or one of a group, still run? */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a command does not go on when the process that runs it is killed, or the next one would run it beside itself', async (context) => {
  const command = new URL('../../../src/database/run/command.ts', import.meta.url).href;
  const script = `const { runCommand } = await import('${command}');
    await runCommand({ command: 'echo $$; sleep 60; echo late', folder: '.', env: process.env,
      signal: new AbortController().signal, line: (line) => process.stdout.write(line + '\\n') });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  const [told] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(told.toString());
  context.after(() => isThere(-pid) && process.kill(-pid, 'SIGKILL'));
  assert(isThere(pid));
  child.kill('SIGKILL');
  for (const until = performance.now() + 20_000; isThere(-pid); await sleep(20))
    assert(performance.now() < until, 'it still runs');
});

test('a command is told with its output and its code, and what it leaves behind ends with it', async () => {
  const lines: string[] = [];
  const ended = await runCommand({
    ...about,
    command: 'echo "it\'s $0"; sleep 60 & echo $$ >&2; exit 3',
    line: (line) => lines.push(line),
  });
  assert.equal(ended.code, 3);
  const group = lines.find((line) => /^\d+$/.test(line));
  for (const until = performance.now() + 20_000; isThere(-Number(group)); await sleep(20))
    assert(performance.now() < until, 'something is left');
});
