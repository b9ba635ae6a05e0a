import type { Client } from './client.ts';
import type { Upstream } from './upstream.ts';
import { FrameBorder, closeFrame } from './websocket.ts';

/** When TCP starts to ask whether a silent peer is still there. */
const probeMs = 60_000;

/** A WebSocket after its 101: bytes both ways, each side held back by the other, each ended when the other ends. */
export class Tunnel {
  readonly #client: Client;
  readonly #upstream: Upstream;
  readonly #idleMs: number;
  readonly #border = new FrameBorder();
  /** Bytes since the 101. */
  bytesIn = 0;
  bytesOut = 0;
  /** One side has ended as it should. */
  halfClosed = false;

  /** @param idleMs how long one side may go on after the other has ended */
  constructor(client: Client, upstream: Upstream, idleMs: number) {
    this.#client = client;
    this.#upstream = upstream;
    this.#idleMs = idleMs;
    // It may be silent for ever; a peer that vanished without a word is found by probes.
    client.deadline = Infinity;
    client.socket.setKeepAlive(true, probeMs);
    upstream.socket.setKeepAlive(true, probeMs);
  }

  /** @param data borrowed */
  fromClient(data: Buffer): void {
    this.#touch();
    this.bytesIn += data.length;
    if (!this.#upstream.socket.write(Buffer.from(data))) this.#client.pause();
  }

  /** @param data borrowed */
  fromApp(data: Buffer): void {
    this.#touch();
    this.bytesOut += data.length;
    this.#border.pass(data);
    if (!this.#client.write(Buffer.from(data))) this.#upstream.socket.pause();
  }

  clientEnded(): void {
    this.#upstream.socket.end();
    this.#halfClose();
  }

  appEnded(): void {
    this.#client.socket.end();
    this.#halfClose();
  }

  /** Says why to the client, where that can be said between two frames of the app. */
  sayGoodbye(): void {
    if (this.#border.atBorder) this.#client.write(closeFrame);
  }

  #halfClose(): void {
    this.halfClosed = true;
    this.#touch();
  }

  #touch(): void {
    if (this.halfClosed) this.#client.deadline = this.#client.engine.after(this.#idleMs);
  }
}
