import type { Known, Outcome } from '../access-line.ts';
import { formatAccessLine } from '../access-line.ts';

/** What is known when it has ended. */
export interface End {
  readonly outcome: Outcome;
  /** 0: the client saw none. */
  readonly status: number;
  readonly code: string | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface How {
  /** Null: only its times are wanted. */
  readonly log: ((line: string) => void) | null;
  readonly timed: boolean;
  /** It was decided before, and waited: since then it counts. */
  readonly before: Visit | null;
}

/**
 * One request while it is watched: the moments that the access log and `Server-Timing` tell. There is none when nobody
 * asked for either.
 */
export class Visit {
  readonly #known: Known;
  readonly #log: ((line: string) => void) | null;
  readonly #timed: boolean;
  readonly #time: number;
  readonly #begun: number;
  #claimedAt = -1;
  #sentAt = -1;
  #answeredAt = -1;
  #endpoint: string | null = null;
  #tries = 0;
  #ended = false;

  constructor(known: Known, { log, timed, before }: How) {
    this.#known = known;
    this.#log = log;
    this.#timed = timed;
    this.#time = before === null ? Date.now() : before.#time;
    this.#begun = before === null ? performance.now() : before.#begun;
  }

  /** A connection to this endpoint is taken or made for it. */
  claimed(endpoint: string): void {
    this.#endpoint = endpoint;
    if (this.#tries++ === 0) this.#claimedAt = performance.now();
  }

  /** Its head goes to the app. */
  sent(): void {
    this.#sentAt = performance.now();
  }

  /** The first byte of the app's answer has come. */
  answered(): void {
    this.#answeredAt = performance.now();
  }

  /** The header line with CRLF, or nothing. Named after Teal: the app may send its own. */
  serverTiming(): string {
    if (!this.#timed) return '';
    const parts = [`teal;dur=${short(performance.now() - this.#begun)}`];
    const add = (name: string, from: number, to: number): void => {
      if (from >= 0 && to >= from) parts.push(`${name};dur=${short(to - from)}`);
    };
    add('teal-queue', this.#begun, this.#claimedAt);
    add('teal-connect', this.#claimedAt, this.#sentAt);
    add('teal-app', this.#sentAt, this.#answeredAt);
    return `Server-Timing: ${parts.join(', ')}\r\n`;
  }

  /** Told once; what ends a request may be seen from both of its sides. */
  end({ outcome, status, code, bytesIn, bytesOut }: End): void {
    if (this.#ended || this.#log === null) return;
    this.#ended = true;
    this.#log(
      formatAccessLine(this.#known, {
        time: isoTime(this.#time),
        endpoint: this.#endpoint,
        status: status === 0 ? null : status,
        outcome,
        code,
        tries: this.#tries,
        bytesIn,
        bytesOut,
        ms: performance.now() - this.#begun,
        connectMs: this.#since(this.#sentAt),
        firstByteMs: this.#since(this.#answeredAt),
        worker: process.pid,
      }),
    );
  }

  #since(moment: number): number | null {
    return moment < 0 ? null : moment - this.#begun;
  }
}

/** What an exchange has carried so far. */
export function carried(
  relay: { readonly started: boolean; readonly status: number; readonly received: number },
  body: { readonly received: number },
  tunnel: { readonly bytesIn: number; readonly bytesOut: number } | null,
): Pick<End, 'status' | 'bytesIn' | 'bytesOut'> {
  return {
    status: relay.started ? relay.status : 0,
    bytesIn: tunnel?.bytesIn ?? body.received,
    bytesOut: tunnel?.bytesOut ?? relay.received,
  };
}

let lastTime = Number.NaN;
let lastText = '';

/** Under load many requests begin in the same millisecond, and its text costs more than the rest of a line. */
function isoTime(ms: number): string {
  if (ms !== lastTime) {
    lastTime = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
}

/** Milliseconds with a tenth, as browsers show them. */
function short(ms: number): string {
  return `${Math.round(ms * 10) / 10}`;
}
