import { groupHeader, readGroup, signGroup, type Signer } from '../../audience/signed.ts';
import { colours, type Colour } from '../../release/state.ts';
import type { AppTable } from '../table.ts';
import { cookieKeys } from './audience.ts';
import { headerValue } from './header-value.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Keeps the versions of apps together that are released together. A request to one of them carries a signed `x-teal-group` that names the
 * pair it is in; what the app asks of another one on its behalf, with that header passed on, goes to the same pair, also when a switch or a
 * rollback comes in between, and whichever worker it comes to. Nobody can make one up, it opens nothing but an environment that is there,
 * and it soon expires.
 */
export interface Together {
  readonly signer: Signer;
  readonly sets: Readonly<Record<Colour, readonly string[]>>;
}

/** Null where an app is released alone. */
export function compileTogether({ group }: AppTable): Together | null {
  if (group === undefined || group === null) return null;
  const { name, keys, sets } = group;
  return { signer: { app: name, keys: cookieKeys(keys, name) }, sets };
}

/** The environment of the pair that the request is in; null when it is in none, or that is not there any more. */
export function sameSet(together: Together, head: RequestHead, now: number): Colour | null {
  const value = headerValue(head, groupHeader);
  const set = value === null ? null : readGroup(together.signer, value, now);
  if (set === null) return null;
  return colours.find((colour) => together.sets[colour].includes(set)) ?? null;
}

/** Signed anew this often: all requests in between carry the same text. */
const renewMs = 30_000;

/** The line that requests to an environment carry. */
export class GroupLine {
  readonly #signer: Signer;
  readonly #set: string;
  #text = '';
  #signedAt = -Infinity;

  constructor(signer: Signer, set: string) {
    this.#signer = signer;
    this.#set = set;
  }

  /** With its CRLF. @param now milliseconds since the epoch */
  at(now: number): string {
    if (Math.abs(now - this.#signedAt) >= renewMs) {
      this.#text = `${groupHeader}: ${signGroup(this.#signer, this.#set, now)}\r\n`;
      this.#signedAt = now;
    }
    return this.#text;
  }
}

/** Null for an environment that belongs to no pair. */
export function groupLine(together: Together | null, colour: Colour): GroupLine | null {
  const set = together?.sets[colour][0];
  return together === null || set === undefined ? null : new GroupLine(together.signer, set);
}
