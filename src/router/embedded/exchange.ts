import type { BodyReader } from './body.ts';
import { noBody, readRequestBody, requestBody } from './body.ts';
import type { Want } from './balance.ts';
import { isIdempotent } from './claim.ts';
import type { Client } from './client.ts';
import type { EndpointState } from './endpoint.ts';
import { retryAfter } from './group.ts';
import type { FaultCode } from './faults.ts';
import { faultOf } from './faults.ts';
import { Hold } from './hold.ts';
import { wantsJson } from './page.ts';
import type { RequestHead } from './request-head.ts';
import type { RelayState, ResponseTarget } from './response.ts';
import { ResponseRelay } from './response.ts';
import type { Sending } from './sending.ts';
import { Tunnel } from './tunnel.ts';
import type { UpstreamOwner } from './upstream.ts';
import { Upstream, isOwnFault, takeIdle } from './upstream.ts';
import type { Waiter } from './wait-line.ts';

/**
 * One request and its response, or the tunnel it becomes. Where it is counted is its hold's business.
 * A request is sent a second time only when (a) nothing of it was sent: the connection was refused or never came up;
 * or (b) the connection closed before any byte of the response, the method is idempotent, and no body byte was sent:
 * to another endpoint, or to the same one when it was a kept connection. (b) happens once. All only as long as the
 * environment's retry budget lasts, but for a kept connection: an app that closes those is not in trouble.
 */
export class Exchange implements Waiter, UpstreamOwner, ResponseTarget {
  slot = -1;
  busy = false;
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
  readonly #hold: Hold;
  #upstream: Upstream | null = null;
  #sent = false;
  #bodySent = false;
  #answered = false;
  #retried = false;
  #tunnel: Tunnel | null = null;
  #finished = false;

