import type { Socket } from 'node:net';
import { enter, type Door } from './door.ts';

/** Where a request is when its connection breaks. */
export type Phase = 'connecting' | 'waiting for the head' | 'in the body';

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A request whose answer did not come, named by its connection and phase. */
export class Lost extends Error {
  override readonly name = 'Lost';
  readonly phase: Phase;
  /** Of its answer; empty when it had not all come. */
  readonly headers: ReadonlyMap<string, string>;

  constructor(message: string, phase: Phase, headers: ReadonlyMap<string, string>) {
    super(message);
    this.phase = phase;
    this.headers = headers;
  }
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Lost) => void;
}

/**
 * One raw HTTP/1.1 connection: what is written is what the test says, byte for byte, and answers are matched to
 * requests in order, so that several may be on their way (pipelining).
 */
export class Wire {
  readonly socket: Socket;
  readonly #name: string;
  readonly #waiting: Waiting[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  #connected = false;
  #closed = false;
  #port = 0;

  constructor(door: Door | number, name = 'a connection') {
    this.#name = name;
    this.socket = enter(door);
    this.socket.on('connect', () => {
      this.#connected = true;
      this.#port = this.socket.localPort ?? 0;
    });
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.socket.on('error', (error) => this.#over(error.message));
    this.socket.on('end', () => this.#over('ended'));
    this.socket.on('close', () => this.#over('closed'));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ours, by which the other side's processes can be asked whose it is. */
  get localPort(): number {
    return this.socket.localPort ?? this.#port;
  }

  get phase(): Phase {
    if (!this.#connected) return 'connecting';
    return this.#buffer.includes('\r\n\r\n') ? 'in the body' : 'waiting for the head';
  }

  get inFlight(): number {
    return this.#waiting.length;
  }

  /** Expects one more answer; writes these bytes, which may be all of a request, or its beginning. */
  send(bytes: string | Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#closed) this.#over('closed before');
      else this.socket.write(bytes);
    });
  }

  close(): void {
    this.#closed = true;
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const found = parse(this.#buffer);
      if (found === null) return;
      this.#buffer = this.#buffer.subarray(found.bytes);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#over(`an answer nobody asked for: ${found.answer.status}`);
      else waiting.resolve(found.answer);
      if (found.answer.headers.get('connection') === 'close') this.#over('Connection: close');
    }
  }

  #over(why: string): void {
    const phase = this.phase;
    this.#closed = true;
    const headers = headOf(this.#buffer)?.headers ?? new Map();
    for (const { reject } of this.#waiting.splice(0))
      reject(new Lost(`${this.#name} (port ${this.#port}), ${phase}: ${why}`, phase, headers));
  }
}

interface Head {
  readonly first: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Where the empty line begins. */
  readonly end: number;
}

function headOf(buffer: Buffer): Head | null {
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first = '', ...lines] = buffer.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { first, headers: new Map(headers), end };
}

/** The first whole answer in the buffer. The shop and Teal's own pages always tell their length. */
function parse(buffer: Buffer): { readonly answer: Answer; readonly bytes: number } | null {
  const head = headOf(buffer);
  if (head === null) return null;
  const { first, headers, end } = head;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  if (!Number.isInteger(length)) throw new Error(`an answer without Content-Length: ${first}`);
  const bytes = end + 4 + length;
  if (buffer.length < bytes) return null;
  const body = buffer.toString('utf8', end + 4, bytes);
  return { answer: { status: Number(first.split(' ')[1]), headers, body }, bytes };
}
