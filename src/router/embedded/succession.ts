import type { Logger } from 'pino';
import type { RoutingTable } from '../table.ts';
import { TealError } from '../../errors.ts';
import type { Inheritance, Prepared, RetiredMessage, ServeOrder, SocketMessage } from './inheritance.ts';
import { handOverProtocol, isCall } from './inheritance.ts';
import type { ListenHandle, Speech } from './listen-handle.ts';
import { Predecessor } from './predecessor.ts';
import type { Handler, Message } from './rpc.ts';
import { Answerer, toTealError } from './rpc.ts';

/** A listening socket that was handed over. */
export interface InheritedSocket extends SocketMessage {
  readonly handle: ListenHandle;
}

/** What this process does when the one before says so. */
export interface Orders {
  bring(table: RoutingTable): Promise<void>;
  serve(order: ServeOrder): Promise<void>;
}

/** A router process that takes over from the one that has started it, as it sees that. */
export class Succession {
  readonly sockets: InheritedSocket[] = [];
  readonly #answerer: Answerer;
  readonly #told = Promise.withResolvers<Inheritance>();
  readonly #prepared = Promise.withResolvers<Prepared>();
  readonly #parent = process.ppid;
  #orders: Orders | null = null;
  #predecessor: Predecessor | null = null;

  constructor() {
    this.#prepared.promise.catch(() => {});
    this.#answerer = new Answerer(send, this.#answer);
    process.on('message', (message: Message | SocketMessage | RetiredMessage, handle: unknown) => {
      if ('listener' in message) this.sockets.push({ ...message, handle: handle as ListenHandle });
      else if ('id' in message && isCall(message)) this.#answerer.receive(message);
      else this.#predecessor?.receive(message);
    });
    process.on('disconnect', () => {
      // Until it serves it is nobody's: with the one before gone, its sockets would be all that is left.
      if (this.#predecessor === null) process.exit(1);
      this.#predecessor.ended(null);
    });
  }

  /** Everything the one before had to give, when it has all come. @throws TealError when it speaks otherwise */
  async inheritance(): Promise<Inheritance> {
    const told = await this.#told.promise;
    if (told.handOver === handOverProtocol) return told;
    throw new TealError('router-unavailable', `the running router hands over by protocol ${told.handOver}`, {
      remedy: `Restart it once with a gap: teal down, then teal up. This Teal knows protocol ${handOverProtocol}.`,
    });
  }

  /** The socket that was bound for this address, if there is one; nobody else gets it then. */
  take(speech: Speech, { host, port }: SocketMessage['address']): ListenHandle | null {
    const at = this.sockets.findIndex(
      ({ listener, address }) => listener === speech && address.host === host && address.port === port,
    );
    return at < 0 ? null : (this.sockets.splice(at, 1)[0]?.handle ?? null);
  }

  /** Lets go of those that nobody took. */
  dropSockets(): void {
    for (const { handle } of this.sockets.splice(0)) handle.close();
  }

  ready(prepared: Prepared, orders: Orders): void {
    this.#orders = orders;
    this.#prepared.resolve(prepared);
  }

  failed(error: unknown): void {
    this.#prepared.reject(error);
    if (process.connected) process.send?.({ error: toTealError(error).toJSON() });
  }

  /** From now on the one before takes orders from here. */
  succeed(
    log: Logger,
    table: RoutingTable | null,
    gone: (said: RetiredMessage['retired'] | null) => void,
  ): Predecessor {
    this.#predecessor = new Predecessor({ pid: this.#parent, log, send }, table, gone);
    return this.#predecessor;
  }

  readonly #answer: Handler = async (op, args) => {
    if (op === 'inherit') {
      this.#told.resolve(args as Inheritance);
      return this.#prepared.promise;
    }
    const orders = this.#orders;
    if (orders === null || !(op === 'bring' || op === 'serve')) {
      throw new TealError('internal', `${op} is not understood`, { remedy: 'Use the same version.' });
    }
    return op === 'bring'
      ? orders.bring((args as { table: RoutingTable }).table)
      : orders.serve(args as ServeOrder);
  };
}

function send(message: Message): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