  constructor(client: Client, head: RequestHead, sending: Sending) {
    this.#client = client;
    this.#sending = sending;
    this.#hold = new Hold(sending, this, client.engine);
    this.method = head.method;
    this.minor = head.minor;
    this.websocket = head.websocket;
    this.#json = wantsJson(head.accept);
    this.#keepAsked = head.minor === 1 ? !head.close : head.keepAlive && !head.close;
    this.#body = requestBody(head);
    this.#relay = new ResponseRelay(this, client.engine.responseHead);
    this.#tooLong = head.length > (sending.environment.upstream.maxBodyBytes ?? Infinity);
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

  get want(): Want {
    return this.#hold.want;
  }

  /** @param endpoint null: it is in its group's line, until then (on the engine's clock) */
  start(endpoint: EndpointState | null, until: number): void {
    this.#hold.start(endpoint, until);
    if (this.#tooLong) this.#fail('body-too-large');
    else if (endpoint !== null) this.#connect(endpoint, false);
    else this.#client.deadline = until;
  }

  // ── what its group's line tells us ──

  begin(endpoint: EndpointState): void {
    this.#connect(endpoint, this.#hold.begin(endpoint));
  }

  hopeless(): void {
    this.#fail('connect-refused');
  }

  decideAgain(): void {
    const until = this.#hold.waitsUntil;
    this.#finished = true;
    this.#hold.leave(true);
    this.#client.decideAgain(this.#sending.head, until);
  }

  // ── the request's body ──

  /** @returns how many of the bytes belonged to this request */
  takeBody(data: Buffer): number {
    const upstream = this.#upstream as Upstream;
    if (this.#tunnel !== null) {
      this.#tunnel.fromClient(data);
      return data.length;
    }
    this.#touch();
    const read = readRequestBody(this.#body, data, this.#sending.environment.upstream.maxBodyBytes);
    if (typeof read === 'string') {
      this.#fail(read);
      return data.length;
    }
    this.#bodySent = true;
    if (read.content !== null && !upstream.socket.write(read.content)) this.#client.pause();
    if (this.#body.done) this.#awaitHead();
    return read.end;
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
    if (this.#hold.waitsUntil !== null) {
      if (whole) this.#fail('client-left');
    } else if (this.#tunnel !== null) {
      this.#tunnel.clientEnded();
    } else if ((whole && this.#sent && !this.#body.done) || this.#relay.streaming) {
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
    if (this.#hold.waitsUntil !== null) this.#fail('queue-timeout');
    else if (this.#tunnel !== null) this.cut();
    else if (!this.#sent) this.#unreachable(true, null);
    else if (this.#relay.started) {
      // Held back by us: then it is the client that is slow.
      this.#fail(this.#upstream?.socket.isPaused() === true ? 'client-idle' : 'idle-timeout');
    } else if (this.#body.done || this.#client.socket.isPaused()) this.#fail('response-timeout');
    else this.#fail('body-timeout');
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

  get ownLines(): string {
    return this.#hold.stickyLine(this.#sending.secure);
  }

  write(data: string | Buffer): void {
    if (!this.#client.write(data)) this.#upstream?.socket.pause();
  }

  // ── inside ──

  #connect(endpoint: EndpointState, fresh: boolean): void {
    const careful = !isIdempotent(this.method) || this.#body !== noBody;
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
    if (this.#tunnel === null && !this.#finished && this.#hold.waitsUntil === null) {
      this.#client.deadline = this.#client.engine.after(this.#sending.environment.upstream.idleTimeoutMs);
    }
  }

  /** The status is out. */
  #begun(): void {
    this.#touch();
    this.#hold.answered(this.#relay.status, this.#relay.streaming || this.#relay.status === 101);
    if (this.#relay.keepAliveMs >= 0 && this.#upstream !== null) {
      this.#upstream.keepAliveMs = this.#relay.keepAliveMs;
    }
  }

  #proceed(state: RelayState): void {
    if (state === 'done') this.#complete();
    else if (state === 'bad') this.#fail('bad-response');
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
      this.#unreachable(false, error);
    } else if (error === null && this.#relay.ended()) {
      this.#complete();
    } else if (!this.#repeat(upstream)) {
      this.#fail('upstream-closed');
    }
  }

  /** A kept connection may have been closed by a healthy app; an instance that ended under the request gets no more. */
  #repeat({ reused }: Upstream): boolean {
    if (this.#answered || this.#bodySent || this.#retried || !isIdempotent(this.method)) return false;
    this.#retried = true;
    if (!reused) this.#hold.blame('broken');
    return this.#again(reused);
  }

  /** Nothing has been sent: any other endpoint may have it. */
  #unreachable(late: boolean, error: Error | null): void {
    if (error === null || !isOwnFault(error)) this.#hold.blame('unreachable');
    if (this.#again(false)) return;
    this.#fail(late ? 'connect-timeout' : 'connect-refused');
  }

  /** @param kept see `Hold.again` @returns whether it goes on */
  #again(kept: boolean): boolean {
    const again = this.#hold.again(kept);
    if (again === 'give-up') return false;
    this.#upstream?.destroy();
    this.#upstream = null;
    this.#sent = false;
    if (again === 'connect') this.#connect(this.#hold.endpoint as EndpointState, true);
    else if (again === 'decide-again') this.decideAgain();
    else this.#client.deadline = this.#hold.waitsUntil as number;
    return true;
  }

  /** No (complete) answer: a page if the status is still ours to choose, else a broken connection. */
  #fail(code: FaultCode): void {
    if (this.#finished) return;
    const { status, says, blame, excused } = faultOf(code);
    const { environment, group, requestId } = this.#sending;
    if (status >= 500 && excused !== true) environment.counts.failed++;
    if (blame !== undefined) this.#hold.blame(blame);
    this.#upstream?.destroy();
    this.#upstream = null;
    const started = this.#relay.started;
    this.#over();
    if (started) {
      this.#client.breakOff(this.#relay.endsByClose);
      return;
    }
    const headers = status === 503 ? retryAfter(group) : '';
    const keep = this.#keepAsked && this.#body.done && status >= 500;
    this.#client.answer(
      { status, code, says, requestId, json: this.#json, headers },
      { method: this.method, keep },
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
    this.#hold.leave();
  }
}
