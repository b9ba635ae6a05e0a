import { setTimeout as sleep } from 'node:timers/promises';

/** How often a chatty tab says something: often enough that a silent break is noticed. */
const sayMs = 100;
/** A browser waits a moment before it connects again. */
const againMs = 50;

export interface TabCounts {
  /** Messages that came. */
  messages: number;
  /** How often the stream was ended by the other side as its protocol says, and opened again. */
  reopened: number;
  /** How often it broke off, or could not be opened. */
  broken: number;
  problem: string | null;
}

export interface Tabs {
  readonly webSocket: TabCounts;
  readonly events: TabCounts;
  close(): Promise<void>;
}

/** Opens two browser tabs that stay open: one holds a WebSocket, the other an event stream. */
export function openTabs(url: string): Tabs {
  const stop = new AbortController();
  const webSocket = counts();
  const events = counts();
  const open = Promise.all([
    stay(webSocket, stop.signal, () => talk(url, webSocket, stop.signal)),
    stay(events, stop.signal, () => listen(url, events, stop.signal)),
  ]);
  return {
    webSocket,
    events,
    close: async () => {
      stop.abort();
      await open;
    },
  };
}

const counts = (): TabCounts => ({ messages: 0, reopened: 0, broken: 0, problem: null });

async function stay(counts: TabCounts, signal: AbortSignal, session: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await session();
      if (!signal.aborted) counts.reopened += 1;
    } catch (error) {
      if (signal.aborted) return;
      counts.broken += 1;
      counts.problem ??= error instanceof Error ? error.message : String(error);
    }
    await sleep(againMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Resolves when the WebSocket was closed with both close frames (RFC 6455, section 7.1.4). */
async function talk(url: string, counts: TabCounts, signal: AbortSignal): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const socket = new WebSocket(new URL('/ws', url.replace(/^http/, 'ws')));
  const timer = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send('still there?');
  }, sayMs);
  const leave = (): void => socket.close();
  signal.addEventListener('abort', leave);
  socket.addEventListener('message', () => (counts.messages += 1));
  socket.addEventListener('close', ({ wasClean, code }) =>
    wasClean ? closed.resolve() : closed.reject(new Error(`the WebSocket broke off (${code})`)),
  );
  try {
    await closed.promise;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', leave);
  }
}

/** Resolves when the event stream has come to the end of its body. */
async function listen(url: string, counts: TabCounts, signal: AbortSignal): Promise<void> {
  const response = await fetch(new URL('/events', url), { signal });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`the event stream was answered with ${response.status}`);
  }
  for await (const chunk of response.body) {
    counts.messages += Buffer.from(chunk).toString().split('event:').length - 1;
  }
}
