import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { EventView, Status } from '../../src/control/contract.ts';
import { environment, type Home } from './home.ts';
import type { Screen } from './screen.ts';

const bin = fileURLToPath(new URL('../../bin/teal.js', import.meta.url));
const upMs = 30_000;
/** Far longer than the drain of the demo; then it is told once more, which makes it end by force. */
const downMs = 15_000;

/** The `teal` command, typed as a person would, its output shown as it comes. */
export class Teal {
  readonly #home: Home;
  readonly #screen: Screen;
  readonly #signal: AbortSignal;
  #up: ChildProcess | null = null;
  #told: Promise<void> = Promise.resolve();
  #said = '';
  /** Whether what `teal up` says is shown now: its first block and its last words, not each event a second time. */
  #listening = true;
  #interrupts = 0;

  /** @param signal ends the commands that run; `down` still works after it */
  constructor(home: Home, screen: Screen, signal: AbortSignal) {
    this.#home = home;
    this.#screen = screen;
    this.#signal = signal;
  }

  /** Starts `teal up` and resolves with the URL of the shop once it can be told what to do. */
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
    if (url === undefined) throw new Error(`teal status names no URL of the shop:\n${this.#said}`);
    return url;
  }

  /** Runs a command that has to succeed, and shows it. @returns what it printed as its result */
  async run(...args: readonly string[]): Promise<string> {
    this.#screen.command(`teal ${args.join(' ')}`);
    const child = this.#start(...args);
    let result = '';
    child.stdout?.on('data', (chunk: string) => (result += chunk));
    const shown = show(child, (line) => this.#screen.output(line));
    await this.#succeeds(child, args, shown);
    return stripVTControlCharacters(result);
  }

  /** Runs a command with --json, without showing it. */
  async ask<T>(...args: readonly string[]): Promise<T> {
    const child = this.#start(...args, '--json');
    let result = '';
    child.stdout?.on('data', (chunk: string) => (result += chunk));
    await this.#succeeds(child, args);
    return JSON.parse(result) as T;
  }

  /** All that has happened, oldest first. */
  async history(): Promise<readonly EventView[]> {
    const events = await this.ask<readonly EventView[]>('history', 'shop', '--limit', '500');
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
    throw new Error(`teal up did not end; what it ran may be left, see ${this.#home.folder}\n${this.#said}`);
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
      cwd: this.#home.folder,
      env: environment(this.#screen),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdout?.setEncoding('utf8');
    child.stderr?.setEncoding('utf8');
    return child;
  }

  async #succeeds(child: ChildProcess, args: readonly string[], shown?: Promise<void>): Promise<void> {
    let complaint = '';
    child.stderr?.on('data', (chunk: string) => (complaint += chunk));
    const kill = (): void => void child.kill('SIGKILL');
    this.#signal.addEventListener('abort', kill);
    const [code] = (await once(child, 'close')) as [number | null];
    this.#signal.removeEventListener('abort', kill);
    await shown;
    this.#signal.throwIfAborted();
    if (code !== 0) throw new Error(`teal ${args.join(' ')} ended with ${code}:\n${complaint}${this.#said}`);
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
