import http2 from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, portOf } from '../rig.ts';
import { body, late, lateMs } from './case.ts';

/** A server to be asked: its port, and its end. */
export interface Target extends AsyncDisposable {
  readonly port: number;
}

/** Node's own HTTP/2, with nothing of ours. */
export async function nodeServer(): Promise<Target> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream: http2.ServerHttp2Stream, fields) => {
    stream.on('error', () => {});
    void answer(stream, fields);
  });
  await listen(server);
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(stream: http2.ServerHttp2Stream, fields: http2.IncomingHttpHeaders): Promise<void> {
  if (fields[':path'] === late) await sleep(lateMs, null, { ref: false });
  stream.resume();
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end(fields[':method'] === 'HEAD' ? '' : body);
}
