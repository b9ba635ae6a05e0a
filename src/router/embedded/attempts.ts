import { isIdempotent } from './claim.ts';
import { SentBody } from './http2/sent-body.ts';
import type { UpstreamLink } from './upstream.ts';

/** Who is refused by every instance is not helped by asking on: twice covers a session that ends, and its successor. */
const mostRefusals = 2;

/** Where a request may go once more: nowhere, to another endpoint, or also to the same one. */
export type Again = 'no' | 'elsewhere' | 'anywhere';

/**
 * Whether one request may be sent again: only when (a) nothing of it was sent: the connection was refused or never came
 * up; or (b) the connection closed before any byte of the response, the method is idempotent, and no body byte was sent:
 * to another endpoint, or to the same one when it was a kept connection; or (c) the app said over HTTP/2 that it has
 * begun nothing of it, and all of it is still here. (b) happens once, (c) twice. All only as long as the environment's
 * retry budget lasts, but for a kept connection and (c): an app that closes those is not in trouble.
 */
export class Attempts {
  /** Null over HTTP/1.1, where nothing tells that a body was not used. */
  readonly sentBody: SentBody | null;
  answered = false;
  bodySent = false;
  readonly idempotent: boolean;
  #repeated = false;
  #refusals = 0;

  constructor(method: string, streams: boolean) {
    this.idempotent = isIdempotent(method);
    this.sentBody = streams ? new SentBody() : null;
  }

  /**
   * The connection went away under the request. A kept one may have been closed by a healthy app; an instance that ended
   * under the request gets no more. What was refused has not been begun, and may be repeated whatever it is, when
   * all of it is still here.
   */
  afterLoss({ reused, refused }: UpstreamLink): Again {
    if (this.answered) return 'no';
    if (refused) {
      return this.sentBody?.whole === true && this.#refusals++ < mostRefusals ? 'anywhere' : 'no';
    }
    if (this.bodySent || this.#repeated || !this.idempotent) return 'no';
    this.#repeated = true;
    return reused ? 'anywhere' : 'elsewhere';
  }
}
