import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from './wire.ts';
import type { Door } from './door.ts';

export interface PipelineReport {
  readonly sent: number;
  readonly answered: number;
  /** Answers that came for another request than the one in their place. */
  readonly mixed: number;
  readonly failures: readonly string[];
}

/** Connections that write several requests at once before they read any answer (RFC 9112 §9.3.2). */
export class Pipelines {
  readonly #door: Door | number;
  readonly #batch: number;
  readonly #running: readonly Promise<void>[];
  readonly #failures: string[] = [];
  #sent = 0;
  #answered = 0;
  #mixed = 0;
  #stopped = false;

  constructor(door: Door | number, options: { readonly connections: number; readonly batch: number }) {
    this.#door = door;
    this.#batch = options.batch;
    this.#running = Array.from({ length: options.connections }, (_, index) => this.#run(index));
  }

  async stop(): Promise<PipelineReport> {
    this.#stopped = true;
    await Promise.all(this.#running);
    return { sent: this.#sent, answered: this.#answered, mixed: this.#mixed, failures: this.#failures };
  }

  async #run(index: number): Promise<void> {
    let wire: Wire | null = null;
    for (let round = 0; !this.#stopped; round++) {
      if (wire === null || wire.closed) wire = new Wire(this.#door, `pipeline ${index}`);
      await this.#round(wire);
      await sleep(20 + Math.random() * 20);
    }
    wire?.close();
  }

  /** The answer to each names its own number: order is part of what may not be lost. */
  async #round(wire: Wire): Promise<void> {
    const waits = Array.from({ length: this.#batch }, (_, number) => number * 2);
    this.#sent += waits.length;
    wire.socket.cork();
    const answers = waits.map((ms) => wire.send(`GET /slow?ms=${ms} HTTP/1.1\r\nHost: shop\r\n\r\n`));
    wire.socket.uncork();
    for (const [place, settled] of (await Promise.allSettled(answers)).entries()) {
      if (settled.status === 'rejected') this.#failures.push(String(settled.reason));
      else if (settled.value.status !== 200) this.#failures.push(`answered ${settled.value.status}`);
      else if ((JSON.parse(settled.value.body) as { ms: number }).ms !== waits[place]) this.#mixed += 1;
      else this.#answered += 1;
    }
  }
}
