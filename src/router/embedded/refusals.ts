import type { HeadFault } from './next-head.ts';

const known: Partial<Readonly<Record<HeadFault, readonly [number, string]>>> = {
  'head-too-long': [431, 'The request head is too long.'],
  'too-many-fields': [431, 'The request has too many header fields.'],
  'method-not-allowed': [405, 'This method is not served.'],
  'version-not-supported': [505, 'Only HTTP/1.0 and HTTP/1.1 are spoken here.'],
  'expectation-failed': [417, 'The only expectation that can be met is 100-continue.'],
};

/** What the client is told of a head that is not taken. */
export function refusalOf(fault: HeadFault): { readonly status: number; readonly says: string } {
  const [status, says] = known[fault] ?? [400, 'The request is malformed or ambiguous.'];
  return { status, says };
}
