import { spawn } from 'node:child_process';
import { Duplex, type Readable } from 'node:stream';

/** Enough to see what failed; the whole was told while it ran. */
const keptOutput = 16 * 1024;
/** Time to take its transaction back, before it is killed. */
const graceMs = 10_000;

/** What a command leaves behind may hold its output open; nobody waits for that. */
const outputMs = 1000;

/**
 * Ends the whole group when this process is gone, however it went: fd 3 then ends without a line. Else the command would go on beside the
 * same one, which the next process runs again, and other tools need not stand that. Who watches stays when the group is asked to end, for as
 * long as the command takes; and it is nobody's child: a command that waits for all of its own would wait for it, too.
 */
const tied =
  '( ( trap "" HUP INT TERM; read -r _ <&3 || kill -KILL -$$ ) >/dev/null 2>&1 & ); exec 3<&-; exec /bin/sh -c "$1"';

export interface Command {
  /** For a shell. */
  readonly command: string;
  readonly folder: string;
  /** All that it has. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks it to end, with all that it has started; who does not is killed. */
  readonly signal: AbortSignal;
  readonly line: (line: string) => void;
}

export interface Ended {
  /** Null: it was killed, or could not be started. */
  readonly code: number | null;
  /** The end of what it printed. */
  readonly output: string;
}

/** Runs a command of another migration tool; resolves when it has ended, however it has; what it leaves behind in its group is asked to end, too. */
export function runCommand({ command, folder, env, signal, line }: Command): Promise<Ended> {
  return new Promise((resolve) => {
    // In a group of its own: a signal then reaches all that the shell started, and nothing is left behind.
    const child = spawn('/bin/sh', ['-c', tied, 'teal', command], {
      detached: true,
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    let output = '';
    let force: NodeJS.Timeout | undefined;
    let deaf: NodeJS.Timeout | undefined;
    const stop = (): void => {
      end(child.pid, 'SIGTERM');
      force = setTimeout(() => end(child.pid, 'SIGKILL'), graceMs);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    const keep = (text: string): void => {
      output = endOf(`${output}${text}\n`);
      line(text);
    };
    const over = (code: number | null): void => {
      clearTimeout(force);
      clearTimeout(deaf);
      signal.removeEventListener('abort', stop);
      resolve({ code, output });
    };
    const tie = child.stdio[3] instanceof Duplex ? child.stdio[3] : null;
    // Who watches may have been killed with the rest.
    tie?.on('error', () => undefined);
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) byLine(stream, keep);
    child.on('error', ({ message }) => {
      keep(message);
      if (child.pid === undefined) over(null);
    });
    child.on('exit', () => {
      end(child.pid, 'SIGTERM');
      tie?.end('\n');
      deaf = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
      }, outputMs);
    });
    child.on('close', over);
  });
}

/** Whole lines, as far as there is more than one: of half a secret nobody knows that it is one. */
function endOf(text: string): string {
  if (text.length <= keptOutput) return text;
  const cut = text.slice(-keptOutput);
  const begin = cut.indexOf('\n') + 1;
  return begin === cut.length ? cut : cut.slice(begin);
}

function end(group: number | undefined, signal: NodeJS.Signals): void {
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
