import { spawn, type ChildProcess } from 'node:child_process';
import { TealError } from '../../errors.ts';
import type { Program } from '../../router/embedded/options.ts';
import { passingOn } from '../../router/embedded/passed-sockets.ts';
import { Answerer, Caller, type Handler, type Message } from '../../router/embedded/rpc.ts';
import type { UpgradeView } from './contract.ts';
import type { Handed, Incumbent, StopHow } from './incumbent.ts';

/** What tells a `teal up` that it was started to take over; its IPC channel is how. */
export const succeedsVariable = 'TEAL_SUCCEEDS';

/** Node and all of the control plane's code; the second also finds router and instances, and reads the event log. */
const prepareMs = 30_000;
const beginMs = 60_000;
/** Beyond what it waits for by itself. */
const leaveMs = 30_000;

export interface NextOptions {
  readonly node: string;
  readonly program: string;
  /** After `up`. */
  readonly args: readonly string[];
  /** Answers what it asks for. */
  readonly handler: Handler;
}

/** A control plane in a process of its own, that this one has started. */
export class NextProcess implements Incumbent {
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #caller: Caller;

  constructor({ node, program, args, handler }: NextOptions) {
    // In a session of its own, so that Ctrl-C comes to it once: from here.
    const passed = passingOn();
    this.#child = spawn(node, [program, 'up', ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...passed.stdio],
      detached: true,
      env: { ...process.env, ...passed.env, [succeedsVariable]: '1' },
    });
    this.#caller = new Caller((message) => this.#send(message));
    const answerer = new Answerer((message) => this.#send(message), handler);
    this.#child.on('message', (message: Message) => {
      if ('op' in message || 'cancel' in message) answerer.receive(message);
      else this.#caller.receive(message);
    });
    const gone = Promise.withResolvers<string>();
    this.#child.on('error', (error) => gone.resolve(`could not be started: ${error.message}`));
    this.#child.on('exit', (code, signal) => gone.resolve(`ended by ${signal ?? `code ${code ?? 0}`}`));
    this.ended = gone.promise.then((how) => {
      const error = endedBy(how);
      this.#caller.fail(error);
      answerer.close();
      if (how !== orderly) throw error;
    });
    this.ended.catch(() => {});
  }

  /** Loads its program and teal.yaml; nothing is touched. @throws TealError what it said */
  async prepare(data: string): Promise<void> {
    await this.#call('prepare', { data }, prepareMs);
  }

  /** From now on whoever asks Teal something waits for it to begin. */
  async take(): Promise<void> {
    await this.#call('take', {}, leaveMs);
  }

  /** Resolves when it controls. @throws TealError what it said */
  async begin(): Promise<void> {
    await this.#call('begin', {}, beginMs);
  }

  async handOver(program: Program, drainMs: number | null): Promise<Handed> {
    return (await this.#caller.call('hand-over', { program, drainMs })) as Handed;
  }

  async leave(): Promise<void> {
    await this.#call('leave', {}, leaveMs);
  }

  async back(): Promise<void> {
    await this.#call('back', {}, beginMs);
  }

  note(view: UpgradeView): void {
    this.#caller.call('note', view).catch(() => {});
  }

  async stop({ everything, signal }: StopHow): Promise<void> {
    const force = (): void => void this.#child.kill('SIGINT');
    signal?.addEventListener('abort', force, { once: true });
    this.#caller.call('stop', { everything }).catch(() => {});
    try {
      await this.ended;
    } finally {
      signal?.removeEventListener('abort', force);
    }
  }

  /** It has left, and has nothing more to do. Resolves when it is gone. */
  async dismiss(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const late = setTimeout(() => this.kill(), leaveMs);
    await this.ended.catch(() => {});
    clearTimeout(late);
  }

  /** Resolves when it is gone, and holds nothing any more. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended.catch(() => {});
  }

  async #call(op: string, args: unknown, ms: number): Promise<unknown> {
    const late = AbortSignal.timeout(ms);
    try {
      return await this.#caller.call(op, args, { signal: late });
    } catch (error) {
      if (late.aborted) throw endedBy(`gave no answer for ${ms / 1000} s`);
      throw error;
    }
  }

  #send(message: Message): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

const orderly = 'ended by code 0';

function endedBy(how: string): TealError {
  return new TealError('upgrade-failed', `the new control plane ${how}`, {
    remedy: 'See what it wrote where teal up runs.',
    details: { how },
  });
}
