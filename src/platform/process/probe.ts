/** One health check: an HTTP GET as a router would send it, on a connection of its own, redirects not followed. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Health } from '../../config/config.ts';

/** What became of one health check. */
export type Probe =
  | { readonly kind: 'ok'; readonly status: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly location: string | null;
      /** The first bytes of the body, as text on one line. */
      readonly body: string;
    }
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'broken'; readonly why: string };

/** Where an instance is asked. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

// Enough to recognise an error page; a body is never read to its end.
const bodyBytes = 300;

/** What of an answer counts. */
export interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

/** Asks once. Never throws; an aborted signal reads as `broken`. */
export function probe(address: Address, health: Health, signal: AbortSignal): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  let asked: ClientRequest;
  try {
    const headers = { 'user-agent': 'teal-health', accept: '*/*', connection: 'close' };
    asked = request({ ...address, path: health.path, agent: false, signal, headers });
  } catch (error) {
    // A path with characters that HTTP has no room for.
    return Promise.resolve({ kind: 'broken', why: String(error) });
  }
  const timer = setTimeout(() => {
    resolve({ kind: 'timeout' });
    asked.destroy();
  }, health.timeoutMs);
  asked.on('response', (response) => {
    readStart(response, (body) => {
      const { statusCode: status = 0, headers } = response;
      resolve(judge({ status, location: headers.location ?? null, body }, health));
      asked.destroy();
    });
  });
  asked.on('error', (error: NodeJS.ErrnoException) => resolve(unreachable(error)));
  asked.on('close', () => resolve({ kind: 'broken', why: 'the connection was closed before an answer' }));
  asked.end();
  return promise.finally(() => clearTimeout(timer));
}

function readStart(response: IncomingMessage, done: (start: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = (): void => done(oneLine(Buffer.concat(chunks).subarray(0, bodyBytes).toString('utf8')));
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bodyBytes) finish();
  });
  response.on('end', finish);
  response.on('error', finish);
}

/** Text that stands in a message. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Whether an answer is one that the app calls healthy. */
export function judge({ status, location, body }: Answer, health: Health): Probe {
  if (health.status.some(([from, to]) => status >= from && status <= to)) return { kind: 'ok', status };
  return { kind: 'status', status, location, body };
}

/** Nobody listens yet, or something worse. */
export function unreachable(error: NodeJS.ErrnoException): Probe {
  return error.code === 'ECONNREFUSED' ? { kind: 'refused' } : { kind: 'broken', why: error.message };
}
