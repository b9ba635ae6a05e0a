import { Attempts } from './attempts.ts';
import type { BodyReader } from './body.ts';
import { noBody, readRequestBody } from './body.ts';
import type { Want } from './balance.ts';
import type { Client } from './client.ts';
import type { Downstream } from './downstream.ts';
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
import { linkTo } from './upstream-link.ts';
import type { Upstream, UpstreamLink, UpstreamOwner } from './upstream.ts';
import { isOwnFault } from './upstream.ts';
import type { Waiter } from './wait-line.ts';

/**
 * One request and its response, or the tunnel it becomes. Where it is counted is its hold's business.
 * Whether it may be sent a second time is its attempts'.
 */
export class Exchange implements Waiter, UpstreamOwner, ResponseTarget {
  slot = -1;
  busy = false;
  readonly method: string;
  readonly minor: number;
  readonly websocket: boolean;
  readonly #client: Downstream;
  readonly #sending: Sending;
  readonly #json: boolean;
  readonly #keepAsked: boolean;
  readonly #body: BodyReader;
  readonly #relay: ResponseRelay;
  readonly #tooLong: boolean;
  readonly #hold: Hold;
  readonly #attempts: Attempts;
  #upstream: UpstreamLink | null = null;
  #sent = false;
  #tunnel: Tunnel | null = null;
  #finished = false;

  constructor(client: Downstream, head: RequestHead, sending: Sending, body: BodyReader) {
    this.#client = client;
    this.#sending = sending;
    this.#hold = new Hold(sending, this, client.engine);
    this.method = head.method;
    this.minor = head.minor;
    this.websocket = head.websocket;
    this.#json = wantsJson(head.accept);
    this.#keepAsked = head.minor === 1 ? !head.close : head.keepAlive && !head.close;
    this.#body = body;
    // An upgrade is a thing of HTTP/1.1.
    const streams = sending.environment.upstream.protocol === 'h2c' && !head.websocket;
    this.#attempts = new Attempts(head.method, streams);
    this.#relay = new ResponseRelay(this, client.writer(this), client.engine.responseHead);
    this.#tooLong = head.length > (sending.environment.upstream.maxBodyBytes ?? Infinity);
  }

  get streaming(): boolean {
    return this.#tunnel !== null || this.#relay.streaming;
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

  /** @returns how many of the bytes belonged to this request */
  takeBody(data: Buffer): number {
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
    this.#passBody(data, read.trailer);
    return read.end;
  }

  /** The client said apart from the body that it ends here. @param trailer field lines, or nothing */
  endBody(trailer: string): void {
    const body = this.#body;
    if (this.#finished || body.done) return;
    const passable = body.finish(trailer) ? body.trailer() : null;
    if (passable === null) this.#fail('bad-body');
    else this.#passBody(Buffer.alloc(0), passable);
  }

  // ── what the app's connection tells us ──

  upstreamConnected(): void {
    if (this.#upstream !== null) this.#send(this.#upstream);
  }

  upstreamData(data: Buffer): void {
    if (this.#tunnel !== null) {
      this.#tunnel.fromApp(data);
      return;
    }
    this.#attempts.answered = true;
    if (this.#relay.started) this.#touch();
    const before = this.#relay.started;
    const state = this.#relay.feed(data);
    if (!before && this.#relay.started) this.#begun();
    this.#proceed(state);
  }

  upstreamEnded(trailer: string | null): void {
    if (this.#tunnel !== null) this.#tunnel.appEnded();
    else this.#upstreamGone(null, trailer);
  }

  upstreamClosed(error: Error | null): void {
    if (this.#finished) return;
    if (this.#tunnel !== null) {
      this.#over();
      this.#client.linger();
    } else {
      this.#upstreamGone(error, null);
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
    this.#upstream?.resume();
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
      this.#fail(this.#upstream?.paused === true ? 'client-idle' : 'idle-timeout');
    } else if (this.#body.done || this.#client.paused) this.#fail('response-timeout');
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

  mayKeep(): boolean {
    return this.#keepAsked && this.#body.done && !this.#client.engine.closing;
  }

  get ownLines(): string {
    return this.#hold.stickyLine(this.#sending.secure);
  }

  write(data: string | Buffer): void {
    if (!this.#client.write(data)) this.#upstream?.pause();
  }

  // ── inside ──

  #connect(endpoint: EndpointState, fresh: boolean): void {
    const { keepAliveMs, connectTimeoutMs } = this.#sending.environment.upstream;
    const careful = !this.#attempts.idempotent || this.#body !== noBody;
    const link = linkTo(endpoint, this, {
      keepAliveMs,
      sentBody: this.#attempts.sentBody,
      idle: fresh ? 'none' : careful ? 'careful' : 'any',
    });
    this.#upstream = link;
    this.#relay.endsApart = link.endsApart;
    this.#sent = false;
    if (link.connected) this.#send(link);
    else this.#client.deadline = this.#client.engine.after(connectTimeoutMs);
  }

  #send(link: UpstreamLink): void {
    this.#sent = true;
    if (this.#body.done) {
      link.sendHead(this.#sending.text, null);
      this.#awaitHead();
      return;
    }
    this.#touch();
    link.sendHead(this.#sending.text, () => {
      this.#client.resume();
      this.#client.offer();
    });
  }

  #passBody(data: Buffer, trailer: string): void {
    this.#attempts.bodySent = true;
    const upstream = this.#upstream as UpstreamLink;
    if (!upstream.sendBody(data, this.#body, trailer)) this.#client.pause();
    if (this.#body.done) this.#awaitHead();
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
    // Only HTTP/1.1 on both sides gets here: nothing else asks for an upgrade, or is asked for one.
    this.#tunnel = new Tunnel(this.#client as Client, this.#upstream as Upstream, idleTimeoutMs);
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
  #upstreamGone(error: Error | null, trailer: string | null): void {
    const upstream = this.#upstream;
    if (this.#finished || upstream === null) return;
    if (!this.#sent) {
      this.#unreachable(false, error);
    } else if (error === null && this.#relay.ended(trailer)) {
      this.#complete();
    } else if (!this.#repeat(upstream)) {
      this.#fail('upstream-closed');
    }
  }

  #repeat(link: UpstreamLink): boolean {
    const again = this.#attempts.afterLoss(link);
    if (again === 'no') return false;
    if (again === 'elsewhere') this.#hold.blame('broken');
    return this.#again(again === 'anywhere');
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
    if (!this.#client.destroyed) this.#client.destroy();
  }

  #over(): void {
    this.#finished = true;
    this.#hold.leave();
  }
}
