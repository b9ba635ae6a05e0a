import { hostname } from 'node:os';
import { version } from '../../config/version.ts';
import { TealError } from '../../errors.ts';
import type { LeaseView } from '../../store/lease.ts';
import type { Answer } from '../access/guard.ts';
import { problemResponse } from '../api/problem.ts';
import { pause } from '../pause.ts';
import { forward, forwardedBy, NotReached, type Asked } from './forward.ts';

export interface FrontOptions {
  /** Of this control plane. */
  readonly name: string;
  /** What can be said without a leader; null when that has to be asked of one. */
  readonly alone: (request: Request) => Promise<Response | null>;
  readonly patienceMs?: number;
}

/** A take-over takes less. */
const defaultPatienceMs = 10_000;
const lookMs = 25;
/** On the refusal of what was passed on to one who does not lead any more. */
const standsBy = 'x-teal-stands-by';

/**
 * The API of a control plane that shares its event log with others: answers by itself while it leads, and else passes on to who does. While nobody
 * does, whoever asks waits for the next leader.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #closed = new AbortController();
  #own: Answer | null = null;
  #leader: LeaseView | null = null;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** What it answers by while it leads; null: it does not. */
  leads(own: Answer | null): void {
    this.#own = own;
  }

  /** Who leads, as far as is known. */
  sees(leader: LeaseView | null): void {
    this.#leader = leader;
  }

  get leader(): LeaseView | null {
    return this.#leader;
  }

  readonly fetch = async (request: Request, env: Parameters<Answer>[1] = {}): Promise<Response> => {
    // Of this process, whoever leads.
    if (new URL(request.url).pathname === '/healthz') return Response.json({ alive: true, version });
    if (this.#own !== null) return await this.#own(request, env);
    if (request.headers.has(forwardedBy)) return refusal(nobody(this.#leader), { [standsBy]: '1' });
    return await this.#elsewhere(request, env);
  };

  close(): void {
    this.#closed.abort();
  }

  async #elsewhere(request: Request, env: Parameters<Answer>[1]): Promise<Response> {
    const { patienceMs = defaultPatienceMs } = this.#options;
    const url = new URL(request.url);
    const asked: Asked = {
      method: request.method,
      path: url.pathname + url.search,
      headers: request.headers,
      body: Buffer.from(await request.clone().arrayBuffer()),
    };
    const until = performance.now() + patienceMs;
    const looksOnly = request.method === 'GET' || request.method === 'HEAD';
    for (;;) {
      if (this.#own !== null) return await this.#own(request, env);
      const answer = await this.#ask(asked, looksOnly);
      if (answer !== null) return answer;
      // People look most when nobody leads: what is known without one is told at once.
      const alone = looksOnly ? await this.#options.alone(request.clone()) : null;
      if (alone !== null) return alone;
      const leader = this.#leader;
      if (leader !== null && isElsewhere(leader)) return refusal(elsewhere(leader));
      if (performance.now() > until || this.#closed.signal.aborted) return refusal(nobody(this.#leader));
      await pause(lookMs, this.#closed.signal);
    }
  }

  /** Null: there is no leader that can be asked from here, or it was not reached. */
  async #ask(asked: Asked, looksOnly: boolean): Promise<Response | null> {
    const leader = this.#leader;
    if (leader === null || leader.leftMs <= 0 || isElsewhere(leader)) return null;
    const over = new AbortController();
    const watching = this.#untilAnother(leader, over);
    try {
      const answer = await forward(asked, { socket: leader.address, name: this.#options.name }, over.signal);
      // It has stepped down a moment ago, and done nothing.
      return answer.headers.has(standsBy) ? null : answer;
    } catch (error) {
      // What it was about to do, and has not written yet, it cannot write any more; what it has written counts.
      if (error instanceof NotReached || looksOnly) return null;
      return refusal(interrupted(leader, error));
    } finally {
      clearInterval(watching);
    }
  }

  /** A leader that is stopped answers nothing for ever: whoever waits for it goes to the next one. */
  #untilAnother(leader: LeaseView, over: AbortController): NodeJS.Timeout {
    return setInterval(() => {
      const now = this.#leader;
      if (this.#own !== null || now === null || now.term !== leader.term || now.leftMs <= 0) over.abort();
    }, lookMs);
  }
}

/** Its socket is of no use here. */
const isElsewhere = ({ leftMs, machine }: LeaseView): boolean => leftMs > 0 && machine !== hostname();

function refusal(error: TealError, headers: Record<string, string> = {}): Response {
  const response = problemResponse(error);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

const nobody = (last: LeaseView | null): TealError =>
  new TealError('not-leader', 'No control plane leads just now; this one stands by.', {
    remedy: 'do it again in a moment; when it stays so, see that the database can be reached',
    details: { last: last?.name ?? null },
  });

const elsewhere = ({ name, machine, address }: LeaseView): TealError =>
  new TealError('not-leader', `${name} leads, on ${machine}; this control plane stands by.`, {
    remedy: `do it on ${machine}`,
    details: { leader: name, machine, address },
  });

const interrupted = ({ name }: LeaseView, cause: unknown): TealError =>
  new TealError('not-leader', `${name} led, and went away while it was asked.`, {
    remedy: 'see what has become of it: teal status',
    details: { leader: name },
    cause,
  });
