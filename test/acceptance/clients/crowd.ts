import { setTimeout as sleep } from 'node:timers/promises';
import { Lost, Wire, type Answer, type Phase } from './wire.ts';

/** A request as its bytes, and what its answer has to be. */
export interface Ask {
  readonly name: string;
  readonly idempotent: boolean;
  /** Written one after the other; the first holds the head. */
  readonly pieces: readonly string[];
  readonly everyMs: number;
}

export interface InFlight {
  readonly connection: number;
  /** Of the request, over all connections. */
  readonly serial: number;
  readonly port: number;
  readonly phase: Phase;
  readonly ask: Ask;
}

export interface Failure {
  readonly connection: number;
  /** Of the request, as in `InFlight`. */
  readonly serial: number;
  readonly ask: Ask;
  /** How far the answer had come when the connection broke; null when there was a whole one. */
  readonly phase: Phase | null;
  /** Of the answer, as far as its head had come. */
  readonly headers: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Names the connection and the phase. */
  readonly says: string;
}

interface Under {
  readonly ask: Ask;
  readonly serial: number;
}

export interface CrowdReport {
  readonly sent: number;
  readonly answered: number;
  readonly failures: readonly Failure[];
  readonly versions: Readonly<Record<string, number>>;
}

/**
 * Clients that each keep one connection busy: request, answer, a short pause, the next. At any moment it can be told
 * exactly which requests are under way, on which connection, and how far they are.
 */
export class Crowd {
  readonly #port: number;
  readonly #asks: readonly Ask[];
  readonly #wires: (Wire | null)[];
  readonly #under: (Under | null)[];
  readonly #failures: Failure[] = [];
  readonly #versions = new Map<string, number>();
  readonly #running: readonly Promise<void>[];
  #sent = 0;
  #answered = 0;
  #stopped = false;
  #held = false;

  constructor(port: number, connections: number, asks: readonly Ask[]) {
    this.#port = port;
    this.#asks = asks;
    this.#wires = Array.from({ length: connections }, () => null);
    this.#under = Array.from({ length: connections }, () => null);
    this.#running = this.#wires.map((_, index) => this.#run(index));
  }

  get answered(): number {
    return this.#answered;
  }

  /** What is under way at this instant. */
  inFlight(): readonly InFlight[] {
    return this.#under.flatMap((under, connection) => {
      const wire = this.#wires[connection];
      if (under === null || !wire) return [];
      return [{ connection, ...under, port: wire.localPort, phase: wire.phase }];
    });
  }

  /** All connections with these ports of ours have been seen to be closed. */
  haveClosed(ports: ReadonlySet<number>): boolean {
    return this.#wires.every((wire) => wire === null || wire.closed || !ports.has(wire.localPort));
  }

  /**
   * Nothing new is sent until `release`. What is written after a kill, and before this process's event loop has been
   * told that the connection is closed, was not in flight at the kill.
   */
  hold(): { release(): void } {
    this.#held = true;
    return { release: () => (this.#held = false) };
  }

  async stop(): Promise<CrowdReport> {
    this.#stopped = true;
    await Promise.all(this.#running);
    for (const wire of this.#wires) wire?.close();
    return {
      sent: this.#sent,
      answered: this.#answered,
      failures: this.#failures,
      versions: Object.fromEntries(this.#versions),
    };
  }

  async #run(connection: number): Promise<void> {
    for (let turn = connection; !this.#stopped; turn++) {
      await sleep(2 + Math.random() * 8);
      while (this.#held) await sleep(2);
      const ask = this.#asks[turn % this.#asks.length];
      if (ask !== undefined) await this.#one(connection, ask);
    }
  }

  async #one(connection: number, ask: Ask): Promise<void> {
    const wire = this.#wire(connection);
    this.#sent += 1;
    const under = { ask, serial: this.#sent };
    this.#under[connection] = under;
    try {
      const [head = '', ...rest] = ask.pieces;
      const answer = wire.send(head);
      for (const piece of rest) {
        await Promise.race([sleep(ask.everyMs), answer]);
        if (!wire.closed) wire.socket.write(piece);
      }
      this.#judge(connection, under, await answer);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      const { phase, headers, message } = error;
      const says = `${ask.name}: ${message}`;
      this.#failures.push({ connection, ...under, phase, headers, says, at: Date.now() });
    } finally {
      this.#under[connection] = null;
    }
  }

  #judge(connection: number, under: Under, { status, headers }: Answer): void {
    if (status < 300) {
      this.#answered += 1;
      const version = headers.get('x-version') ?? '?';
      this.#versions.set(version, (this.#versions.get(version) ?? 0) + 1);
      return;
    }
    const code = headers.get('x-teal-error') ?? '';
    const says = `${under.ask.name}: connection ${connection}, answered ${status} ${code}`;
    this.#failures.push({ connection, ...under, phase: null, headers, says, at: Date.now() });
  }

  #wire(connection: number): Wire {
    const known = this.#wires[connection];
    if (known && !known.closed) return known;
    const fresh = new Wire(this.#port, `connection ${connection}`);
    this.#wires[connection] = fresh;
    return fresh;
  }
}

export const get = (path: string): Ask => ({
  name: `GET ${path}`,
  idempotent: true,
  pieces: [`GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`],
  everyMs: 0,
});

/** A body that comes in pieces, so that it is under way for a while. */
export function slowPost(pieces: number, everyMs: number): Ask {
  const piece = 'x'.repeat(1000);
  const head = `POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`;
  return {
    name: 'POST /upload',
    idempotent: false,
    pieces: [head + piece, ...Array.from({ length: pieces - 1 }, () => piece)],
    everyMs,
  };
}
