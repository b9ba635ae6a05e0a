import { randomBytes } from 'node:crypto';
import { TealError } from '../../errors.ts';
import { Begun } from './begun.ts';
import type { Caller, From } from './caller.ts';
import type { Grant } from './grant.ts';
import type { GrantBook, Made } from './grant-book.ts';
import { stateOf } from './grant.ts';
import { ended, unknownSecret } from './refusals.ts';
import { hashOf, looksRight } from './secret-text.ts';

/** Long enough to go over to the browser, or to somebody's machine; it is in a terminal's history afterwards. */
const linkMs = 10 * 60_000;
const limits = { each: 100, all: 1000 };
/** A working day: a page that is open longer asks for the token again. */
const sessionMs = 12 * 3600_000;

type Who = Pick<Caller, 'actor' | 'role' | 'apps' | 'id' | 'expiresAt'>;

interface Link {
  readonly who: Who;
  readonly until: number;
}

/** Sessions of browsers without an issuer of names: by a token that is shown once, or by a link that is good once. */
export class Entries {
  readonly #book: GrantBook;
  readonly #now: () => number;
  readonly #links = new Begun<Link>(limits);

  constructor(book: GrantBook, now: () => number) {
    this.#book = book;
    this.#now = now;
  }

  /** @returns what is good once, for a browser to become whoever asks; a secret */
  link(who: Who, { address }: From): { readonly code: string; readonly expiresAt: number } {
    const code = randomBytes(32).toString('base64url');
    const now = this.#now();
    const until = now + linkMs;
    this.#links.add(hashOf(code), { who, until }, address, now);
    return { code, expiresAt: until };
  }

  /** A session for whoever has the link. @throws TealError `login-failed` */
  async byLink(code: string): Promise<Made> {
    // Whatever comes of it: it is good once.
    const link = this.#links.take(hashOf(code));
    if (link === null || link.until <= this.#now()) throw usedLink();
    return await this.#session(link.who);
  }

  /** A session that may what the token may, and ends with it. @throws TealError `not-signed-in` */
  async byToken(token: string): Promise<Made> {
    const grant = looksRight(token) ? await this.#book.find(token) : null;
    if (grant === null || grant.kind === 'session') throw unknownSecret();
    if (stateOf(grant, this.#now()) !== 'in force') throw ended(grant, this.#now());
    return await this.#session(grant);
  }

  #session({ actor, role, apps, id, expiresAt }: Who | Grant): Promise<Made> {
    const until = this.#now() + sessionMs;
    return this.#book.make(
      {
        kind: 'session',
        name: actor,
        actor,
        role,
        apps,
        expiresAt: expiresAt === null ? until : Math.min(until, expiresAt),
        ...(id === null ? {} : { of: id }),
      },
      actor,
    );
  }
}

const usedLink = (): TealError =>
  new TealError('login-failed', 'Not signed in: this link was used already, or is older than ten minutes.', {
    remedy: 'make another one: teal dashboard',
  });
