/** One health check by HTTP/2: a GET, or a call of the gRPC health protocol where the path is that one's. */
import type { ClientHttp2Session, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { connect } from 'node:http2';
import type { Health } from '../../config/config.ts';
import type { Address, Answer, Probe } from './probe.ts';
import { judge, oneLine, unreachable } from './probe.ts';

/** Of https://github.com/grpc/grpc/blob/master/doc/health-checking.md: what gRPC servers answer, who answer no GET. */
const grpcHealth = '/grpc.health.v1.Health/Check';
/** An empty HealthCheckRequest (the health of the whole server), uncompressed. */
const emptyMessage = Buffer.alloc(5);
/** HealthCheckResponse with status = SERVING (1), behind the five bytes that frame a message. */
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);
/** Enough to recognise an error page. */
const bodyBytes = 300;

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** As `probe`, of an instance that speaks HTTP/2 without TLS. */
export function probeHttp2(address: Address, health: Health, signal: AbortSignal): Promise<Probe> {
  const { promise, resolve } = Promise.withResolvers<Probe>();
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const session = connect(`http://${host}:${address.port}`);
  const timer = setTimeout(() => resolve({ kind: 'timeout' }), health.timeoutMs);
  const abort = (): void => resolve({ kind: 'broken', why: 'given up' });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  session.on('error', (error: NodeJS.ErrnoException) => resolve(unreachable(error)));
  session.on('close', () => resolve({ kind: 'broken', why: 'the connection was closed before an answer' }));
  ask(session, health, resolve);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    session.destroy();
  });
}

function ask(session: ClientHttp2Session, health: Health, resolve: (probe: Probe) => void): void {
  const isCall = health.path === grpcHealth;
  const headers = { ':path': health.path, 'user-agent': 'teal-health' };
  const stream = isCall
    ? session.request({ ...headers, ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' })
    : session.request({ ...headers, accept: '*/*' });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let head: Head = {};
  let trailers: IncomingHttpHeaders = {};
  const finish = (): void => {
    const status = head[':status'];
    if (status === undefined) return;
    const body = Buffer.concat(chunks);
    if (isCall) resolve(judgeCall(status, { ...head, ...trailers }, body));
    else resolve(judge(answer(head, body), health));
  };
  stream.on('response', (headers) => {
    head = headers;
  });
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bodyBytes) finish();
  });
  stream.on('end', finish);
  // A stream that never began names the session's error as its cause.
  stream.on('error', (error) => resolve(unreachable((error.cause ?? error) as NodeJS.ErrnoException)));
  stream.end(isCall ? emptyMessage : undefined);
}

function answer(head: Head, body: Buffer): Answer {
  return {
    status: head[':status'] ?? 0,
    location: head.location ?? null,
    body: oneLine(body.subarray(0, bodyBytes).toString('utf8')),
  };
}

function judgeCall(status: number, fields: IncomingHttpHeaders, body: Buffer): Probe {
  const code = fields['grpc-status'];
  if (status === 200 && code === '0' && body.equals(serving)) return { kind: 'ok', status };
  const message = String(fields['grpc-message'] ?? '');
  const says = code === '0' ? 'not serving' : `gRPC status ${String(code ?? 'missing')} ${message}`;
  return { kind: 'status', status, location: null, body: oneLine(says) };
}
