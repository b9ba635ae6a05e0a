import type { BodyReader } from './body.ts';
import { noBody, reframe, requestBody } from './body.ts';
import { claimAnother, release } from './claim.ts';
import type { Client } from './client.ts';
import type { CompiledEnvironment } from './compile.ts';
import type { EndpointState } from './endpoint.ts';
import type { InFlight } from './in-flight.ts';
import { wantsJson } from './page.ts';
import type { RequestHead } from './request-head.ts';
import type { RelayState, ResponseTarget } from './response.ts';
import { ResponseRelay } from './response.ts';
import { Tunnel } from './tunnel.ts';
import type { UpstreamOwner } from './upstream.ts';
import { Upstream, takeIdle } from './upstream.ts';

/** Where the request goes, and the head it goes with. */
export interface Sending {
  readonly environment: CompiledEnvironment;
  readonly role: string;
  /** The whole outgoing head: kept until the response begins, so that it can be sent again. */
  readonly text: string;
  readonly requestId: string;
}

/** Methods that may be sent twice without doing anything twice (RFC 9110 §9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * One request and its response, or the tunnel it becomes. Counted at exactly one endpoint from `admit` until `#over`.
 *
 * A request is sent a second time only when (a) nothing of it was sent: the connection was refused or never came up;
 * or (b) the connection closed before any byte of the response, the method is idempotent, and no body byte was sent:
 * to another endpoint, or to the same one when it was a kept connection. (b) happens once.
 */
export class Exchange implements InFlight, UpstreamOwner, ResponseTarget {
  slot = -1;
  readonly method: string;
  readonly minor: number;
  readonly websocket: boolean;
  readonly #client: Client;
  readonly #sending: Sending;
  readonly #json: boolean;
  readonly #keepAsked: boolean;
  readonly #body: BodyReader;
  readonly #relay: ResponseRelay;
  readonly #tooLong: boolean;
  #endpoint: EndpointState | null = null;
  #upstream: Upstream | null = null;
  #tried: Set<EndpointState> | null = null;
  #sent = false;
  #bodySent = false;
  #answered = false;
  #retried = false;
  #tunnel: Tunnel | null = null;
  #finished = false;

  constructor(client: Client, head: RequestHead, sending: Sending) {
    this.#client = client;
    this.#sending = sending;
    this.method = head.method;
    this.minor = head.minor;
    this.websocket = head.websocket;
    this.#json = wantsJson(head.accept);
    this.#keepAsked = head.minor === 1 ? !head.close : head.keepAlive && !head.close;
    this.#body = requestBody(head);
    this.#relay = new ResponseRelay(this, client.engine.responseHead);
    this.#tooLong = this.#exceeds(head.length);
  }

  get streaming(): boolean {
    return this.#tunnel !== null || this.#relay.streaming;
  }

  get keepLines(): string {
    return this.#client.engine.keepLines;
  }

  /** The connection is ready for what the client sends: body bytes, or anything at all in a tunnel. */
  get wantsBody(): boolean {
    return this.#sent && (this.#tunnel !== null || !this.#body.done);
  }

