/** States, numbers and number of streams; priorities; errors; extensions (RFC 9113 §5). */
import type { Case, Step } from '../case.ts';
import { block, get, late, post, request, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag } from '../frames.ts';
import type { Outcome } from '../outcome.ts';
import { answered, connectionError, goesOn, streamError } from '../outcome.ts';

const whole = flag.end | flag.endHeaders;
const trailers = block(['x-more', '1']);
const half = block(...request('GET', '/'));
const unknown = 0xbe;

/** RFC 7540 had an error for what comes on a stream that is over; by RFC 9113 §5.1 it may also be ignored. */
const ignored = (...before: readonly Outcome[]) => ({ expect: [...before, goesOn], before });
const over: readonly Step[] = [get(1), { until: 'answered', stream: 1 }];
const protocol = [connectionError('PROTOCOL_ERROR')];

export const streams: readonly Case[] = [
  ...section('RFC 9113 §5.1', [
    { says: 'idle: DATA', send: [f.data(1, 'test', flag.end)], expect: protocol },
    { says: 'idle: RST_STREAM', send: [f.reset(1, 'CANCEL')], expect: protocol },
    { says: 'idle: WINDOW_UPDATE', send: [f.windowUpdate(1, 100)], expect: protocol },
    { says: 'idle: CONTINUATION', send: [f.continuation(1, half, flag.endHeaders)], expect: protocol },
    {
      says: 'half-closed (remote): DATA',
      send: [get(1, late), f.data(1, 'test', flag.end)],
      expect: [streamError(1, 'STREAM_CLOSED')],
    },
    {
      says: 'half-closed (remote): HEADERS',
      send: [get(1, late), f.headers(1, trailers, whole)],
      expect: [streamError(1, 'STREAM_CLOSED')],
    },
    {
      says: 'half-closed (remote): CONTINUATION',
      send: [get(1, late), f.continuation(1, trailers, flag.endHeaders)],
      expect: [connectionError('PROTOCOL_ERROR', 'STREAM_CLOSED')],
    },
    {
      says: 'closed by our RST_STREAM: DATA',
      send: [post(1, late), f.reset(1, 'CANCEL'), f.data(1, 'test', flag.end)],
      ...ignored(streamError(1, 'STREAM_CLOSED')),
    },
    {
      says: 'closed by our RST_STREAM: HEADERS',
      send: [post(1, late), f.reset(1, 'CANCEL'), f.headers(1, trailers, whole)],
      ...ignored(streamError(1, 'STREAM_CLOSED')),
    },
    {
      says: 'closed by our RST_STREAM: CONTINUATION',
      send: [post(1, late), f.reset(1, 'CANCEL'), f.continuation(1, trailers, flag.endHeaders)],
      expect: [connectionError('PROTOCOL_ERROR', 'STREAM_CLOSED')],
    },
    {
      says: 'closed: DATA',
      send: [...over, f.data(1, 'test', flag.end)],
      ...ignored(connectionError('STREAM_CLOSED')),
    },
    {
      says: 'closed: HEADERS',
      send: [...over, f.headers(1, trailers, whole)],
      ...ignored(connectionError('STREAM_CLOSED')),
    },
    {
      says: 'closed: CONTINUATION',
      send: [...over, f.continuation(1, trailers, flag.endHeaders)],
      expect: [connectionError('PROTOCOL_ERROR', 'STREAM_CLOSED')],
    },
  ]),
  ...section('RFC 9113 §5.1.1', [
    { says: 'a stream of an even number', send: [get(2)], expect: protocol },
    { says: 'a stream of a smaller number than the one before', send: [get(5), get(3)], expect: protocol },
  ]),
  ...section('RFC 9113 §5.1.2', [
    {
      says: 'one stream more than the server allows at a time',
      skip: ({ concurrent }) => concurrent > 10_000,
      send: [
        ({ concurrent }) => Array.from({ length: concurrent + 1 }, (_, index) => get(index * 2 + 1, late)),
      ],
      expect: [{ kind: 'some stream refused', codes: ['PROTOCOL_ERROR', 'REFUSED_STREAM'] }],
    },
  ]),
  ...section('RFC 7540 §5.3.1', [
    {
      says: 'HEADERS of a stream that depends on itself',
      send: [f.headers(1, Buffer.concat([f.dependency(1), half]), whole | flag.priority)],
      expect: [streamError(1, 'PROTOCOL_ERROR'), answered(1)],
      before: [streamError(1, 'PROTOCOL_ERROR')],
    },
    {
      says: 'PRIORITY of a stream that depends on itself',
      send: [f.priority(2, f.dependency(2))],
      expect: [streamError(2, 'PROTOCOL_ERROR'), goesOn],
      before: [streamError(2, 'PROTOCOL_ERROR')],
    },
  ]),
  ...section('RFC 9113 §5.4.1', [
    {
      says: 'behind an error of the connection it is closed',
      send: [f.frame(f.type.ping, 0, 0, 'short')],
      expect: [{ kind: 'closed' }],
    },
    {
      says: 'an error of the connection is told by GOAWAY before it is closed',
      send: [f.frame(f.type.ping, 0, 0, 'short')],
      expect: [{ kind: 'goaway', codes: ['FRAME_SIZE_ERROR'] }],
    },
  ]),
  ...section('RFC 9113 §5.5', [
    { says: 'an extension is ignored', send: [f.frame(unknown, 0, 1, 'extended')], expect: [goesOn] },
    {
      says: 'an extension in the middle of a header block',
      send: [
        f.headers(1, half.subarray(0, 5), flag.end),
        f.frame(unknown, 0, 1, 'extended'),
        f.continuation(1, half.subarray(5), flag.endHeaders),
      ],
      expect: protocol,
    },
  ]),
];
