import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { TealError } from '../../errors.ts';
import { entryPath } from './entry.ts';
import type { Listener } from './listen-handle.ts';
import { Member } from './member.ts';
import type { Message } from './rpc.ts';
import type { ListenerMessage, WantMessage, WorkerStart } from './worker.ts';

/** One worker, as its parent sees it. */
export class WorkerProcess extends Member {
  readonly startedAt: number = performance.now();
  /** Resolves when it accepts connections, or could; rejects when it could not, and has ended. */
  readonly started: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<void>();
  readonly #listeners: () => readonly Listener[];

  /** @param listeners those it accepts from, whenever it has room */
  constructor(start: WorkerStart, listeners: () => readonly Listener[], onExit: (how: string) => void) {
    super();
    this.#listeners = listeners;
    this.begins(start.table);
    this.#child = fork(entryPath('worker'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: Message | WantMessage) => {
      if ('want' in message) this.#give();
      else this.caller.receive(message);
    });
    const ended = (how: string): void => {
      this.dead = true;
      this.caller.fail(gone());
      this.#ended.resolve();
      onExit(how);
    };
    // Of one that never came to be, no exit is told.
    this.#child.on('error', ({ message }) => this.#child.pid === undefined && ended(message));
    this.#child.on('exit', (code, signal) => ended(signal ?? `code ${code ?? 0}`));
    this.#give();
    this.started = this.#start(start);
    this.started.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Gives it the listening sockets; resolves when it accepts from them. */
  async listen(): Promise<void> {
    this.#give();
    // Messages keep their order: it has the sockets when it is asked this.
    await this.call('listening', { listeners: this.#listeners().length });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  protected send(message: Message): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  async #start(start: WorkerStart): Promise<void> {
    try {
      await this.caller.call('start', start);
    } catch (error) {
      // Alive it would be of no use, and hold the place of one that is.
      this.kill();
      await this.#ended.promise;
      throw error;
    }
    this.acknowledged(start.table);
  }

  #give(): void {
    if (!this.#child.connected) return;
    for (const { handle, speech } of this.#listeners()) {
      const message: ListenerMessage = { listener: speech };
      this.#child.send(message, handle as never, { keepOpen: true }, () => {});
    }
  }
}

/** Not the caller's fault, and nothing to retry: the replacement starts with the newest table. */
function gone(): TealError {
  return new TealError('router-unavailable', 'a worker of the router ended', {
    remedy: 'It has been replaced; see router.log.',
  });
}
