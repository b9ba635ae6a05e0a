/** Preface, frames and header blocks (RFC 9113 §3.4 and §4). */
import type { Case } from '../case.ts';
import { block, get, post, request, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag, type } from '../frames.ts';
import { connectionError, goesOn, streamError } from '../outcome.ts';

const half = block(...request('GET', '/'));
/** A type that nobody has defined. */
const unknown = 0xbe;

export const framing: readonly Case[] = [
  ...section('RFC 9113 §3.4', [
    {
      says: "the client's SETTINGS behind the preface are acknowledged",
      raw: true,
      send: [f.preface, f.settings()],
      expect: [{ kind: 'settings acknowledged', times: 1 }],
    },
    {
      says: 'a preface that is none',
      raw: true,
      send: ['PRI * HTTP/2.0\r\n\r\nMS\r\n\r\n', f.settings()],
      expect: [connectionError('PROTOCOL_ERROR')],
    },
  ]),
  ...section('RFC 9113 §4.1', [
    {
      says: 'a frame of an unknown type is ignored',
      send: [f.frame(unknown, 0, 0, 'whatever'), f.frame(unknown, 0xff, 7, '')],
      expect: [goesOn],
    },
    {
      says: 'flags that a type does not have are ignored',
      send: [f.ping('flagged!', 0xfe)],
      expect: [{ kind: 'ping', text: 'flagged!' }],
    },
    {
      says: 'the reserved bit in front of the stream identifier is ignored',
      send: [f.frame(type.ping, 0, 2 ** 31, 'reserved')],
      expect: [{ kind: 'ping', text: 'reserved' }],
    },
  ]),
  ...section('RFC 9113 §4.2', [
    {
      says: 'DATA of 16 384 octets, which everybody has to take',
      send: [post(1), f.data(1, 'x'.repeat(16_384), flag.end)],
      expect: [{ kind: 'answered', stream: 1 }],
    },
    {
      says: 'DATA of one octet more than the server takes',
      send: [post(1, '/late'), ({ frameSize }) => [f.data(1, 'x'.repeat(frameSize + 1), flag.end)]],
      expect: [streamError(1, 'FRAME_SIZE_ERROR')],
    },
    {
      says: 'HEADERS of one octet more than the server takes',
      send: [
        ({ frameSize }) => [
          f.headers(
            1,
            Buffer.concat([half, Buffer.alloc(frameSize + 1 - half.length)]),
            flag.endHeaders | flag.end,
          ),
        ],
      ],
      expect: [connectionError('FRAME_SIZE_ERROR')],
    },
  ]),
  ...section('RFC 9113 §4.3', [
    {
      says: 'a header block that is not compressed as it should be',
      send: [f.headers(1, Buffer.from([0x40, 0x7f, 0x61]), flag.endHeaders | flag.end)],
      expect: [connectionError('COMPRESSION_ERROR')],
    },
    {
      says: 'PRIORITY in the middle of a header block',
      send: [
        f.headers(1, half.subarray(0, 5), flag.end),
        f.priority(1, f.dependency(0)),
        f.continuation(1, half.subarray(5), flag.endHeaders),
      ],
      expect: [connectionError('PROTOCOL_ERROR')],
    },
    {
      says: 'HEADERS of another stream in the middle of a header block',
      send: [
        f.headers(1, half.subarray(0, 5), flag.end),
        get(3),
        f.continuation(1, half.subarray(5), flag.endHeaders),
      ],
      expect: [connectionError('PROTOCOL_ERROR')],
    },
  ]),
];
