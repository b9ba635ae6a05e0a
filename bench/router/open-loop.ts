/**
 * Requests at one fixed rate, whether or not earlier ones have been answered; latencies count from the time a request
 * was due. Unlike the load of `teal prove` it never sleeps: a timer of Node is a millisecond coarse, which is longer
 * than what is measured here. It shares its thread with the origin, so neither waits for the other to be scheduled.
 */
import { connect, type Socket } from 'node:net';
import { percentile } from '../../src/load/report.ts';

export interface OpenLoopOptions {
  readonly port: number;
  /** Requests per second. */
  readonly rate: number;
  readonly ms: number;
  readonly connections: number;
}

export interface OpenLoopResult {
  readonly sent: number;
  /** Closed connections and answers other than 200. */
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const request = Buffer.from('GET /small HTTP/1.1\r\nHost: bench.test\r\n\r\n');
const okay = Buffer.from('HTTP/1.1 200 ');
const headEnd = Buffer.from('\r\n\r\n');
const lengthPattern = /\r\ncontent-length: *(\d+)/i;
/** Of the run, thrown away: the first requests open the connections. */
const warmUpShare = 0.15;
/** For the last answers; who takes longer has failed. */
const patienceMs = 2_000;

export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const lines = await Promise.all(Array.from({ length: options.connections }, () => Line.open(options.port)));
  try {
    return await new OpenLoop(options, lines).run();
  } finally {
    for (const line of lines) line.close();
  }
}

class OpenLoop {
  readonly #options: OpenLoopOptions;
  readonly #free: Line[];
  readonly #latencies: Float64Array;
  #due = 0;
  #sent = 0;
  #ended = 0;
  #failed = 0;

  constructor(options: OpenLoopOptions, lines: readonly Line[]) {
    this.#options = options;
    this.#free = [...lines];
    this.#latencies = new Float64Array(Math.floor((options.rate * options.ms) / 1000));
  }

  async run(): Promise<OpenLoopResult> {
    const total = this.#latencies.length;
    const startedAt = performance.now();
    const giveUpAt = startedAt + this.#options.ms + patienceMs;
    const interval = 1000 / this.#options.rate;
    const done = Promise.withResolvers<void>();
    const turn = (): void => {
      const now = performance.now();
      this.#due = Math.min(total, Math.floor((now - startedAt) / interval) + 1);
      while (this.#sent < this.#due) {
        const line = this.#free.shift();
        if (line === undefined) break;
        this.#send(line, this.#sent, startedAt + this.#sent * interval);
        this.#sent += 1;
      }
      if (this.#ended === total || now >= giveUpAt) done.resolve();
      else setImmediate(turn);
    };
    turn();
    await done.promise;
    return this.#result(total);
  }

  #send(line: Line, index: number, dueAt: number): void {
    line.ask((okay) => {
      this.#ended += 1;
      if (!okay) {
        // Nor does its connection come back.
        this.#failed += 1;
        this.#latencies[index] = Infinity;
        return;
      }
      this.#latencies[index] = performance.now() - dueAt;
      this.#free.push(line);
    });
  }

  #result(total: number): OpenLoopResult {
    const unanswered = total - this.#ended;
    const measured = this.#latencies
      .subarray(Math.floor(total * warmUpShare))
      .map((value) => (value === 0 ? Infinity : value))
      .sort();
    return {
      sent: this.#sent,
      failed: this.#failed + unanswered,
      p50: percentile(measured, 50),
      p99: percentile(measured, 99),
    };
  }
}

/** One kept-alive connection with at most one request on its way. */
export class Line {
  readonly #socket: Socket;
  #answer: ((okay: boolean) => void) | null = null;
  /** Bytes of the response that are still to come; -1 while its head is. */
  #left = -1;
  #head: Buffer | null = null;

  static open(port: number): Promise<Line> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Line(socket)));
    });
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end(false));
  }

  /** @param onAnswer called once, with whether it was a whole 200 */
  ask(onAnswer: (okay: boolean) => void): void {
    this.#answer = onAnswer;
    this.#left = -1;
    if (this.#socket.destroyed) this.#end(false);
    else this.#socket.write(request);
  }

  close(): void {
    this.#answer = null;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let body = chunk.length;
    if (this.#left < 0) {
      const data = this.#head === null ? chunk : Buffer.concat([this.#head, chunk]);
      const end = data.indexOf(headEnd);
      this.#head = end < 0 ? data : null;
      if (end < 0) return;
      const length = lengthPattern.exec(data.toString('latin1', 0, end))?.[1];
      // A proxy that frames the answer anew is one this load cannot read: better said than measured wrongly.
      if (length === undefined || !data.subarray(0, okay.length).equals(okay)) return this.#end(false);
      this.#left = Number(length);
      body = data.length - end - headEnd.length;
    }
    this.#left -= body;
    if (this.#left === 0) this.#end(true);
  }

  #end(okay: boolean): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.(okay);
  }
}
