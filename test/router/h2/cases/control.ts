/** The frames that carry requests, and those about streams (RFC 9113 §6.1 to §6.4, §6.10). */
import type { Case } from '../case.ts';
import { block, get, late, post, request, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag, type } from '../frames.ts';
import { answered, connectionError, streamError } from '../outcome.ts';

const half = block(...request('GET', '/'));
const begun = f.headers(1, half.subarray(0, 5), flag.end);
const rest = half.subarray(5);
/** So that a server that overlooked what came in between goes on, and is not stopped by the next frame. */
const ended = f.continuation(1, rest, flag.endHeaders);
const none = Buffer.alloc(0);
const protocol = [connectionError('PROTOCOL_ERROR')];
const size = [connectionError('FRAME_SIZE_ERROR')];

export const control: readonly Case[] = [
  ...section('RFC 9113 §6.1', [
    { says: 'DATA of no stream', send: [f.data(0, 'test')], expect: protocol },
    {
      says: 'DATA of a stream whose request is complete',
      send: [get(1, late), f.data(1, 'test')],
      expect: [streamError(1, 'STREAM_CLOSED')],
    },
    {
      says: 'DATA with more padding than there is room for',
      send: [post(1, late), f.data(1, '\x06test', flag.padded | flag.end)],
      expect: protocol,
    },
  ]),
  ...section('RFC 9113 §6.2', [
    {
      says: 'PRIORITY instead of a CONTINUATION',
      send: [begun, f.priority(1, f.dependency(0)), ended],
      expect: protocol,
    },
    {
      says: 'HEADERS of another stream instead of a CONTINUATION',
      send: [begun, get(3), ended],
      expect: protocol,
    },
    { says: 'HEADERS of no stream', send: [get(0)], expect: protocol },
    {
      says: 'HEADERS with more padding than there is room for',
      send: [
        f.headers(
          1,
          Buffer.concat([Buffer.from([half.length + 1]), half]),
          flag.padded | flag.end | flag.endHeaders,
        ),
      ],
      expect: protocol,
    },
  ]),
  ...section('RFC 9113 §6.3', [
    { says: 'PRIORITY of no stream', send: [f.priority(0, f.dependency(1))], expect: protocol },
    {
      says: 'PRIORITY that is too short',
      send: [post(1, late), f.priority(1, Buffer.alloc(4))],
      expect: [streamError(1, 'FRAME_SIZE_ERROR')],
    },
  ]),
  ...section('RFC 9113 §6.4', [
    { says: 'RST_STREAM of no stream', send: [f.reset(0, 'CANCEL')], expect: protocol },
    { says: 'RST_STREAM of an idle stream', send: [f.reset(1, 'CANCEL')], expect: protocol },
    {
      says: 'RST_STREAM that is too short',
      send: [post(1, late), f.frame(type.reset, 0, 1, 'abc')],
      expect: size,
    },
  ]),
  ...section('RFC 9113 §6.10', [
    {
      says: 'several CONTINUATION',
      send: [
        begun,
        f.continuation(1, rest.subarray(0, 3)),
        f.continuation(1, rest.subarray(3), flag.endHeaders),
      ],
      expect: [answered(1)],
    },
    {
      says: 'DATA instead of the next CONTINUATION',
      send: [begun, f.continuation(1, rest), f.data(1, 'test'), f.continuation(1, none, flag.endHeaders)],
      expect: protocol,
    },
    {
      says: 'CONTINUATION of no stream',
      send: [begun, f.continuation(0, rest, flag.endHeaders), ended],
      expect: protocol,
    },
    {
      says: 'CONTINUATION behind the last HEADERS',
      send: [get(1, late), f.continuation(1, rest, flag.endHeaders)],
      expect: protocol,
    },
    {
      says: 'CONTINUATION behind the last CONTINUATION',
      send: [begun, f.continuation(1, rest, flag.endHeaders), f.continuation(1, rest, flag.endHeaders)],
      expect: protocol,
    },
    {
      says: 'CONTINUATION behind DATA',
      send: [post(1, late), f.data(1, 'test'), f.continuation(1, rest, flag.endHeaders)],
      expect: protocol,
    },
  ]),
];
