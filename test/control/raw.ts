/** The API on a real socket, and bytes written to it as they are. */
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { api } from '../../src/control/api/app.ts';
import { ApiServer } from '../../src/control/api/serve.ts';
import { ResponseReader } from '../../src/load/response.ts';
import { atEnd } from '../at-end.ts';
import type { FakeDeps } from './fakes.ts';
import { scratch } from './help.ts';
import type { Problem } from './project.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Server {
  readonly socket: string;
  /** One request as bytes; the answer to it. */
  readonly send: (bytes: string | Buffer, how?: How) => Promise<RawAnswer>;
}

interface How {
  readonly method?: string;
  /** Closes its half when all is written. */
  readonly halfClose?: boolean;
}

export async function server(t: TestContext, deps: FakeDeps): Promise<Server> {
  const socket = path.join(await scratch(t), 'api.sock');
  const closing = new AbortController();
  const app = api(deps, {
    access: deps.access,
    startedAt: 0,
    stop: () => undefined,
    closing: closing.signal,
  });
  const served = await ApiServer.bind(socket);
  served.answerBy((request, env) => app.fetch(request, env));
  await served.take();
  atEnd(t, () => served.close());
  atEnd(t, () => closing.abort());
  return { socket, send: (bytes, how = {}) => send(connect(socket), bytes, how) };
}

function send(
  socket: Socket,
  bytes: string | Buffer,
  { method = 'GET', halfClose = false }: How,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let headers: ReadonlyMap<string, string> = new Map();
    const pieces: Buffer[] = [];
    const reader = new ResponseReader(method, {
      head: (head) => ({ status, headers } = head),
      body: (piece) => pieces.push(piece),
    });
    const done = (): void => {
      resolve({ status, headers, body: Buffer.concat(pieces).toString() });
      socket.destroy();
    };
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.feed(chunk);
      } catch (error) {
        reject(error as Error);
      }
      if (reader.done) done();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (reader.end()) done();
      else reject(new Error('closed without an answer'));
    });
    socket.write(bytes);
    if (halfClose) socket.end();
  });
}

export const problemIn = ({ body }: Pick<RawAnswer, 'body'>): Problem => JSON.parse(body) as Problem;
