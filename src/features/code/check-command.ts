import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** How a command ended. */
export interface CheckResult {
  readonly command: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote last. */
  readonly output: string;
}

/** Enough to see what failed; the whole was shown while it ran. */
const keptOutput = 64 * 1024;
/** Time to wind down for a command that is told to end, before it is killed. */
const graceMs = 5000;

/**
 * Runs the user's own check in a shell.
 * @param signal ends it, and everything it started
 * @param tell gets its output, line by line
 */
export function runCheck(
  command: string,
  where: { readonly folder: string; readonly signal: AbortSignal },
  tell: (line: string) => void,
): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    // In a group of its own: a signal then reaches all that the shell started, and nothing is left behind.
    const child = spawn(command, {
      shell: true,
      detached: true,
      cwd: where.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let force: NodeJS.Timeout | undefined;
    const stop = (): void => {
      kill(child.pid, 'SIGTERM');
      force = setTimeout(() => kill(child.pid, 'SIGKILL'), graceMs);
    };
    if (where.signal.aborted) stop();
    else where.signal.addEventListener('abort', stop, { once: true });
    const keep = (line: string): void => {
      output = `${output}${line}\n`.slice(-keptOutput);
      tell(line);
    };
    for (const stream of [child.stdout, child.stderr]) byLine(stream, keep);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(force);
      where.signal.removeEventListener('abort', stop);
      resolve({ command, code, signal, output });
    });
  });
}

function kill(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended by itself.
  }
}

function byLine(stream: Readable, tell: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell(line);
  });
  stream.on('end', () => {
    if (rest !== '') tell(rest);
  });
}
