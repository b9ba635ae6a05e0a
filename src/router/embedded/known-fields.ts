/**
 * The fields the router itself reads, sets or removes. A name is recognised by a hash that is computed while its
 * bytes are checked, so an ordinary field costs no string.
 */

const names = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'http2-settings',
  'proxy-authorization',
  'proxy-authenticate',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-server',
  'forwarded',
  'via',
  'x-request-id',
  'x-teal-preview',
  'cookie',
  'accept',
  'sec-fetch-mode',
  'content-type',
  'authorization',
  'set-cookie',
  'content-encoding',
  'content-range',
  'cache-control',
  'max-forwards',
  'date',
  'traceparent',
  'tracestate',
] as const;

export type KnownField = (typeof names)[number];

/** Numbers of the known fields, from 1; 0 is any other field. */
export const field = Object.fromEntries(names.map((name, index) => [name, index + 1])) as Readonly<
  Record<KnownField, number>
>;

export const fieldCount: number = names.length + 1;

export const hashSeed = 5381;

/** One step of the hash over a normalised byte. */
export function hashStep(hash: number, byte: number): number {
  return (Math.imul(hash, 33) + byte) | 0;
}

interface Entry {
  readonly id: number;
  readonly name: string;
}

const entries = new Map<number, Entry>();
for (const name of names) {
  let hash = hashSeed;
  for (let index = 0; index < name.length; index++) hash = hashStep(hash, name.charCodeAt(index));
  if (entries.has(hash)) throw new Error(`the hash of ${name} is not its own`);
  entries.set(hash, { id: field[name], name });
}

/** The known field with this hash, or null; the caller still has to compare the name. */
export function fieldByHash(hash: number): Entry | undefined {
  return entries.get(hash);
}
