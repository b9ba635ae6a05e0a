import type { Readable, Writable } from 'node:stream';

/** What a renderer needs to know of where its lines go. */
export interface View {
  /** Columns. */
  readonly width: number;
  readonly colour: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Where a command writes: results on `out`, everything said along the way on `note`. */
export interface Terminal {
  readonly view: View;
  readonly noteView: View;
  /** A person can be asked: input and messages are on a terminal. */
  readonly interactive: boolean;
  /** Results are on a terminal that can be redrawn. */
  readonly live: boolean;
  /** Aborted when nobody reads the results any more (`| head`). */
  readonly closed: AbortSignal;
  out(text: string): void;
  note(text: string): void;
  /** Asks for one line; empty when the input ends. */
  ask(question: string): Promise<string>;
}

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @param plain `--no-color` was given */
export function openTerminal(streams: Streams, plain: boolean): Terminal {
  const { stdin, stdout, stderr, env } = streams;
  const closed = new AbortController();
  // A reader that has gone (EPIPE) ends the output, not the work; anything else on a standard stream has no better place to go.
  stdout.on('error', () => closed.abort());
  stderr.on('error', () => undefined);
  const view = (stream: Streams['stdout']): View => ({
    width: columns(stream, env),
    colour: colourful(stream, env, plain),
    now: Date.now(),
  });
  return {
    get view() {
      return view(stdout);
    },
    get noteView() {
      return view(stderr);
    },
    interactive: stdin.isTTY === true && stderr.isTTY === true && !env['CI'],
    live: stdout.isTTY === true && env['TERM'] !== 'dumb' && !env['CI'],
    closed: closed.signal,
    out: (text) => {
      if (!closed.signal.aborted) stdout.write(`${text}\n`);
    },
    note: (text) => void stderr.write(`${text}\n`),
    ask: async (question) => {
      const { createInterface } = await import('node:readline/promises');
      const lines = createInterface({ input: stdin, output: stderr });
      // Ctrl-D and Ctrl-C close without an answer, which `question` alone would wait for for ever.
      const none = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      try {
        return await Promise.race([lines.question(question), none]);
      } finally {
        lines.close();
      }
    },
  };
}

/** 80 where nobody knows; never narrower than what the shortest label needs. */
function columns(stream: Streams['stdout'], env: Streams['env']): number {
  const given = stream.columns ?? Number(env['COLUMNS']);
  return Number.isFinite(given) && given > 0 ? Math.max(20, given) : 80;
}

/** https://no-color.org and https://force-color.org: any non-empty value counts. */
function colourful(stream: Streams['stdout'], env: Streams['env'], plain: boolean): boolean {
  if (plain || env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
