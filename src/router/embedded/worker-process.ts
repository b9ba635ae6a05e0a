import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { TealError } from '../../errors.ts';
import type { RoutingTable } from '../table.ts';
import { deltaOf } from './delta.ts';
import { entryPath } from './entry.ts';
import type { Listener } from './listen-handle.ts';
import type { CallOptions, Message } from './rpc.ts';
import { Caller } from './rpc.ts';
import type { ListenerMessage, Preparation, WantMessage, WorkerStart } from './worker.ts';

/** One worker, as its parent sees it. */
export class WorkerProcess {
  readonly startedAt: number = performance.now();
  /** Resolves when it accepts connections; rejects when it could not, and has ended. */
  readonly started: Promise<void>;
  dead = false;
  readonly #child: ChildProcess;
  readonly #caller: Caller;
  readonly #ended = Promise.withResolvers<void>();
  /** That it has acknowledged; undefined until it runs, null when it has none. */
  #table: RoutingTable | null | undefined;
  #prepared: RoutingTable | null = null;
  /** The last one that it has compiled: the next one is told as a change of it. */
  #known: RoutingTable | null;

  constructor(start: WorkerStart, listeners: readonly Listener[], onExit: (how: string) => void) {
    this.#known = start.table;
    this.#child = fork(entryPath('worker'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#caller = new Caller((message) => this.#send(message));
    this.#child.on('message', (message: Message | WantMessage) => {
      if ('want' in message) this.#give(listeners);
      else this.#caller.receive(message);
    });
    const ended = (how: string): void => {
      this.dead = true;
      this.#caller.fail(gone());
      this.#ended.resolve();
      onExit(how);
    };
    // Of one that never came to be, no exit is told.
    this.#child.on('error', ({ message }) => this.#child.pid === undefined && ended(message));
    this.#child.on('exit', (code, signal) => ended(signal ?? `code ${code ?? 0}`));
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
    const known = this.#known;
    const told: Preparation = known === null ? { table } : { delta: deltaOf(known, table) };
    await this.call('prepare', told);
    this.#known = table;
    this.#prepared = table;
  }

  /** Whether it has acknowledged just this table. */
  holds(table: RoutingTable): boolean {
    return this.#table === table;
  }

  /** Whatever it has acknowledged, it does not have it. */
  mistrust(): void {
    this.#table = undefined;
    this.#prepared = null;
    this.#known = null;
  }

  /** Puts the table in force on this worker, whatever it had before. @returns the generation that it then says it has */
  async bring(table: RoutingTable): Promise<number> {
    await this.started;
    const { generation } = table;
    if (this.holds(table)) return generation;
    if (this.#prepared !== table) await this.prepare(table);
    this.#prepared = null;
    const has = (await this.call('commit', { generation })) as number;
    if (has === generation) this.#table = table;
    return has;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #start(start: WorkerStart): Promise<void> {
    try {
      await this.#caller.call('start', start);
    } catch (error) {
      // Alive it would be of no use, and hold the place of one that is.
      this.kill();
      await this.#ended.promise;
      throw error;
    }
    this.#table = start.table;
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
