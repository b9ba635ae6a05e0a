/** What any client may do, and is answered (RFC 9113 and RFC 7541, the ordinary side of both). */
import type { Case } from '../case.ts';
import { block, body, get, late, post, request, section } from '../case.ts';
import * as f from '../frames.ts';
import { flag, setting } from '../frames.ts';
import type { Keeping } from '../hpack.ts';
import { indexed, literal, resized } from '../hpack.ts';
import { answered, goesOn } from '../outcome.ts';

const whole = flag.end | flag.endHeaders;
const wellPut = block(...request('GET', '/'));
const ok = [answered(1)];

/** `user-agent` in the static table. */
const userAgent = 58;
const ways: readonly (readonly [Keeping, string])[] = [
  ['kept', 'that enters the table'],
  ['passing', 'that enters no table'],
  ['never', 'that may never enter a table'],
];

export const use: readonly Case[] = [
  ...section(
    'RFC 9113 §3.4',
    [
      {
        says: 'the server greets with SETTINGS before anything else',
        raw: true,
        send: [f.preface, f.settings()],
        expect: [{ kind: 'settings first' }],
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §5.1',
    [
      {
        says: 'PRIORITY for a stream that is opened afterwards',
        send: [f.priority(1, f.dependency(0)), get(1)],
        expect: ok,
      },
      {
        says: 'WINDOW_UPDATE behind a complete request',
        send: [get(1, late), f.windowUpdate(1, 100)],
        expect: ok,
      },
      {
        says: 'PRIORITY behind a complete request',
        send: [get(1, late), f.priority(1, f.dependency(0))],
        expect: ok,
      },
      {
        says: 'RST_STREAM behind a complete request ends the stream, not the connection',
        send: [get(1, late), f.reset(1, 'CANCEL'), get(3)],
        expect: [answered(3)],
      },
      {
        says: 'PRIORITY for a stream that is over',
        send: [get(1), { until: 'answered', stream: 1 }, f.priority(1, f.dependency(0))],
        expect: [goesOn],
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.1',
    [
      { says: 'a body in one DATA', send: [post(1), f.data(1, 'test', flag.end)], expect: ok },
      {
        says: 'a body in several DATA',
        send: [post(1), f.data(1, 'te'), f.data(1, ''), f.data(1, 'st', flag.end)],
        expect: ok,
      },
      {
        says: 'a body with padding',
        send: [post(1), f.data(1, f.padded('test', 7), flag.padded | flag.end)],
        expect: ok,
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.2',
    [
      { says: 'a request in one HEADERS', send: [get(1)], expect: ok },
      {
        says: 'HEADERS with padding',
        send: [f.headers(1, f.padded(wellPut, 9), whole | flag.padded)],
        expect: ok,
      },
      {
        says: 'HEADERS with a priority',
        send: [f.headers(1, Buffer.concat([f.dependency(0, 256, true), wellPut]), whole | flag.priority)],
        expect: ok,
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.3',
    [
      { says: 'PRIORITY of weight 1', send: [f.priority(1, f.dependency(0, 1)), get(1)], expect: ok },
      { says: 'PRIORITY of weight 256', send: [f.priority(1, f.dependency(0, 256)), get(1)], expect: ok },
      {
        says: 'PRIORITY that depends on another stream',
        send: [f.priority(3, f.dependency(1)), get(1)],
        expect: ok,
      },
      {
        says: 'PRIORITY that is exclusive',
        send: [f.priority(3, f.dependency(1, 16, true)), get(1)],
        expect: ok,
      },
      {
        says: 'PRIORITY for a later stream does not close an earlier one that is opened afterwards',
        send: [f.priority(5, f.dependency(0)), get(3)],
        expect: [answered(3)],
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.4',
    [
      {
        says: 'RST_STREAM of an upload ends the stream, not the connection',
        send: [post(1), f.reset(1, 'CANCEL'), get(3)],
        expect: [answered(3)],
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.5',
    [
      {
        says: 'further SETTINGS are acknowledged',
        send: [f.settings([setting.concurrent, 100], [setting.listSize, 8192])],
        expect: [{ kind: 'settings acknowledged', times: 1 }],
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.7',
    [{ says: 'PING is answered', send: [f.ping('anybody?')], expect: [{ kind: 'ping', text: 'anybody?' }] }],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.8',
    [
      {
        says: 'GOAWAY leaves what is under way to be answered',
        send: [get(1, late), f.goaway('NO_ERROR')],
        expect: ok,
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.9',
    [
      {
        says: 'WINDOW_UPDATE of the connection',
        send: [f.windowUpdate(0, 1000), get(1)],
        expect: ok,
      },
      {
        says: 'WINDOW_UPDATE of an upload',
        send: [post(1), f.windowUpdate(1, 1000), f.data(1, 'test', flag.end)],
        expect: ok,
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §6.10',
    [
      {
        says: 'a header block in HEADERS and one CONTINUATION',
        send: [
          f.headers(1, wellPut.subarray(0, 5), flag.end),
          f.continuation(1, wellPut.subarray(5), flag.endHeaders),
        ],
        expect: ok,
      },
      {
        says: 'a header block in HEADERS and several CONTINUATION',
        send: [
          f.headers(1, wellPut.subarray(0, 5), flag.end),
          f.continuation(1, wellPut.subarray(5, 9)),
          f.continuation(1, wellPut.subarray(9, 9)),
          f.continuation(1, wellPut.subarray(9), flag.endHeaders),
        ],
        expect: ok,
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 9113 §8.1',
    [
      { says: 'GET', send: [get(1)], expect: [{ kind: 'answered', stream: 1, octets: body.length }] },
      {
        says: 'HEAD is answered without a body',
        send: [f.headers(1, block(...request('HEAD', '/')), whole)],
        expect: [{ kind: 'answered', stream: 1, octets: 0 }],
      },
      {
        says: 'POST with a length',
        send: [post(1, '/', ['content-length', '4']), f.data(1, 'test', flag.end)],
        expect: ok,
      },
      {
        says: 'POST with trailers',
        send: [
          post(1, '/', ['trailer', 'x-sum']),
          f.data(1, 'test'),
          f.headers(1, block(['x-sum', '4']), whole),
        ],
        expect: ok,
      },
    ],
    'use ',
  ),
  ...section(
    'RFC 7541 §6',
    [
      {
        says: 'fields that are in the static table',
        send: [
          f.headers(
            1,
            Buffer.concat([indexed(2), indexed(6), indexed(4), block([':authority', 'a'])]),
            whole,
          ),
        ],
        expect: ok,
      },
      ...ways.flatMap(([as, says]) =>
        ([userAgent, 'x-conform'] as const).flatMap((name) =>
          [false, true].map((coded) => ({
            says: `a field ${says}, ${name === userAgent ? 'its name from one' : 'with a new name'}${coded ? ', Huffman-coded' : ''}`,
            send: [
              f.headers(1, Buffer.concat([wellPut, literal(name, 'a value; of 1', { as, coded })]), whole),
            ],
            expect: ok,
          })),
        ),
      ),
      {
        says: 'a smaller table',
        send: [f.headers(1, Buffer.concat([resized(128), wellPut]), whole)],
        expect: ok,
      },
      {
        says: 'a table that becomes smaller and larger again',
        send: [f.headers(1, Buffer.concat([resized(128), resized(4096), wellPut]), whole)],
        expect: ok,
      },
    ],
    'use ',
  ),
];