  start(endpoint: EndpointState): void {
    this.#endpoint = endpoint;
    if (this.#tooLong) this.#tooLarge();
    else this.#connect(endpoint, false);
  }

  /** @returns how many of the bytes belonged to this request */
  takeBody(data: Buffer): number {
    const upstream = this.#upstream as Upstream;
    if (this.#tunnel !== null) {
      this.#tunnel.fromClient(data);
      return data.length;
    }
    this.#touch();
    const body = this.#body;
    const end = body.decode(data, 0);
    const trailer = end >= 0 && body.done ? body.trailer() : '';
    if (end < 0 || trailer === null) {
      this.#fail(400, 'bad-body', 'The request body is malformed.');
      return data.length;
    }
    if (this.#exceeds(body.received)) {
      this.#tooLarge();
      return data.length;
    }
    this.#bodySent = true;
    const content =
      body.kind === 'length'
        ? data.subarray(0, end)
        : reframe(data, body, { chunked: body.kind === 'chunked', trailer });
    if (content !== null && !upstream.socket.write(content)) this.#client.pause();
    if (body.done) this.#awaitHead();
    return end;
  }

  // ── what the app's connection tells us ──

  upstreamConnected(): void {
    this.#send();
  }

  upstreamData(data: Buffer): void {
    if (this.#tunnel !== null) {
      this.#tunnel.fromApp(data);
      return;
    }
    this.#answered = true;
    if (this.#relay.started) this.#touch();
    const before = this.#relay.started;
    const state = this.#relay.feed(data);
    if (!before && this.#relay.started) this.#begun();
    this.#proceed(state);
  }

  upstreamEnded(): void {
    if (this.#tunnel !== null) this.#tunnel.appEnded();
    else this.#upstreamGone(null);
  }

  upstreamClosed(error: Error | null): void {
    if (this.#finished) return;
    if (this.#tunnel !== null) {
      this.#over();
      this.#client.linger();
    } else {
      this.#upstreamGone(error);
    }
  }

  upstreamDrained(): void {
    this.#touch();
    this.#client.resume();
  }

  // ── what the client's connection tells us ──

  /** @param whole nothing that the client sent before its end is still unread */
  clientEnded(whole: boolean): void {
    if (this.#tunnel !== null) {
      this.#tunnel.clientEnded();
    } else if (whole && this.#sent && !this.#body.done) {
      this.#abandon();
    } else if (this.#relay.streaming) {
      // Half-closed clients still get answers that end; nobody listens to an event stream that way.
      this.#abandon();
    }
  }

  clientClosed(): void {
    this.#abandon();
  }

  clientDrained(): void {
    this.#touch();
    const socket = this.#upstream?.socket;
    if (socket?.isPaused() === true) socket.resume();
  }

  /** The phase we are in took too long. */
  expired(): void {
    // A tick can come between a cut and the close event it causes.
    if (this.#finished) return;
    if (this.#tunnel !== null) this.cut();
    else if (!this.#sent) this.#unreachable(true);
    else if (this.#relay.started) this.#fail(504, 'idle-timeout', '');
    else if (this.#body.done || this.#client.socket.isPaused()) {
      this.#fail(504, 'response-timeout', 'The app did not answer in time.');
    } else this.#fail(408, 'body-timeout', 'The request body did not arrive in time.');
  }

  // ── what a drain asks ──

  closeStream(): void {
    if (this.#finished) return;
    if (this.#tunnel !== null) {
      this.#tunnel.sayGoodbye();
      this.#upstream?.destroy();
      this.#over();
      this.#client.linger();
    } else if (this.#relay.finishEarly()) {
      this.#relay.reusable = false;
      this.#complete();
    } else {
      this.cut();
    }
  }

  cut(): void {
    if (this.#finished) return;
    this.#abandon();
    this.#client.destroy();
  }

  // ── ResponseTarget ──

  mayKeep(): boolean {
    return this.#keepAsked && this.#body.done && !this.#client.engine.closing;
  }

  write(data: string | Buffer): void {
    if (!this.#client.write(data)) this.#upstream?.socket.pause();
  }

  // ── inside ──

  #connect(endpoint: EndpointState, fresh: boolean): void {
    const careful = !idempotent.has(this.method) || this.#body !== noBody;
    const kept = fresh ? null : takeIdle(endpoint, careful, performance.now());
    this.#sent = false;
    if (kept !== null) {
      kept.owner = this;
      this.#upstream = kept;
      this.#send();
      return;
    }
    const { connectTimeoutMs, keepAliveMs } = this.#sending.environment.upstream;
    this.#client.deadline = this.#client.engine.after(connectTimeoutMs);
    this.#upstream = new Upstream(endpoint, this, keepAliveMs);
  }

  #send(): void {
    const { socket } = this.#upstream as Upstream;
    this.#sent = true;
    if (this.#body.done) {
      socket.write(this.#sending.text, 'latin1');
      this.#awaitHead();
      return;
    }
    this.#touch();
    socket.cork();
    socket.write(this.#sending.text, 'latin1');
    this.#client.resume();
    this.#client.offer();
    socket.uncork();
  }

  #awaitHead(): void {
    const { responseTimeoutMs } = this.#sending.environment.upstream;
    if (!this.#relay.started) this.#client.deadline = this.#client.engine.after(responseTimeoutMs);
  }

  #touch(): void {
    if (this.#tunnel === null && !this.#finished) {
      this.#client.deadline = this.#client.engine.after(this.#sending.environment.upstream.idleTimeoutMs);
    }
  }

  #exceeds(bytes: number): boolean {
    const { maxBodyBytes } = this.#sending.environment.upstream;
    return maxBodyBytes !== null && bytes > maxBodyBytes;
  }

  #tooLarge(): void {
    this.#fail(413, 'body-too-large', 'The request body is larger than this app allows.');
  }

  /** The status is out. */
  #begun(): void {
    this.#touch();
    if (this.#relay.status >= 500) this.#sending.environment.counts.errors++;
    if (this.#relay.keepAliveMs >= 0 && this.#upstream !== null) {
      this.#upstream.keepAliveMs = this.#relay.keepAliveMs;
    }
  }

  #proceed(state: RelayState): void {
    if (state === 'done') this.#complete();
    else if (state === 'bad') this.#fail(502, 'bad-response', 'The app sent a malformed response.');
    else if (state === 'upgraded') this.#openTunnel();
  }

  #openTunnel(): void {
    const { idleTimeoutMs } = this.#sending.environment.upstream;
    this.#tunnel = new Tunnel(this.#client, this.#upstream as Upstream, idleTimeoutMs);
    const { rest } = this.#relay;
    if (rest !== null) this.upstreamData(rest);
    this.#client.resume();
    this.#client.offer();
  }

  /** The response is complete, and all of it is written to the client. */
  #complete(): void {
    const upstream = this.#upstream;
    const keep = this.#relay.keeps;
    this.#upstream = null;
    if (upstream !== null) {
      if (this.#relay.reusable && this.#body.done) upstream.keep();
      else upstream.destroy();
    }
    this.#over();
    this.#client.exchangeOver(keep);
  }

  /** The app's side ended or broke, while we waited for it. */
  #upstreamGone(error: Error | null): void {
    const upstream = this.#upstream;
    if (this.#finished || upstream === null) return;
    if (!this.#sent) {
      this.#unreachable(false);
    } else if (error === null && this.#relay.ended()) {
      this.#complete();
    } else if (!this.#repeat(upstream)) {
      const says = error === null ? 'The app closed the connection' : 'The connection to the app broke';
      this.#fail(502, 'upstream-closed', `${says} before its answer was complete.`);
    }
  }

  /** A kept connection may have been closed by a healthy app; an instance that ended under the request gets no more. */
  #repeat({ reused }: Upstream): boolean {
    if (this.#answered || this.#bodySent || this.#retried || !idempotent.has(this.method)) return false;
    this.#retried = true;
    return this.#again(reused);
  }

  /** Nothing has been sent: any other endpoint may have it. */
  #unreachable(late: boolean): void {
    if (this.#again(false)) return;
    if (late) this.#fail(504, 'connect-timeout', 'No instance of the app accepted a connection in time.');
    else this.#fail(502, 'connect-refused', 'No instance of the app accepts connections.');
  }

  #again(sameAllowed: boolean): boolean {
    const last = this.#endpoint as EndpointState;
    const { environment, role } = this.#sending;
    this.#tried ??= new Set();
    this.#tried.add(last);
    this.#upstream?.destroy();
    this.#upstream = null;
    const next = claimAnother(environment, role, this, { last, all: this.#tried });
    if (next === null && !sameAllowed) return false;
    if (next !== null) this.#endpoint = next;
    this.#connect(next ?? last, true);
    return true;
  }

  /** No (complete) answer: a page if the status is still ours to choose, else a broken connection. */
  #fail(status: number, code: string, says: string): void {
    if (this.#finished) return;
    if (status >= 500) this.#sending.environment.counts.failed++;
    this.#upstream?.destroy();
    this.#upstream = null;
    const started = this.#relay.started;
    this.#over();
    if (started) {
      this.#client.breakOff(this.#relay.endsByClose);
      return;
    }
    this.#client.answer(
      { status, code, says, requestId: this.#sending.requestId, json: this.#json },
      { method: this.method, keep: this.#keepAsked && this.#body.done && status >= 500 },
    );
  }

  /** Nobody is there to answer any more. */
  #abandon(): void {
    if (this.#finished) return;
    this.#upstream?.destroy();
    this.#upstream = null;
    this.#over();
    if (!this.#client.socket.destroyed) this.#client.destroy();
  }

  #over(): void {
    this.#finished = true;
    const endpoint = this.#endpoint;
    this.#endpoint = null;
    if (endpoint === null) return;
    this.#sending.environment.counts.inFlight--;
    release(endpoint, this);
  }
}
