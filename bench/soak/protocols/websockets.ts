import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketClient, type WebSocketEnd } from '../../../test/acceptance/clients/websocket.ts';
import { lifeMs } from '../lives.ts';
import type { Protocol } from '../protocol.ts';
import { repeating } from '../repeating.ts';

const count = 12;
const everyMs = 100;

/** Each is one "request": answered when every message came back, or when it was sent away in words. */
export const websockets: Protocol = {
  name: 'WebSockets with an echo',
  start: ({ port }) =>
    repeating(count, async (counter) => {
      const socket = new WebSocketClient(port, everyMs);
      const version = await socket.greeted.catch(() => null);
      // It may be over before: a drain that closes streams says so.
      if (version !== null) await Promise.race([socket.ended, sleep(lifeMs())]);
      const problem = problemOf(await socket.close());
      if (problem === null) counter.answered();
      else counter.failed(problem);
    }),
};

/** RFC 6455 §7.4.1 and its registry: 1001 going away, 1012 service restart. */
const farewells = [1001, 1012];

function problemOf(end: WebSocketEnd): string | null {
  const told = JSON.stringify(end);
  if (end.how === 'broken') return `broke: ${told}`;
  if (end.how === 'by us') return end.echoed === end.sent ? null : `messages are missing: ${told}`;
  // What we sent while the farewell was on its way is not echoed any more.
  return farewells.includes(end.code ?? 0) ? null : `closed with ${end.code}: ${told}`;
}
