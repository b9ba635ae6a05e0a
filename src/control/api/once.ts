import { createHash } from 'node:crypto';
import { TealError } from '../../errors.ts';
import type { RequestAnswer } from '../../store/requests.ts';
import type { Store, StoredEvent } from '../../store/store.ts';

/** A day: pipelines are run again within it, and nobody expects an answer from before it. */
const keptMs = 24 * 60 * 60 * 1000;
const page = 500;

/** A request that shall be done once, however often it is sent. */
export interface Keyed {
  /** Names the request: who sent it, and the key. Events that follow from it carry it. */
  readonly id: string;
  /** Of all that was asked: the same key with another one is refused. */
  readonly fingerprint: string;
}

export interface Once {
  /** The answer, from `act` or as it was before. Rejects with what its own `act` does. */
  answer(
    keyed: Keyed,
    act: () => Promise<RequestAnswer>,
  ): Promise<RequestAnswer & { readonly again: boolean }>;
}

/** @throws TealError `usage` */
export function keyed(
  key: string,
  from: { readonly actor: string; readonly what: readonly unknown[] },
): Keyed {
  const text = /^"([\x21\x23-\x5b\x5d-\x7e]{1,200})"$|^([\x21\x23-\x7e]{1,200})$/.exec(key);
  const given = text?.[1] ?? text?.[2];
  if (given === undefined) {
    throw new TealError('usage', 'That is no idempotency key.', {
      remedy: 'Idempotency-Key: 1 to 200 letters, digits and signs without spaces, such as a UUID',
    });
  }
  return { id: digest([from.actor, given]), fingerprint: digest(from.what) };
}

const digest = (of: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 32);

/**
 * Remembers answers in the store. A request is noted before it is worked at, and every event that follows from it names it: so one whose answer
 * was never kept, since Teal was killed, has left events or has done nothing. With events it is not done again; without it is done now.
 */
export function once(store: Pick<Store, 'requests' | 'since'>, now: () => number): Once {
  const working = new Map<string, { readonly fingerprint: string; readonly end: Promise<RequestAnswer> }>();

  async function work({ id, fingerprint }: Keyed, act: () => Promise<RequestAnswer>) {
    const at = now();
    const known = await store.requests.claim({ id, fingerprint, at, expiresAt: at + keptMs });
    if (known === null) return { answer: await kept(id, act), again: false };
    if (known.fingerprint !== fingerprint) throw reused();
    if (known.answer !== null) return { answer: known.answer, again: true };
    const done = await eventsOf(store, { id, after: known.after });
    if (done.length > 0) throw interrupted(done);
    return { answer: await kept(id, act), again: false };
  }

  /** An answer of 500 and above says nothing certain: what the events say is asked for when it is sent again. */
  async function kept(id: string, act: () => Promise<RequestAnswer>): Promise<RequestAnswer> {
    const answer = await act();
    if (answer.status < 500) await store.requests.finish(id, answer);
    return answer;
  }

  return {
    async answer(asked, act) {
      for (let other = working.get(asked.id); other !== undefined; other = working.get(asked.id)) {
        if (other.fingerprint !== asked.fingerprint) throw reused();
        // One that has no answer, since its client went away or something broke, is none for who still waits: it is asked anew.
        const answer = await other.end.catch(() => null);
        if (answer !== null) return { ...answer, again: true };
      }
      const result = work(asked, act);
      const end = result.then(({ answer }) => answer);
      // Whoever waits for it is told; when nobody does, the one who asked is.
      end.catch(() => undefined);
      working.set(asked.id, { fingerprint: asked.fingerprint, end });
      try {
        const { answer, again } = await result;
        return { ...answer, again };
      } finally {
        working.delete(asked.id);
      }
    },
  };
}

async function eventsOf(
  store: Pick<Store, 'since'>,
  { id, after }: { readonly id: string; readonly after: number },
): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (let last = after; ;) {
    const events = await store.since({ after: last, limit: page });
    found.push(...events.filter(({ data }) => (data as { request?: unknown } | null)?.request === id));
    if (events.length < page) return found;
    last = events.at(-1)?.seq ?? last;
  }
}

const reused = (): TealError =>
  new TealError('key-reused', 'This idempotency key was used for another request.', {
    remedy: 'take a new key for every new request; the same one only to send the same again',
  });

const interrupted = (events: readonly StoredEvent[]): TealError =>
  new TealError(
    'request-interrupted',
    'This was done, but Teal was ended before it could answer; it is not done again.',
    {
      remedy: 'look at what has become of it: teal status',
      details: { events: events.map(({ seq, stream, type }) => ({ seq, app: stream, type })) },
    },
  );
