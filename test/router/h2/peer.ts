import type { Socket } from 'node:net';
import net from 'node:net';
import type { Frame } from './frames.ts';
import { errorName, flag, frame, FrameReader, preface, setting, settings, type } from './frames.ts';
import { Decoder, type Field } from './hpack.ts';

/** What a server has sent, in order. */
export type Seen =
  | { readonly kind: 'settings'; readonly ack: boolean; readonly values: ReadonlyMap<number, number> }
  | { readonly kind: 'ping'; readonly ack: boolean; readonly text: string }
  | { readonly kind: 'goaway'; readonly code: string }
  | { readonly kind: 'reset'; readonly stream: number; readonly code: string }
  | { readonly kind: 'fields'; readonly stream: number; readonly fields: readonly Field[] }
  | { readonly kind: 'data'; readonly stream: number; readonly octets: number }
  /** No more comes on this stream. */
  | { readonly kind: 'end'; readonly stream: number }
  | { readonly kind: 'other'; readonly type: number }
  | { readonly kind: 'closed' };

/** What a server says of itself in its first SETTINGS. */
export interface Limits {
  readonly frameSize: number;
  /** Infinity when it sets none. */
  readonly concurrent: number;
}

/** One connection to an HTTP/2 server, which sends whatever it is told to, and notes what comes. */
export class Peer implements Disposable {
  readonly seen: Seen[] = [];
  limits: Limits = { frameSize: 16_384, concurrent: Infinity };
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  readonly #decoder = new Decoder();
  #block: Buffer[] = [];
  #wake: (() => void)[] = [];

  constructor(port: number) {
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => {
      for (const each of this.#frames.read(bytes)) this.#note(each);
      this.#changed();
    });
    // Resets count as closed: it may have happened to what we sent into a connection that was being closed.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#closed());
    this.#socket.on('end', () => this.#closed());
  }

  get closed(): boolean {
    return this.seen.at(-1)?.kind === 'closed';
  }

  send(bytes: Buffer | string): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes as Buffer, 'latin1');
  }

  /** Preface, SETTINGS, and each side's acknowledgement. @throws Error when they do not come */
  async greet(values: readonly (readonly [number, number])[], ms: number): Promise<void> {
    this.send(preface);
    this.send(settings(...values));
    const greeted = await this.until(
      () => has(this.seen, false) && (has(this.seen, true) || this.closed),
      ms,
    );
    if (!greeted || this.closed) throw new Error('it did not greet back');
  }

  /** @returns whether it came to be so before `ms` had passed */
  async until(holds: () => boolean, ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (!holds()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #note({ type: kind, flags, stream, payload }: Frame): void {
    switch (kind) {
      case type.settings:
        this.#settings((flags & flag.ack) !== 0, payload);
        return;
      case type.ping:
        this.seen.push({ kind: 'ping', ack: (flags & flag.ack) !== 0, text: payload.toString('latin1') });
        return;
      case type.goaway:
        this.seen.push({ kind: 'goaway', code: errorName(payload.readUInt32BE(4)) });
        return;
      case type.reset:
        this.seen.push({ kind: 'reset', stream, code: errorName(payload.readUInt32BE(0)) });
        return;
      case type.data:
        this.seen.push({ kind: 'data', stream, octets: payload.length });
        if ((flags & flag.end) !== 0) this.seen.push({ kind: 'end', stream });
        return;
      case type.headers:
      case type.continuation:
        this.#fields({ type: kind, flags, stream, payload });
        return;
      default:
        this.seen.push({ kind: 'other', type: kind });
    }
  }

  #settings(ack: boolean, payload: Buffer): void {
    const values = new Map<number, number>();
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      values.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    }
    if (!ack) {
      this.limits = {
        frameSize: values.get(setting.frameSize) ?? this.limits.frameSize,
        concurrent: values.get(setting.concurrent) ?? this.limits.concurrent,
      };
      this.send(frame(type.settings, flag.ack, 0));
    }
    this.seen.push({ kind: 'settings', ack, values });
  }

  /** No server we talk to pads its headers or gives them a priority. */
  #fields({ flags, stream, payload, type: kind }: Frame): void {
    this.#block.push(payload);
    if ((flags & flag.endHeaders) === 0) return;
    const fields = this.#decoder.decode(Buffer.concat(this.#block));
    this.#block = [];
    this.seen.push({ kind: 'fields', stream, fields });
    if (kind === type.headers && (flags & flag.end) !== 0) this.seen.push({ kind: 'end', stream });
  }

  #closed(): void {
    if (!this.closed) this.seen.push({ kind: 'closed' });
    this.#socket.destroy();
    this.#changed();
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function has(seen: readonly Seen[], ack: boolean): boolean {
  return seen.some((each) => each.kind === 'settings' && each.ack === ack);
}
