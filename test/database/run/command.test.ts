// A command of another tool, and the process that runs it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
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

/** What a process does with a command until it is killed; resolves when nothing of the command is left. */
async function killed(context: TestContext, command: string, then = ''): Promise<void> {
  const module = new URL('../../../src/database/run/command.ts', import.meta.url).href;
  const script = `const { runCommand } = await import('${module}');
    const stop = new AbortController();
    await runCommand({ command: '${command}', folder: '.', env: process.env, signal: stop.signal,
      line: (line) => { ${then}; process.stdout.write(line + '\\n'); } });`;
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
}

test('a command does not go on when the process that runs it is killed, or the next one would run it beside itself', async (context) => {
  await killed(context, 'echo $$; sleep 60; echo late');
});

test('nor does one that was asked to end before, and takes its time', async (context) => {
  await killed(context, 'trap "" TERM; echo $$; sleep 60; sleep 60', 'stop.abort()');
});

test('a command has no children but its own, so that it may wait for all of them', async () => {
  const all = `exec ${process.execPath} -e 'console.log(require("child_process").execFileSync("ps", ["-o", "ppid=", "-A"], { encoding: "utf8" }).split("\\n").filter((each) => Number(each) === process.pid).length)'`;
  const { code, output } = await runCommand({ ...about, command: all, line: () => undefined });
  // It has asked one for them.
  assert.deepEqual({ code, output }, { code: 0, output: '1\n' });
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
