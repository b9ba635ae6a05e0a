import { Attempts } from './attempts.ts';
import { noBody, type BodyReader } from './body.ts';
import { readRequestBody } from './read-body.ts';
import type { Want } from './balance.ts';
import type { Client } from './client.ts';
import type { Downstream } from './downstream.ts';
import type { Outcome } from '../access-line.ts';
import { Deadlines } from './deadlines.ts';
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
import { isOwnFault, type Upstream, type UpstreamLink, type UpstreamOwner } from './upstream.ts';
import type { Waiter } from './wait-line.ts';
import { carried } from './visit.ts';

/**
 * One request and its response, or the tunnel it becomes. Where it is counted is its hold's business.
 * Whether it may be sent a second time is its attempts'.
 */
export class Exchange implements Waiter, UpstreamOwner, ResponseTarget {
  slot = -1;
  busy = false;
  pinned = false;
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
  readonly #deadlines: Deadlines;
  readonly #attempts: Attempts;
  #upstream: UpstreamLink | null = null;
  #sent = false;
  #tunnel: Tunnel | null = null;
  #finished = false;

  constructor(client: Downstream, head: RequestHead, sending: Sending, body: BodyReader) {
    this.#client = client;
    this.#sending = sending;
    this.#hold = new Hold(sending, this, client.engine);
    this.#deadlines = new Deadlines(client, sending.environment.upstream, sending.last);
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
    else this.#deadlines.until(until);
  }

  begin(endpoint: EndpointState): void {
    this.#connect(endpoint, this.#hold.begin(endpoint));
  }

