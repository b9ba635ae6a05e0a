/** Header blocks that no encoder may send (RFC 7541). */
import type { Case } from '../case.ts';
import { block, request, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag } from '../frames.ts';
import { indexed, literalOf, rawCoded, resized, staticTable } from '../hpack.ts';
import { codeOf, endOfString, huffman, packed } from '../huffman.ts';
import { connectionError } from '../outcome.ts';

const wellPut = block(...request('GET', '/'));
const broken = (...parts: readonly Buffer[]) => ({
  send: [f.headers(1, Buffer.concat(parts), flag.end | flag.endHeaders)],
  expect: [connectionError('COMPRESSION_ERROR')],
});
const valued = (octets: Buffer) => broken(wellPut, literalOf('x-test', rawCoded(octets)));
/** Five bits, so that three are left of its octet. */
const a = codeOf('a'.charCodeAt(0));

export const compression: readonly Case[] = [
  ...section(
    'RFC 7541 §2.3.3',
    [{ says: 'an index behind the end of both tables', ...broken(wellPut, indexed(staticTable.length + 9)) }],
    'hpack ',
  ),
  ...section(
    'RFC 7541 §4.2',
    [{ says: 'a new size of the table behind the fields', ...broken(wellPut, resized(128)) }],
    'hpack ',
  ),
  ...section(
    'RFC 7541 §5.2',
    [
      {
        says: 'a padding of more than seven bits',
        ...valued(Buffer.concat([huffman('aa'), Buffer.from([0xff])])),
      },
      { says: 'a padding of zeros', ...valued(packed(`${a}000`)) },
      { says: 'the end of a string, in a string', ...valued(huffman('a', codeOf(endOfString))) },
    ],
    'hpack ',
  ),
  ...section('RFC 7541 §6.1', [{ says: 'the index 0', ...broken(wellPut, indexed(0)) }], 'hpack '),
  ...section(
    'RFC 7541 §6.3',
    [{ says: 'a table larger than the server allows', ...broken(resized(2 ** 20), wellPut) }],
    'hpack ',
  ),
];
