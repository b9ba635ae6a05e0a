import { tally, type CopyOutcome } from '../../tally.ts';
import { BodyReader, noBody, reframe } from '../body.ts';
import type { CompiledEnvironment } from '../compiled-table.ts';
import { SentBody } from '../http2/sent-body.ts';
import { ResponseRelay, type ResponseTarget, type ResponseWriter } from '../response.ts';
import { linkTo } from '../upstream-link.ts';
import type { UpstreamLink, UpstreamOwner } from '../upstream.ts';
import type { Copies } from './copies.ts';
import type { Mirror } from '../compiled-table.ts';

/** Of an answer that nobody reads; what is longer is cut off, since reading it takes time from those who wait for theirs. */
const mostAnswerBytes = 4 * 1024 * 1024;

/** What is sent. */
interface Text {
  readonly role: string;
  readonly method: string;
  /** The whole head. */
  readonly text: string;
}

/**
 * A request's copy: collects its body while that goes through, is sent once and after it, and throws the answer away. It is told what happens
 * to the request, and never tells: nothing that becomes of it reaches the client. It is not sent again.
 */
export class Copy implements UpstreamOwner, ResponseTarget {
  /** On the engine's clock. */
  deadline = Infinity;
  readonly environment: CompiledEnvironment;
  readonly method: string;
  readonly minor = 1;
  readonly websocket = false;
  readonly ownLines = '';
  readonly #copies: Copies;
  readonly #mirror: Mirror;
  readonly #what: Text;
  readonly #relay: ResponseRelay;
  /** `new`: nothing of the request has been sent, either. */
  #state: 'new' | 'collecting' | 'sent' | 'over' = 'new';
  #pieces: Buffer[] = [];
  #body: BodyReader = noBody;
  #trailer = '';
  #link: UpstreamLink | null = null;
  #sentAt = 0;

  constructor(copies: Copies, mirror: Mirror, what: Text) {
    this.#copies = copies;
    this.#mirror = mirror;
    this.#what = what;
    this.environment = mirror.environment;
    this.method = what.method;
    this.#relay = new ResponseRelay(this, discarding, copies.clock.responseHead);
  }

  /** The request has no body, and is on its way; it may be told again, when that is sent again. */
  begin(): void {
    if (this.#enters()) this.#connect();
  }

  /** What `body` last decoded of `data`, which is borrowed; the trailer when it is done. */
  take(data: Buffer, body: BodyReader, trailer: string): void {
    if (this.#state !== 'collecting' && !this.#enters()) return;
    if (body.received > this.#mirror.maxBodyBytes) {
      this.#over('too-large');
      return;
    }
    const piece = reframe(data, body, { chunked: false, trailer: '' });
    if (piece !== null) this.#pieces.push(piece);
    if (!body.done) return;
    this.#body = new WholeBody(body.kind === 'length' ? 'length' : 'chunked', body.received);
    this.#trailer = trailer;
    this.#connect();
  }

  /** The request is over: what has not all come never will. */
  abandon(): void {
    if (this.#state === 'new' || this.#state === 'collecting') this.#over(null);
  }

  expire(): void {
    this.#over(this.#state === 'sent' ? 'timeout' : null);
  }

  cut(): void {
    this.#over(null);
  }

  upstreamConnected(): void {
    if (this.#link !== null) this.#send(this.#link);
  }

  upstreamData(data: Buffer): void {
    const relay = this.#relay;
    const before = relay.started;
    const state = relay.feed(data);
    if (!before && relay.started) this.#answered();
    if (state === 'bad' || state === 'upgraded') this.#over('failed');
    else if (state === 'done') this.#complete();
    // An event stream has no end, and the rest of a long answer says nothing that its beginning did not.
    else if (relay.streaming || relay.received > mostAnswerBytes) this.#over('answered');
  }

  upstreamEnded(trailer: string | null): void {
    if (this.#relay.ended(trailer)) this.#complete();
    else this.#over('failed');
  }

  upstreamClosed(): void {
    this.#over('failed');
  }

  upstreamDrained(): void {}

  mayKeep(): boolean {
    return false;
  }

  write(): void {}

  /** @returns whether it was new, and found a place */
  #enters(): boolean {
    if (this.#state !== 'new') return false;
    if (!this.#copies.enter(this)) {
      this.#over('busy');
      return false;
    }
    // Also of the body: whoever sends it slowly takes nobody's place for longer.
    this.deadline = this.#copies.clock.after(this.#mirror.timeoutMs);
    this.#state = 'collecting';
    return true;
  }

  #connect(): void {
    this.#state = 'sent';
    const endpoint = this.#copies.endpoint(this.environment, this.#what.role);
    if (endpoint === null) {
      this.#over('no-instance');
      return;
    }
    const { keepAliveMs, protocol } = this.environment.upstream;
    const link = linkTo(endpoint, this, {
      keepAliveMs,
      sentBody: protocol === 'h2c' ? new SentBody() : null,
      // One that may just be closed would be lost, and is not sent again.
      idle: 'careful',
    });
    this.#link = link;
    this.#relay.endsApart = link.endsApart;
    if (link.connected) this.#send(link);
  }

  #send(link: UpstreamLink): void {
    this.#sentAt = performance.now();
    const content = Buffer.concat(this.#pieces);
    this.#pieces = [];
    const body = this.#body;
    link.sendHead(
      this.#what.text,
      body === noBody ? null : () => void link.sendBody(content, body, this.#trailer),
    );
  }

  #answered(): void {
    const { status, keepAliveMs } = this.#relay;
    tally(this.environment.counts.tallies, 'mirror', status, performance.now() - this.#sentAt);
    if (keepAliveMs >= 0 && this.#link !== null) this.#link.keepAliveMs = keepAliveMs;
  }

  #complete(): void {
    const link = this.#link;
    if (this.#relay.reusable) {
      this.#link = null;
      link?.keep();
    }
    this.#over('answered');
  }

  /** @param outcome null: it is counted nowhere, since the request itself came to nothing, or this process ends */
  #over(outcome: CopyOutcome | null): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#pieces = [];
    this.#link?.destroy();
    this.#link = null;
    this.#copies.leave(this);
    if (outcome !== null) this.#copies.count(this.environment, outcome);
  }
}

/** A body that is all there, in one piece. */
class WholeBody extends BodyReader {
  constructor(kind: 'length' | 'chunked', size: number) {
    super(kind, size);
    this.slices.push(0, size);
    this.received = size;
    this.done = true;
  }
}

const discarding: ResponseWriter = {
  keeps: false,
  endsByClose: false,
  interim: () => {},
  upgrade: () => {},
  start: () => true,
  pass: () => {},
  finishEarly: () => false,
};
