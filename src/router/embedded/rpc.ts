import type { ErrorJson } from '../../errors.ts';
import { TealError } from '../../errors.ts';

/**
 * Calls over any channel that carries JSON in order: the control link (a unix socket) and the workers' IPC.
 * A call is answered once, by a result or an error; before that there may be progress, and it may be given up.
 */
export type Message =
  | { readonly id: number; readonly op: string; readonly args: unknown; readonly term?: number }
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorJson }
  | { readonly id: number; readonly cancel: true };

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (value: number) => void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((value: number) => void) | undefined;
}

/** The calling side. */
export class Caller {
  readonly #send: (message: Message) => void;
  readonly #term: { readonly term: number } | Record<string, never>;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #failure: TealError | null = null;

  /** @param term of the leader who calls; null where there is only one control plane */
  constructor(send: (message: Message) => void, term: number | null = null) {
    this.#send = send;
    this.#term = term === null ? {} : { term };
  }

  /** Rejects with the other side's TealError, with the signal's reason, or with what `fail` was given. */
  call(op: string, args: unknown, options: CallOptions = {}): Promise<unknown> {
    const { signal, onProgress } = options;
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const giveUp = () => {
      this.#waiting.delete(id);
      if (this.#failure === null) this.#send({ id, cancel: true });
      if (signal !== undefined) reject(reasonOf(signal));
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#waiting.set(id, { resolve, reject, onProgress });
    this.#send({ id, op, args, ...this.#term });
    return promise.finally(() => signal?.removeEventListener('abort', giveUp));
  }

  receive(message: Message): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    if ('progress' in message) {
      waiting.onProgress?.(message.progress);
      return;
    }
    this.#waiting.delete(message.id);
    if ('error' in message) waiting.reject(TealError.from(message.error));
    else if ('result' in message) waiting.resolve(message.result);
  }

  /** The channel is gone: so is every answer. */
  fail(error: TealError): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** What a handler may tell while it works. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Of the leader who calls. */
  readonly term?: number;
  progress(value: number): void;
}

export type Handler = (op: string, args: unknown, context: CallContext) => Promise<unknown>;

/** The answering side. */
export class Answerer {
  readonly #send: (message: Message) => void;
  readonly #handler: Handler;
  readonly #running = new Map<number, AbortController>();

  constructor(send: (message: Message) => void, handler: Handler) {
    this.#send = send;
    this.#handler = handler;
  }

  receive(message: Message): void {
    if ('cancel' in message) this.#running.get(message.id)?.abort();
    else if ('op' in message) void this.#answer(message);
  }

  /** The caller is gone: what still runs for it is given up. */
  close(): void {
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
  }

  async #answer({ id, op, args, term }: Extract<Message, { readonly op: string }>): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const context = {
      signal: controller.signal,
      ...(term === undefined ? {} : { term }),
      progress: (progress: number) => this.#send({ id, progress }),
    };
    try {
      const result = (await this.#handler(op, args, context)) ?? null;
      if (this.#running.delete(id)) this.#send({ id, result });
    } catch (error) {
      if (this.#running.delete(id)) this.#send({ id, error: toTealError(error).toJSON() });
    }
  }
}

export function toTealError(error: unknown): TealError {
  if (error instanceof TealError) return error;
  return new TealError('internal', error instanceof Error ? error.message : String(error), {
    remedy: 'This is a fault of Teal. Please report it with the log of the router.',
    cause: error,
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('given up');
}
