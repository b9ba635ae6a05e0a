import type { ChildProcess } from 'node:child_process';
import type { RoutingTable } from '../table.ts';
import type { ErrorJson } from '../../errors.ts';
import { TealError } from '../../errors.ts';
import type { Inheritance, Prepared, RetiredMessage, ServeOrder, SocketMessage } from './inheritance.ts';
import { isCall } from './inheritance.ts';
import type { Listener } from './listen-handle.ts';
import type { HandOverRequest } from './options.ts';
import type { CallOptions, Handler, Message } from './rpc.ts';
import { Answerer, Caller } from './rpc.ts';
import { launchRouter, notStarted, startDeadlineMs } from './spawn.ts';

/** What it takes from prepared to serving: a few messages. All tables wait meanwhile, a rollback's too. */
const takeOverMs = 5_000;

/** The router process that shall take over, as the one sees it that has started it. */
export class Successor {
  readonly #child: ChildProcess;
  readonly #request: HandOverRequest;
  readonly #caller: Caller;
  readonly #answerer: Answerer;
  readonly #gone = Promise.withResolvers<void>();
  readonly #parted = Promise.withResolvers<void>();

  /** @param orders answers what it asks for, once it serves */
  constructor(request: HandOverRequest, orders: Handler) {
    this.#request = request;
    this.#child = launchRouter(request, request.options, ['succeed']);
    this.#caller = new Caller((message) => this.#send(message));
    this.#answerer = new Answerer((message) => this.#send(message), orders);
    this.#child.on('message', (message: Message | { readonly error: ErrorJson }) => {
      if (!('id' in message)) this.#caller.fail(TealError.from(message.error));
      else if (isCall(message)) this.#answerer.receive(message);
      else this.#caller.receive(message);
    });
    this.#child.on('error', (error) => this.#failed(error.message));
    this.#child.on('exit', (code, signal) =>
      this.#failed(`ended while taking over (${signal ?? `code ${code ?? 0}`})`),
    );
    this.#child.on('disconnect', () => {
      this.#answerer.close();
      this.#parted.resolve();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when nothing more is heard from it. */
  get parted(): Promise<void> {
    return this.#parted.promise;
  }

  /** Resolves when it could serve at once: program loaded, sockets held, workers started with the table. @throws TealError */
  async inherit(inheritance: Inheritance, listeners: readonly Listener[]): Promise<Prepared> {
    for (const { handle, speech, address } of listeners) {
      const message: SocketMessage = { listener: speech, address };
      if (this.#child.connected) this.#child.send(message, handle as never, { keepOpen: true }, () => {});
    }
    return (await this.#call('inherit', inheritance, startDeadlineMs)) as Prepared;
  }

  async bring(table: RoutingTable): Promise<void> {
    await this.#call('bring', { table }, takeOverMs);
  }

  /** From when it resolves, new connections and the control plane come to it, too. */
  async serve(order: ServeOrder): Promise<void> {
    await this.#call('serve', order, takeOverMs);
  }

  /** Its workers end with it. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone.promise;
  }

  /** The last word. Resolves when it is on its way. */
  sayGoodbye(message: RetiredMessage): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.connected) this.#child.send(message, () => resolve());
      else resolve();
    });
  }

  async #call(op: string, args: unknown, ms: number, options: CallOptions = {}): Promise<unknown> {
    const late = AbortSignal.timeout(ms);
    try {
      return await this.#caller.call(op, args, { ...options, signal: late });
    } catch (error) {
      if (late.aborted) throw notStarted(this.#request.options, `did not take over within ${ms / 1000} s`);
      throw error;
    }
  }

  #failed(how: string): void {
    this.#gone.resolve();
    this.#caller.fail(notStarted(this.#request.options, how));
  }

  #send(message: Message): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