  hopeless(): void {
    if (this.#hold.leaves(this.#attempts)) this.decideAgain(true);
    else this.#fail('connect-refused');
  }

  decideAgain(left = false): void {
    const { waitsUntil } = this.#hold;
    this.#finished = true;
    this.#hold.leave(true);
    const { visit, head } = this.#sending;
    const { last } = this.#deadlines;
    this.#client.decideAgain(head, { waitsUntil, last, visit, verified: left, left });
  }

  /** @returns how many of the bytes belonged to this request */
  takeBody(data: Buffer): number {
    if (this.#tunnel !== null) {
      this.#tunnel.fromClient(data);
      return data.length;
    }
    this.#touch();
    const read = readRequestBody(this.#body, data, this.#sending.environment.upstream.maxBodyBytes);
    if (typeof read === 'string') this.#fail(read);
    else this.#passBody(data, read.trailer);
    return typeof read === 'string' ? data.length : read.end;
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
    if (!this.#attempts.answered) this.#sending.visit?.answered();
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
      this.#over('ok');
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
      this.#abandon('client-gone');
    }
  }

  clientClosed(): void {
    this.#abandon(this.#tunnel?.halfClosed === true ? 'ok' : 'client-gone');
  }

  clientDrained(): void {
    this.#touch();
    this.#upstream?.resume();
  }

  /** The phase we are in took too long. */
  expired(): void {
    // A tick can come between a cut and the close event it causes.
    if (this.#finished) return;
    if (this.#tunnel !== null) this.cut();
    else if (this.#deadlines.totalPassed) this.#fail('total-timeout');
    else if (this.#hold.waitsUntil !== null) this.#fail('queue-timeout');
    else if (!this.#sent) this.#unreachable(true, null);
    else if (this.#relay.started) {
      // Held back by us: then it is the client that is slow.
      this.#fail(this.#upstream?.paused === true ? 'client-idle' : 'idle-timeout');
    } else if (this.#body.done || this.#client.paused) this.#fail('response-timeout');
    else this.#fail('body-timeout');
  }

  closeStream(): void {
    if (this.#finished) return;
    if (this.#tunnel !== null) {
      this.#tunnel.sayGoodbye();
      this.#upstream?.destroy();
      this.#over('drained');
      this.#client.linger();
    } else if (this.#relay.finishEarly()) {
      this.#relay.reusable = false;
      this.#complete('drained');
    } else {
      this.cut();
    }
  }

  cut(): void {
    if (this.#finished) return;
    this.#abandon('cut');
    this.#client.destroy();
  }

  mayKeep(): boolean {
    return this.#keepAsked && this.#body.done && !this.#client.engine.closing;
  }

  get ownLines(): string {
    return this.#hold.ownLines(this.#sending) + this.#client.everyLines;
  }

  write(data: string | Buffer): void {
    if (!this.#client.write(data)) this.#upstream?.pause();
  }

  #connect(endpoint: EndpointState, fresh: boolean): void {
    const { keepAliveMs } = this.#sending.environment.upstream;
    this.#sending.visit?.claimed(endpoint.id);
    const careful = !this.#attempts.idempotent || this.#body !== noBody;
    const link = linkTo(endpoint, this, {
      keepAliveMs,
      local: this.#sending.local ?? null,
      sentBody: this.#attempts.sentBody,
      idle: fresh ? 'none' : careful ? 'careful' : 'any',
    });
    this.#upstream = link;
    this.#relay.endsApart = link.endsApart;
    this.#sent = false;
    if (link.connected) this.#send(link);
    else this.#deadlines.connecting();
  }

  #send(link: UpstreamLink): void {
    this.#sent = true;
    this.#sending.visit?.sent();
    if (this.#body.done) {
      link.sendHead(this.#sending.text, null);
      this.#deadlines.awaitingHead();
      this.#sending.copy?.begin();
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
    if (!(this.#upstream as UpstreamLink).sendBody(data, this.#body, trailer)) this.#client.pause();
    this.#sending.copy?.take(data, this.#body, trailer);
    if (this.#body.done && !this.#relay.started) this.#deadlines.awaitingHead();
  }

  #touch(): void {
    if (this.#tunnel === null && !this.#finished && this.#hold.waitsUntil === null) this.#deadlines.moved();
  }

  /** The status is out. */
  #begun(): void {
    if (this.#relay.streaming) this.#deadlines.untilClosed();
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
  #complete(outcome: Outcome = 'ok'): void {
    const upstream = this.#upstream;
    const keep = this.#relay.keeps;
    this.#upstream = null;
    if (upstream !== null) {
      if (this.#relay.reusable && this.#body.done) upstream.keep();
      else upstream.destroy();
    }
    this.#over(outcome);
    this.#client.exchangeOver(keep);
  }

  /** The app's side ended or broke, while we waited for it. */
  #upstreamGone(error: Error | null, trailer: string | null): void {
    const upstream = this.#upstream;
    if (this.#finished || upstream === null) return;
    if (!this.#sent) this.#unreachable(false, error);
    else if (error === null && this.#relay.ended(trailer)) this.#complete();
    else if (!this.#repeat(upstream)) this.#fail('upstream-closed');
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
    const again = this.#hold.again(kept, this.#attempts);
    if (again === 'give-up') return false;
    this.#upstream?.destroy();
    this.#upstream = null;
    this.#sent = false;
    if (again === 'connect') this.#connect(this.#hold.endpoint as EndpointState, true);
    else if (again !== 'wait') this.decideAgain(again === 'leave');
    else this.#deadlines.until(this.#hold.waitsUntil as number);
    return true;
  }

  /** No (complete) answer: a page if the status is still ours to choose, else a broken connection. */
  #fail(code: FaultCode): void {
    if (this.#finished) return;
    const fault = faultOf(code);
    const { status, says } = fault;
    const { environment, group, requestId, visit } = this.#sending;
    this.#hold.failed(fault);
    this.#upstream?.destroy();
    this.#upstream = null;
    if (this.#relay.started) {
      this.#over('broken', code);
      this.#client.breakOff(this.#relay.endsByClose);
      return;
    }
    const headers = status === 503 ? retryAfter(group) : '';
    const keep = this.#keepAsked && this.#body.done && status >= 500;
    this.#over(null);
    this.#client.answer(
      { status, code, says, requestId, json: this.#json, headers, pages: environment.pages },
      { method: this.method, keep, visit, bytesIn: this.#body.received },
    );
  }

  /** Nobody is there to answer any more. */
  #abandon(outcome: Outcome): void {
    if (this.#finished) return;
    this.#upstream?.destroy();
    this.#upstream = null;
    this.#over(outcome);
    if (!this.#client.destroyed) this.#client.destroy();
  }

  /** @param outcome null when a page of ours tells it */
  #over(outcome: Outcome | null, code: string | null = null): void {
    this.#finished = true;
    this.#sending.copy?.abandon();
    if (outcome !== null)
      this.#sending.visit?.end({ outcome, code, ...carried(this.#relay, this.#body, this.#tunnel) });
    this.#hold.leave();
  }
}
