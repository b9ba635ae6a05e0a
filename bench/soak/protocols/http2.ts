import { readFileSync } from 'node:fs';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { upload } from '../bodies.ts';
import { lifeMs } from '../lives.ts';
import { epochNow } from '../../lib/clock.ts';
import type { Counter, Protocol, Target } from '../protocol.ts';
import { repeating } from '../repeating.ts';
import type { Seen } from '../versions.ts';

const sessions = 4;
/** On each session at a time. */
const streams = 4;
const pauseMs = 60;
/** One of so many streams is given up by the client in the middle. */
const cancelEvery = 20;

const body = upload(20_000);
const wishes = [
  { ':path': '/small' },
  { ':path': '/large' },
  { ':path': '/upload', ':method': 'POST', ...body.headers },
  { ':path': '/slow?ms=300' },
] as const;

/** Sessions that live as long as a stream of the soak: each new request on them has to follow a switch. */
const over = (name: string, opener: (target: Target) => (() => ClientHttp2Session) | null): Protocol => ({
  name,
  start: (target, versions) => {
    const open = opener(target);
    if (open === null) return null;
    const seen: Seen[] = [];
    const traffic = repeating(sessions, async (counter) => {
      const session = open();
      // What it meant for the streams is counted there.
      session.on('error', () => undefined);
      const until = performance.now() + lifeMs();
      await Promise.all(
        Array.from({ length: streams }, async (_, index) => {
          for (let turn = index; performance.now() < until; turn += 1) {
            await ask(session, turn, { counter, seen });
            await sleep(pauseMs);
          }
        }),
      );
      await new Promise<void>((resolve) => (session.destroyed ? resolve() : session.close(() => resolve())));
    });
    return {
      async stop() {
        const tally = await traffic.stop();
        return { ...tally, stale: versions.staleOf(seen) };
      },
    };
  },
});

export const http2: Protocol = over('HTTP/2 over TLS', ({ secure }) => {
  if (secure === null || !secure.h2) return null;
  const ca = readFileSync(secure.ca);
  return () => connect(`https://localhost:${secure.port}`, { ca });
});

export const h2c: Protocol = over('HTTP/2 without TLS', ({ h2c: port }) =>
  port === null ? null : () => connect(`http://127.0.0.1:${port}`),
);

interface Counted {
  readonly counter: Counter;
  readonly seen: Seen[];
}

function ask(session: ClientHttp2Session, turn: number, { counter, seen }: Counted): Promise<void> {
  const wish = wishes[turn % wishes.length] ?? wishes[0];
  const sentAt = epochNow();
  const cancel = turn % cancelEvery === cancelEvery - 1;
  return new Promise((resolve) => {
    if (session.destroyed || session.closed) {
      counter.failed(`HTTP/2: the session has ended before ${wish[':path']}`);
      return resolve();
    }
    const stream = session.request({ ...wish });
    let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    let problem = '';
    stream.on('response', (headers) => {
      head = headers;
      if (cancel) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on('error', (error) => (problem = error.message));
    stream.resume();
    stream.on('close', () => {
      const version = String(head['x-version']);
      const wanted = cancel ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR;
      if (head[':status'] === 200 && stream.rstCode === wanted) {
        counter.answered();
        seen.push({ version, sentAt, endedAt: epochNow() });
      } else
        counter.failed(
          `HTTP/2 ${wish[':path']}: ${head[':status'] ?? 'no answer'} ${stream.rstCode} ${problem}`,
        );
      resolve();
    });
    stream.end(':method' in wish ? body.body : undefined);
  });
}
