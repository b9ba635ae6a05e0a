import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { http2Front } from '../http2-rig.ts';
import { appTable, closed, endpoint, listen, portOf, proxy, tableOf } from '../rig.ts';
import { body, late, lateMs } from './case.ts';
import type { Target } from './node-server.ts';

/** The router, which speaks HTTP/2 to its clients; behind it is an app of HTTP/1.1. */
export async function routerServer(): Promise<Target> {
  const app = http.createServer((request, response) => void answer(request, response));
  await listen(app);
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', portOf(app))] }, green: null };
  const router = await proxy(tableOf(1, appTable({ environments })));
  const front = await http2Front(router);
  return {
    port: front.port,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
      app.closeAllConnections();
      await closed(app);
    },
  };
}

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  request.resume();
  if (request.url === late) await sleep(lateMs, null, { ref: false });
  response.setHeader('content-type', 'text/plain');
  response.setHeader('content-length', body.length);
  response.end(body);
}
