import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { EventView, Status } from '../../src/control/contract.ts';
import type { Screen } from './screen.ts';

const bin = fileURLToPath(new URL('../../bin/teal.js', import.meta.url));
const upMs = 30_000;
/** For a command to end after its Ctrl-C. */
const windUpMs = 5000;
/** Far longer than the drain of the demo; then it is told once more, which makes it end by force. */
const downMs = 15_000;

/** The `teal` command, typed as a person would, its output shown as it comes. */
export class Teal {
  readonly #folder: string;
  readonly #screen: Screen;
  readonly #signal: AbortSignal;
  readonly #environment: NodeJS.ProcessEnv;
  #up: ChildProcess | null = null;
  #told: Promise<void> = Promise.resolve();
  #said = '';
  /** Whether what `teal up` says is shown now: its first block and its last words, not each event a second time. */
  #listening = true;
  #interrupts = 0;

  /** @param options.folder where teal.yaml is; `signal` ends the commands that run, and `down` still works after it */
  constructor(options: { readonly folder: string; readonly screen: Screen; readonly signal: AbortSignal }) {
    this.#folder = options.folder;
    this.#screen = options.screen;
    this.#signal = options.signal;
    this.#environment = environment(options.folder, options.screen);
  }

  /** Starts `teal up` and resolves with the URL of its app once it can be told what to do. */
  async up(): Promise<string> {
    this.#signal.throwIfAborted();
    this.#screen.command('teal up');
    const up = this.#start('up');
    this.#up = up;
    const ready = Promise.withResolvers<void>();
    this.#told = show(up, (line) => {
      this.#said = `${this.#said}${line}\n`.slice(-4000);
      if (this.#listening) this.#screen.output(line);
      if (!stripVTControlCharacters(line).startsWith('  Next')) return;
      this.#listening = false;
      ready.resolve();
    });
    const ended = once(up, 'exit').then(() => this.#told);
    const late = sleep(upMs, undefined, { signal: this.#signal, ref: false });
    await Promise.race([ready.promise, ended.then(() => this.#notUp()), late.then(() => this.#notUp())]);
    const [app] = (await this.ask<Status>('status')).apps;
    const [url] = app?.urls ?? [];
    if (url === undefined) throw new Error(`teal status names no URL:\n${this.#said}`);
    return url;
  }

  /** Runs a command that has to succeed, and shows it. @returns what it printed as its result */
  async run(...args: readonly string[]): Promise<string> {
    this.#screen.command(['teal', ...args.map(quoted)].join(' '));
    const child = this.#start(...args);
    let result = '';
    child.stdout?.on('data', (chunk: string) => (result += chunk));
    const shown = show(child, (line) => this.#screen.output(line));
    await this.#ends(child, args, { code: 0, shown });
    return stripVTControlCharacters(result);
  }

  /** Runs a command that has to fail, as that of a release which went back, and shows it. */
  async fails(...args: readonly string[]): Promise<void> {
    this.#screen.command(['teal', ...args.map(quoted)].join(' '));
    const child = this.#start(...args);
    await this.#ends(child, args, { code: 1, shown: show(child, (line) => this.#screen.output(line)) });
  }

  /** Runs a command with --json, without showing it. */
  async ask<T>(...args: readonly string[]): Promise<T> {
    const child = this.#start(...args, '--json');
    let result = '';
    child.stdout?.on('data', (chunk: string) => (result += chunk));
    await this.#ends(child, args, { code: 0 });
    return JSON.parse(result) as T;
  }

  /** All that has happened, oldest first. */
  async history(app = 'shop'): Promise<readonly EventView[]> {
    const events = await this.ask<readonly EventView[]>('history', app, '--limit', '500');
    return events.toSorted((one, two) => one.seq - two.seq);
  }

  /** Ctrl-C for `teal up`: resolves when it, the router and every instance have gone. @throws Error when it hangs */
  async down(): Promise<void> {
    const up = this.#up;
    if (up === null || up.exitCode !== null || up.signalCode !== null) return;
    this.#listening = true;
    const exit = once(up, 'exit').then(() => this.#told);
    for (const signal of ['SIGINT', 'SIGINT', 'SIGKILL'] as const) {
      if (signal === 'SIGINT') this.hurry();
      else up.kill(signal);
      const gone = await Promise.race([exit.then(() => true), sleep(downMs, false, { ref: false })]);
      if (gone && signal !== 'SIGKILL') return;
    }
    throw new Error(`teal up did not end; what it ran may be left, see ${this.#folder}\n${this.#said}`);
  }

  /** A Ctrl-C for `teal up`: the second makes it hurry. A third, which would leave the rest behind, is never sent. */
  hurry(): void {
    this.#interrupts += 1;
    if (this.#interrupts <= 2) this.#up?.kill('SIGINT');
  }

  /** In a process group of its own: a Ctrl-C in the terminal is for the demo, which winds up in its order. */
  #start(...args: readonly string[]): ChildProcess {
    this.#signal.throwIfAborted();
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdout?.setEncoding('utf8');
    child.stderr?.setEncoding('utf8');
    return child;
  }

  async #ends(
    child: ChildProcess,
    args: readonly string[],
    { code: wanted, shown }: { readonly code: number; readonly shown?: Promise<void> },
  ): Promise<void> {
    let complaint = '';
    child.stderr?.on('data', (chunk: string) => (complaint += chunk));
    // As by Ctrl-C, so that a command can end what it has started itself.
    const kill = (): void => {
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGKILL'), windUpMs).unref();
    };
    this.#signal.addEventListener('abort', kill);
    const [code] = (await once(child, 'close')) as [number | null];
    this.#signal.removeEventListener('abort', kill);
    await shown;
    this.#signal.throwIfAborted();
    if (code !== wanted)
      throw new Error(`teal ${args.join(' ')} ended with ${code}:\n${complaint}${this.#said}`);
  }

  #notUp(): never {
    this.#signal.throwIfAborted();
    throw new Error(`teal up did not come up:\n${this.#said}`);
  }
}

/** Resolves when everything that the command says has been passed on. */
async function show(child: ChildProcess, line: (line: string) => void): Promise<void> {
  await Promise.all([lines(child.stderr, line), lines(child.stdout, line)]);
}

async function lines(stream: NodeJS.ReadableStream | null, each: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of stream ?? []) {
    const found = (rest + String(chunk)).split('\n');
    rest = found.pop() ?? '';
    found.forEach(each);
  }
  if (rest !== '') each(rest);
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);

/**
 * What the commands are started with: `teal` is the one of this checkout, and `node` the one that runs this script,
 * whatever else is on the path.
 */
function environment(
  folder: string,
  view: { readonly colour: boolean; readonly width: number },
): NodeJS.ProcessEnv {
  const { TEAL_CONFIG: _, NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  const shims = join(folder, 'bin');
  mkdirSync(shims);
  writeFileSync(join(shims, 'teal'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, {
    mode: 0o755,
  });
  return {
    ...env,
    PATH: [shims, dirname(process.execPath), env['PATH'] ?? ''].join(delimiter),
    COLUMNS: String(view.width),
    ...(view.colour ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }),
  };
}
