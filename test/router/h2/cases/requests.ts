/** Requests that are malformed (RFC 9113 §8). Each is an error of its stream, or refused in so many words. */
import type { Case } from '../case.ts';
import { block, get, late, odd, post, request, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag } from '../frames.ts';
import type { Field } from '../hpack.ts';
import type { Outcome } from '../outcome.ts';
import { connectionError, streamError } from '../outcome.ts';

const whole = flag.end | flag.endHeaders;
const before: readonly Outcome[] = [streamError(1, 'PROTOCOL_ERROR')];
const malformed = { expect: [...before, { kind: 'refused', stream: 1 } as const], before };

const usual = request('GET', '/');
const without = (name: string): readonly Field[] => usual.filter(([other]) => other !== name);

export const requests: readonly Case[] = [
  ...section('RFC 9113 §8.1', [
    {
      says: 'a second HEADERS that does not end the stream',
      send: [
        post(1, late),
        f.headers(1, block(['x-more', '1']), flag.endHeaders),
        f.data(1, 'test', flag.end),
      ],
      ...malformed,
    },
  ]),
  ...section('RFC 9113 §8.2.1', [
    { says: 'a name with a capital letter', send: [get(1, late, ['X-Test', 'a'])], ...malformed },
  ]),
  ...section('RFC 9113 §8.3', [
    { says: 'a pseudo-header that nobody knows', send: [odd(1, ...usual, [':test', 'a'])], ...malformed },
    { says: 'a pseudo-header of responses', send: [odd(1, ...usual, [':status', '200'])], ...malformed },
    {
      says: 'a pseudo-header in the trailers',
      send: [post(1, late), f.data(1, 'test'), f.headers(1, block([':method', 'POST']), whole)],
      ...malformed,
    },
    {
      says: 'a pseudo-header behind a field',
      send: [odd(1, ...without(':path'), ['x-test', 'a'], [':path', '/'])],
      ...malformed,
    },
  ]),
  ...section('RFC 9113 §8.2.2', [
    {
      says: 'a field about the connection',
      send: [get(1, late, ['connection', 'keep-alive'])],
      ...malformed,
    },
    {
      says: 'TE with anything but trailers',
      send: [get(1, late, ['te', 'trailers, deflate'])],
      ...malformed,
    },
  ]),
  ...section('RFC 9113 §8.3.1', [
    { says: 'an empty :path', send: [odd(1, ...without(':path'), [':path', ''])], ...malformed },
    { says: 'no :method', send: [odd(1, ...without(':method'))], ...malformed },
    { says: 'no :scheme', send: [odd(1, ...without(':scheme'))], ...malformed },
    { says: 'no :path', send: [odd(1, ...without(':path'))], ...malformed },
    { says: 'two :method', send: [odd(1, ...usual, [':method', 'GET'])], ...malformed },
    { says: 'two :scheme', send: [odd(1, ...usual, [':scheme', 'http'])], ...malformed },
    { says: 'two :path', send: [odd(1, ...usual, [':path', '/'])], ...malformed },
  ]),
  ...section('RFC 9113 §8.1.1', [
    {
      says: 'a length that the one DATA does not have',
      send: [post(1, late, ['content-length', '1']), f.data(1, 'test', flag.end)],
      ...malformed,
    },
    {
      says: 'a length that all DATA together do not have',
      send: [post(1, late, ['content-length', '1']), f.data(1, 'te'), f.data(1, 'st', flag.end)],
      ...malformed,
    },
  ]),
  ...section('RFC 9113 §8.4', [
    {
      says: 'PUSH_PROMISE of a client',
      send: [f.frame(f.type.push, flag.endHeaders, 1, Buffer.concat([f.uint32(2), block(...usual)]))],
      expect: [connectionError('PROTOCOL_ERROR')],
    },
  ]),
];
