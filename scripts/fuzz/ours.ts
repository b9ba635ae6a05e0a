import type { BodyReader } from '../../src/router/embedded/body.ts';
import { reframe, requestBody } from '../../src/router/embedded/body.ts';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Registry } from '../../src/router/embedded/registry.ts';
import { nextHead } from '../../src/router/embedded/next-head.ts';
import { peerOf, trustedList } from '../../src/router/embedded/peer.ts';
import { RequestHead } from '../../src/router/embedded/request-head.ts';
import { rewriteRequest } from '../../src/router/embedded/rewrite-request.ts';
import type { Message, Reading } from './message.ts';

const head = new RequestHead(100);
const headBytes = 16_384;
const peer = peerOf({ remoteAddress: '192.0.2.1', secure: false }, trustedList([]));

const table = compileTable(
  {
    generation: 1,
    apps: [
      {
        app: 'fuzz',
        live: 'blue',
        routes: [],
        environments: { blue: { version: 'v1', endpoints: [] }, green: null },
        maintenance: null,
        previewKey: '',
        drain: { streams: 'drain', deadlineMs: 0 },
        upstream: {
          connectTimeoutMs: 0,
          responseTimeoutMs: 0,
          idleTimeoutMs: 0,
          keepAliveMs: 0,
          maxBodyBytes: null,
          protocol: 'http1',
        },
      },
    ],
  },
  new Registry(),
);
const environment = table.apps.get('fuzz')?.environments.blue ?? null;
if (environment === null) throw new Error('the table has no environment');
const outgoing = { peer, environment, requestId: 'id', trace: null, fallbackHost: 'fall.back' };

/** What the router makes of a client's bytes, and what it would send to the app for each complete request. */
export interface OurReading extends Reading {
  readonly forwarded: string[];
  /** Where each message begins. */
  readonly starts: number[];
  /** All bytes belong to complete messages. */
  clean: boolean;
}

/** Frames a connection as `Client` and `Exchange` do: the same calls in the same order, without sockets. */
export function readRequests(parts: readonly Buffer[]): OurReading {
  const reading: OurReading = { messages: [], error: null, forwarded: [], starts: [], clean: false };
  const connection = new Connection(reading);
  for (const part of parts) connection.data(part);
  reading.clean = connection.idle && reading.error === null && reading.messages.length > 0;
  return reading;
}

class Connection {
  readonly #reading: OurReading;
  #held: Buffer | null = null;
  #searched = 0;
  #position = 0;
  #over = false;
  #body: BodyReader | null = null;
  #message: Message | null = null;
  #sent = '';
  #keep = true;

  constructor(reading: OurReading) {
    this.#reading = reading;
  }

  get idle(): boolean {
    return this.#held === null && this.#body === null;
  }

  data(part: Buffer): void {
    if (this.#over) return;
    this.#held = this.#held === null ? part : Buffer.concat([this.#held, part]);
    while (this.#held !== null && !this.#over) {
      if (this.#body === null ? !this.#readHead(this.#held) : !this.#readBody(this.#held, this.#body)) break;
    }
  }

  #readHead(held: Buffer): boolean {
    const end = nextHead(held, this.#searched, head, headBytes);
    if (end === null) {
      this.#searched = held.length;
      return false;
    }
    if (typeof end === 'string') return this.#fail(end);
    const { method, text, minor } = head;
    const targetStart = method.length + 1;
    this.#reading.starts.push(this.#position + head.base);
    this.#message = {
      what: method,
      target: text.slice(targetStart, text.indexOf(' ', targetStart)),
      minor,
      fields: fieldsOf(head),
      body: '',
      complete: false,
      end: 0,
    };
    this.#reading.messages.push(this.#message);
    this.#keep = minor === 1 ? !head.close : head.keepAlive && !head.close;
    this.#sent = rewriteRequest(head, outgoing);
    this.#body = requestBody(head);
    this.#take(held, end);
    if (this.#body.done) this.#complete();
    return true;
  }

  #readBody(held: Buffer, body: BodyReader): boolean {
    const end = body.decode(held, 0);
    const trailer = end >= 0 && body.done ? body.trailer() : '';
    if (end < 0 || trailer === null) return this.#fail('bad-body');
    const message = this.#message as Message;
    for (let index = 0; index < body.slices.length; index += 2) {
      message.body += held.toString('latin1', body.slices[index], body.slices[index + 1]);
    }
    const content =
      body.kind === 'length'
        ? held.subarray(0, end)
        : reframe(held, body, { chunked: body.kind === 'chunked', trailer });
    this.#sent += content?.toString('latin1') ?? '';
    this.#take(held, end);
    if (body.done) this.#complete();
    return true;
  }

  #take(held: Buffer, end: number): void {
    this.#position += end;
    this.#held = end < held.length ? held.subarray(end) : null;
    this.#searched = 0;
  }

  #complete(): void {
    const message = this.#message as Message;
    message.complete = true;
    message.end = this.#position;
    this.#reading.forwarded.push(this.#sent);
    this.#body = null;
    if (!this.#keep) this.#over = true;
  }

  #fail(fault: string): boolean {
    this.#reading.error = fault;
    this.#over = true;
    return false;
  }
}

function fieldsOf({ fields, text, base }: RequestHead): string[] {
  const list: string[] = [];
  for (let index = 0; index < fields.count; index++) {
    list.push(
      text.slice((fields.nameStart[index] as number) - base, (fields.nameEnd[index] as number) - base),
      text.slice((fields.valueStart[index] as number) - base, (fields.valueEnd[index] as number) - base),
    );
  }
  return list;
}
