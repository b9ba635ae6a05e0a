/** What reaches the client of what an app answers (RFC 9110 §6, §8, §15, RFC 9112 §6, §9). */
import { chunked, dated, get, message, ok, type Row } from './row.ts';

const sends = get('/');
const answered = (says: string, rfc: string, app: string, gets: string = app): Row => ({
  says,
  rfc,
  sends,
  sees: sends,
  app,
  gets,
});
const bare = (status: string, ...lines: readonly string[]): string =>
  message([`HTTP/1.1 ${status}`, dated, ...lines]);
const head = message(['HEAD / HTTP/1.1', 'Host: shop.test']);
const toHead = (says: string, app: string, gets: string = app): Row => ({
  says: `HEAD: ${says}`,
  rfc: 'RFC 9110 §9.3.2',
  sends: head,
  sees: head,
  app,
  gets,
});
const keeping10 = message(['GET / HTTP/1.0', 'Host: shop.test', 'Connection: keep-alive']);
const to10 = (says: string, rfc: string, app: string, gets: string): Row => ({
  says: `HTTP/1.0: ${says}`,
  rfc,
  sends: keeping10,
  sees: sends,
  app,
  gets,
});
const closing = 'Connection: close';

export const responseRows: readonly Row[] = [
  // Fields.
  answered(
    'fields keep their order, their case and their number',
    'RFC 9110 §5.3',
    ok('x', 'X-B: 1', 'x-a: 2', 'Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2', 'SERVER: app/1', 'Age: 3'),
  ),
  answered('values beyond ASCII', 'RFC 9110 §5.5', ok('x', 'X-Latin: \xe4', 'X-Utf8: \xc3\xa4')),
  answered('a reason of its own', 'RFC 9112 §4', bare('299 Bene \xe4', 'Content-Length: 0')),
  answered('the Via of proxies in front of the app', 'RFC 9110 §7.6.3', ok('x', 'Via: 1.1 inner')),
  answered(
    'what is for one hop only ends here',
    'RFC 9110 §7.6.1',
    ok(
      'x',
      'Keep-Alive: timeout=2, max=9',
      'Connection: keep-alive, x-hop',
      'X-Hop: a',
      'Proxy-Connection: a',
      'TE: a',
    ),
    ok('x'),
  ),
  answered(
    'a challenge for the app passes, one for a proxy does not',
    'RFC 9110 §11.7.1',
    bare(
      '401 Unauthorized',
      'WWW-Authenticate: Basic realm="a"',
      'Proxy-Authenticate: Basic',
      'Content-Length: 0',
    ),
    bare('401 Unauthorized', 'WWW-Authenticate: Basic realm="a"', 'Content-Length: 0'),
  ),
  answered(
    'the announcement of trailers',
    'RFC 9110 §6.6.2',
    chunked('200 OK', '1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n', 'Trailer: X-Sum'),
  ),
  // Dates.
  answered(
    'the date of the app is left as it is',
    'RFC 9110 §6.6.1',
    ok('x').replace('01 Jan 2024', '31 Feb 1066'),
  ),
  answered(
    'an answer without a date is given one',
    'RFC 9110 §6.6.1',
    message(['HTTP/1.1 200 OK', 'X-A: b', 'Content-Length: 0']),
    message(['HTTP/1.1 200 OK', 'X-A: b', 'Date: (now)', 'Content-Length: 0']),
  ),
  answered(
    'an interim answer is given none',
    'RFC 9110 §6.6.1',
    `${message(['HTTP/1.1 102 Processing'])}${ok('x')}`,
  ),
  // Interim answers.
  answered(
    'interim answers come as they are, all of them',
    'RFC 9110 §15.2',
    `${message(['HTTP/1.1 100 Continue'])}${message(['HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload', 'Connection: x-hop', 'X-Hop: a'])}${message(['HTTP/1.1 199 Own'])}${ok('x')}`,
    `${message(['HTTP/1.1 100 Continue'])}${message(['HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload'])}${message(['HTTP/1.1 199 Own'])}${ok('x')}`,
  ),
  to10(
    'interim answers are kept back',
    'RFC 9110 §15.2',
    `${message(['HTTP/1.1 103 Early Hints'])}${ok('x')}`,
    ok('x'),
  ),
  // No bodies.
  toHead('a length', bare('200 OK', 'Content-Length: 99')),
  toHead('a length of 0', bare('200 OK', 'Content-Length: 0')),
  toHead('chunked', bare('200 OK', 'Transfer-Encoding: chunked')),
  toHead('neither, so nobody knows the length', bare('200 OK', 'X-A: b')),
  toHead('an error with a length', bare('404 Not Found', 'Content-Length: 99')),
  answered('204', 'RFC 9110 §15.3.5', bare('204 No Content', 'ETag: "a"')),
  answered(
    '204 with a length, which it may not have',
    'RFC 9110 §8.6',
    bare('204 No Content', 'Content-Length: 0'),
    bare('204 No Content'),
  ),
  answered(
    '204 that says chunked, which it may not',
    'RFC 9112 §6.1',
    bare('204 No Content', 'Transfer-Encoding: chunked'),
    bare('204 No Content'),
  ),
  answered(
    '304 with the length it would have had',
    'RFC 9110 §15.4.5',
    bare('304 Not Modified', 'ETag: "a"', 'Content-Length: 99'),
  ),
  answered(
    '304 that would have been chunked',
    'RFC 9112 §6.1',
    bare('304 Not Modified', 'Transfer-Encoding: chunked'),
  ),
  answered('304 without either', 'RFC 9110 §15.4.5', bare('304 Not Modified', 'Vary: a')),
  answered('205 with a length of 0', 'RFC 9110 §15.3.6', bare('205 Reset Content', 'Content-Length: 0')),
  answered(
    '205 with content, which it may not have',
    'RFC 9110 §15.3.6',
    `${bare('205 Reset Content', 'Content-Length: 2')}ok`,
    bare('205 Reset Content', 'Content-Length: 0'),
  ),
  answered(
    '205 in chunks',
    'RFC 9110 §15.3.6',
    chunked('205 Reset Content', '2\r\nok\r\n0\r\n\r\n'),
    bare('205 Reset Content', 'Content-Length: 0'),
  ),
  toHead(
    '205',
    bare('205 Reset Content', 'Content-Length: 2'),
    bare('205 Reset Content', 'Content-Length: 0'),
  ),
  // Bodies.
  answered(
    'chunks are framed anew, their extensions end here',
    'RFC 9112 §7.1.1',
    chunked('200 OK', '2;a=b\r\nab\r\nA\r\n0123456789\r\n0;c\r\n\r\n'),
    chunked('200 OK', 'c\r\nab0123456789\r\n0\r\n\r\n'),
  ),
  answered(
    'trailers that may not be there end here',
    'RFC 9110 §6.5.1',
    chunked(
      '200 OK',
      '1\r\na\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\nContent-Type: b\r\nCache-Control: c\r\n\r\n',
    ),
    chunked('200 OK', '1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n'),
  ),
  {
    ...answered(
      'a body that ends with the connection is framed in chunks, and ours is kept',
      'RFC 9112 §6.3',
      bare('200 OK') + 'until the end',
      chunked('200 OK', 'd\r\nuntil the end\r\n0\r\n\r\n'),
    ),
    appCloses: true,
  },
  {
    ...answered('an app that closes behind a length', 'RFC 9112 §9.6', ok('x', closing), ok('x')),
    appCloses: true,
  },
  answered('an app of HTTP/1.0', 'RFC 9112 §2.3', ok('x').replace('1.1', '1.0'), ok('x')),
  answered(
    'part of a body',
    'RFC 9110 §15.3.7',
    message(
      ['HTTP/1.1 206 Partial Content', dated, 'Content-Range: bytes 0-1/9', 'ETag: "a"', 'Content-Length: 2'],
      'ab',
    ),
  ),
  answered(
    'a range that cannot be given',
    'RFC 9110 §15.5.17',
    bare('416 Range Not Satisfiable', 'Content-Range: bytes */9', 'Content-Length: 0'),
  ),
  answered(
    'a redirect is the client’s to follow',
    'RFC 9110 §15.4',
    bare('307 Temporary Redirect', 'Location: /else', 'Content-Length: 0'),
  ),
  answered(
    'the app is busy, and says until when',
    'RFC 9110 §10.2.3',
    bare('503 Service Unavailable', 'Retry-After: 7', 'Content-Length: 0'),
  ),
  // To HTTP/1.0.
  to10('a length, and it is kept', 'RFC 9112 §9.3', ok('x'), ok('x')),
  {
    ...to10(
      'chunks become a body that ends with the connection',
      'RFC 9112 §6.1',
      chunked('200 OK', '2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n'),
      message(['HTTP/1.1 200 OK', dated, closing], 'abc'),
    ),
    closes: true,
  },
  // Upgrades.
  answered(
    'an upgrade that the app offers is for its hop only',
    'RFC 9110 §7.8',
    ok('x', 'Upgrade: h2c', 'Connection: Upgrade'),
    ok('x'),
  ),
  {
    says: 'an upgrade to anything but a WebSocket is not asked for',
    rfc: 'RFC 9110 §7.8',
    sends: get('/', 'Upgrade: TLS/1.0, websocket', 'Connection: upgrade'),
    sees: get('/'),
    gets: ok('x'),
  },
  {
    says: 'an app may leave a WebSocket unopened',
    rfc: 'RFC 6455 §4.2.2',
    sends: get('/', 'Sec-WebSocket-Key: a', 'Upgrade: WebSocket', 'Connection: Upgrade'),
    sees: message([
      'GET / HTTP/1.1',
      'Host: shop.test',
      'Sec-WebSocket-Key: a',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ]),
    app: bare('426 Upgrade Required', 'Sec-WebSocket-Version: 13', 'Content-Length: 0'),
    gets: bare('426 Upgrade Required', 'Sec-WebSocket-Version: 13', 'Content-Length: 0'),
  },
];
