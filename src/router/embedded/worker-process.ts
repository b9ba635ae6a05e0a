import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { TealError } from '../../errors.ts';
import type { RoutingTable } from '../table.ts';
import { entryPath } from './entry.ts';
import type { Listener } from './listen-handle.ts';
import type { CallOptions, Message } from './rpc.ts';
import { Caller } from './rpc.ts';
import type { ListenerMessage, WantMessage, WorkerStart } from './worker.ts';

/** One worker, as its parent sees it. */
export class WorkerProcess {
  readonly startedAt: number = performance.now();
  /** Resolves when it accepts connections; rejects when it ended before. */
  readonly started: Promise<void>;
  /** Of the table it has acknowledged; -1 until it runs, 0 when it has none. */
  generation = -1;
  dead = false;
  readonly #child: ChildProcess;
  readonly #caller: Caller;
  #prepared = -1;

  constructor(start: WorkerStart, listeners: readonly Listener[], onExit: (how: string) => void) {
    this.#child = fork(entryPath('worker'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#caller = new Caller((message) => this.#send(message));
    this.#child.on('message', (message: Message | WantMessage) => {
      if ('want' in message) this.#give(listeners);
      else this.#caller.receive(message);
    });
    this.#child.on('error', () => {});
    this.#child.on('exit', (code, signal) => {
      this.dead = true;
      this.#caller.fail(gone());
      onExit(signal ?? `code ${code ?? 0}`);
    });
    this.#give(listeners);
    this.started = this.#start(start);
    this.started.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async call(op: string, args: unknown, options?: CallOptions): Promise<unknown> {
    await this.started;
    return this.#caller.call(op, args, options);
  }

  async prepare(table: RoutingTable): Promise<void> {
    await this.call('prepare', { table });
    this.#prepared = table.generation;
  }

  /** Puts the table in force on this worker, whatever it had before. */
  async bring(table: RoutingTable): Promise<void> {
    await this.started;
    if (this.generation === table.generation) return;
    if (this.#prepared !== table.generation) await this.prepare(table);
    await this.call('commit', { generation: table.generation });
    this.generation = table.generation;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #start(start: WorkerStart): Promise<void> {
    await this.#caller.call('start', start);
    this.generation = start.table?.generation ?? 0;
  }

  #give(listeners: readonly Listener[]): void {
    if (!this.#child.connected) return;
    for (const { handle, speech } of listeners) {
      const message: ListenerMessage = { listener: speech };
      this.#child.send(message, handle as never, { keepOpen: true }, () => {});
    }
  }

  #send(message: Message): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

/** Not the caller's fault, and nothing to retry: the replacement starts with the newest table. */
function gone(): TealError {
  return new TealError('router-unavailable', 'a worker of the router ended', {
    remedy: 'It has been replaced; see router.log.',
  });
}
