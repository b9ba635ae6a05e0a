import { flag, headers } from './frames.ts';
import { literal, type Field } from './hpack.ts';
import type { Outcome } from './outcome.ts';
import type { Limits } from './peer.ts';

/** Octets to send; or what to wait for before the next ones; or octets that depend on what the server has said. */
export type Step =
  | Buffer
  | string
  | { readonly until: 'answered' | 'data'; readonly stream: number }
  | ((limits: Limits) => readonly Buffer[]);

/** What is sent, and how a server that keeps to the RFC takes it. */
export interface Case {
  /** `<section>/<number>` */
  readonly id: string;
  readonly rfc: string;
  readonly says: string;
  readonly send: readonly Step[];
  /** Any of them. */
  readonly expect: readonly Outcome[];
  /**
   * What RFC 7540 asked for before RFC 9113 left more open. Both verdicts are told; a server may count on the newer.
   */
  readonly before?: readonly Outcome[];
  /** Values of our SETTINGS. */
  readonly settings?: readonly (readonly [number, number])[];
  /** The steps begin with the first octet of the connection: no preface and no SETTINGS are sent for them. */
  readonly raw?: boolean;
  /** Proves nothing with a server that says this of itself. */
  readonly skip?: (limits: Limits) => boolean;
}

/** Numbers the cases of one section. @param section with the RFC's number in front */
export function section(
  section: string,
  cases: readonly Omit<Case, 'id' | 'rfc'>[],
  prefix = '',
): readonly Case[] {
  const [rfc = '', number = ''] = section.split(' §');
  return cases.map((each, index) => ({ ...each, rfc, id: `${prefix}${number}/${index + 1}` }));
}

/** Path of the server under test that is answered at once, and one that takes a while, so that its stream is open. */
export const now = '/';
export const late = '/late';
/** What both answer with, and how long the late one takes. */
export const body = 'sixteen octets..';
export const lateMs = 300;

/** A header block without any state: literals that enter no table. */
export function block(...fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

export function request(method: string, path: string): readonly Field[] {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'shop.test'],
  ];
}

/** HEADERS of a whole GET. */
export function get(stream: number, path: string = now, ...more: readonly Field[]): Buffer {
  return headers(stream, block(...request('GET', path), ...more), flag.end | flag.endHeaders);
}

/** HEADERS of a POST, whose body is still to come. */
export function post(stream: number, path: string = now, ...more: readonly Field[]): Buffer {
  return headers(stream, block(...request('POST', path), ...more), flag.endHeaders);
}

/** HEADERS of a GET with these fields instead of the usual ones. */
export function odd(stream: number, ...fields: readonly Field[]): Buffer {
  return headers(stream, block(...fields), flag.end | flag.endHeaders);
}
