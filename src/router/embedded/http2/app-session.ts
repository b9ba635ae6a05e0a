import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import net from 'node:net';
import type { EndpointState } from '../endpoint.ts';

/** What an app is taken to bear until it says so itself (RFC 9113 §6.5.2 recommends no less). */
const streamsAtFirst = 100;
/** Sessions say goodbye before they end, so a kept one is no risk; after a minute it is only memory. */
const idleMs = 60_000;
/** When TCP starts to ask whether a silent app is still there. */
const probeMs = 60_000;
/** As many as an app over HTTP/1.1 may send. */
const mostFields = 512;
const longestHead = 64 * 1024;
/** Room for many streams at once; each is held back by a window of its own. */
const sessionWindow = 1024 * 1024;

const sessionOptions = {
  settings: { enablePush: false, maxHeaderListSize: longestHead },
  maxHeaderListPairs: mostFields,
  // A client that says a field twice is passed on as it is, as over HTTP/1.1.
  strictSingleValueFields: false,
};

/** Who waits for a session to come up, or has a stream in it. */
export interface SessionUser {
  sessionReady(): void;
  /** It never came up. */
  sessionFailed(error: Error | null): void;
}

/** One HTTP/2 session to an endpoint, shared by as many requests as the app takes at a time. */
export class AppSession {
  readonly session: ClientHttp2Session;
  ready = false;
  /** Streams, and those that wait to begin one. */
  open = 0;
  /** It has carried a request before. */
  used = false;
  /** The app has begun nothing above this, and says so; Infinity while it goes on. */
  lastStream = Infinity;
  readonly #endpoint: EndpointState;
  readonly #waiting = new Set<SessionUser>();
  #most = streamsAtFirst;
  #idleSince = performance.now();
  #error: Error | null = null;

  constructor(endpoint: EndpointState) {
    this.#endpoint = endpoint;
    this.session = connect('http://app.invalid', {
      ...sessionOptions,
      createConnection: () => net.connect({ host: endpoint.host, port: endpoint.port, noDelay: true }),
    });
    this.session.on('connect', (_session, socket) => {
      socket.setKeepAlive(true, probeMs);
      this.session.setLocalWindowSize(sessionWindow);
      this.ready = true;
      for (const user of this.#takeWaiting()) user.sessionReady();
    });
    this.session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      if (maxConcurrentStreams !== undefined) this.#most = Math.max(1, maxConcurrentStreams);
    });
    this.session.on('goaway', (_code, last) => {
      this.lastStream = last;
      this.#leave();
    });
    this.session.on('error', (error: Error) => {
      this.#error = error;
    });
    this.session.on('close', () => {
      this.#leave();
      for (const user of this.#takeWaiting()) user.sessionFailed(this.#error);
    });
  }

  get hasRoom(): boolean {
    return this.open < this.#most && !this.session.closed && !this.session.destroyed;
  }

  /** Counts one more; told by `sessionReady` when it can begin, unless it is `ready`. */
  join(user: SessionUser): void {
    this.open++;
    if (!this.ready) this.#waiting.add(user);
  }

  part(user: SessionUser): void {
    const waited = this.#waiting.delete(user);
    this.open--;
    this.used = true;
    this.#idleSince = performance.now();
    // Nobody could wait long enough: the next one tries afresh.
    if (waited && !this.ready && this.#waiting.size === 0) this.destroy();
  }

  isStale(now: number): boolean {
    return this.open === 0 && now - this.#idleSince >= idleMs;
  }

  /** Takes no more; what is open ends by itself. */
  close(): void {
    this.#leave();
    if (this.ready) this.session.close();
    else if (this.open === 0) this.session.destroy();
  }

  destroy(): void {
    this.#leave();
    this.session.destroy();
  }

  #takeWaiting(): SessionUser[] {
    const users = [...this.#waiting];
    this.#waiting.clear();
    return users;
  }

  #leave(): void {
    const { sessions } = this.#endpoint;
    const at = sessions.indexOf(this);
    if (at >= 0) sessions.splice(at, 1);
  }
}

/** A session with room for one more: the one that was there first, so that the others may become idle. */
export function sessionOf(endpoint: EndpointState): AppSession {
  const found = endpoint.sessions.find(({ hasRoom }) => hasRoom);
  if (found !== undefined) return found;
  const made = new AppSession(endpoint);
  endpoint.sessions.push(made);
  return made;
}
