/** What reaches the app of what a client sends (RFC 9110 §6 to §10, RFC 9112 §3, §6, §7). */
import { get, message, ok, type Row } from './row.ts';

const plain = ok('x');
const same = (says: string, rfc: string, sends: string): Row => ({
  says,
  rfc,
  sends,
  sees: sends,
  gets: plain,
});
const post = (lines: readonly string[], body = ''): string =>
  message(['POST /p HTTP/1.1', 'Host: shop.test', ...lines], body);
const chunks = (body: string, ...lines: readonly string[]): string =>
  post([...lines, 'Transfer-Encoding: chunked'], body);
const from10 = (...lines: readonly string[]): string => message(['GET /old HTTP/1.0', ...lines]);

/** The longest head that the test's router takes, and the most fields. */
export const headBytes = 1000;
export const mostFields = 12;
const filled = (bytes: number): string => {
  const bare = get('/', 'X-Fill: ');
  return get('/', `X-Fill: ${'a'.repeat(bytes - bare.length)}`);
};
/** Host is one of them. */
const fields = (count: number): string =>
  get('/', ...Array.from({ length: count - 1 }, (_, index) => `X-${index}: a`));

export const requestRows: readonly Row[] = [
  // The target.
  same('a target with a query', 'RFC 9112 §3.2.1', get('/a/b?c=d&e=f?g')),
  same('a target is never decoded or tidied', 'RFC 9110 §4.2', get('/a%2Fb/../%63//d/./e;x=y?%00%zz')),
  same('an empty query', 'RFC 9112 §3.2.1', get('/?')),
  same('OPTIONS *', 'RFC 9112 §3.2.4', message(['OPTIONS * HTTP/1.1', 'Host: shop.test'])),
  {
    says: 'the absolute form becomes the origin form, and its host is Host',
    rfc: 'RFC 9112 §3.2.2',
    sends: message(['GET http://shop.test:80/a?b HTTP/1.1', 'Host: SHOP.test:80']),
    sees: message(['GET /a?b HTTP/1.1', 'Host: SHOP.test:80']),
    gets: plain,
  },
  {
    says: 'the absolute form with a query and no path',
    rfc: 'RFC 9112 §3.2.1',
    sends: get('http://shop.test?b'),
    sees: get('/?b'),
    gets: plain,
  },
  {
    says: 'the absolute form of HTTP/1.0 without Host gives the host',
    rfc: 'RFC 9112 §3.2.2',
    sends: message(['GET http://old.test/a HTTP/1.0', 'Connection: keep-alive']),
    sees: message(['GET /a HTTP/1.1', 'Host: old.test']),
    gets: plain,
  },
  same('a Host with a port', 'RFC 9110 §7.2', message(['GET / HTTP/1.1', 'Host: shop.test:8080'])),
  same('a Host that is an IPv4 address', 'RFC 9110 §7.2', message(['GET / HTTP/1.1', 'Host: 127.0.0.1:80'])),
  same('a Host that is an IPv6 address', 'RFC 9110 §7.2', message(['GET / HTTP/1.1', 'Host: [::1]'])),
  same(
    'a Host that is an IPv6 address with a port',
    'RFC 9110 §7.2',
    message(['GET / HTTP/1.1', 'Host: [2001:db8::7]:8080']),
  ),
  // Methods: any is the app's to know.
  ...['PATCH', 'PROPFIND', 'M-SEARCH', 'QUERY', 'X-OWN', 'A'.repeat(32)].map((method) =>
    same(
      `${method.slice(0, 10)} is passed on`,
      'RFC 9110 §9.1',
      message([`${method} / HTTP/1.1`, 'Host: a']),
    ),
  ),
  // Fields.
  same(
    'fields keep their order, their case and their number',
    'RFC 9110 §5.3',
    get('/', 'X-B: 1', 'x-a: 2', 'X-b: 3', 'Accept: a', 'ACCEPT: b'),
  ),
  same('an empty value, and one with quotes', 'RFC 9110 §5.5', get('/', 'X-Empty:', 'X-Quoted: "a, b\\"c"')),
  same('space around a value is left as it is', 'RFC 9112 §5.1', get('/', 'X-A:\t b \t c\t')),
  same('values beyond ASCII', 'RFC 9110 §5.5', get('/', 'X-Latin: \xe4\xf6\xfc', 'X-Utf8: \xc3\xa4')),
  same('all token characters in a name', 'RFC 9110 §5.1', get('/', "!#$%&'*+-.^`|~09aZ: a")),
  same('several Cookie lines', 'RFC 6265 §5.4', get('/', 'Cookie: a=1; b=2', 'Cookie: c=3')),
  same('credentials', 'RFC 9110 §11.6.2', get('/', 'Authorization: Bearer a.b.c')),
  same(
    'ranges',
    'RFC 9110 §14.2',
    get('/', 'Range: bytes=0-99,-5', 'If-Range: "a"', 'Accept-Encoding: identity'),
  ),
  same(
    'conditions',
    'RFC 9110 §13.1',
    get(
      '/',
      'If-Match: "a"',
      'If-None-Match: W/"b", "c"',
      'If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT',
      'If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT',
    ),
  ),
  same('caching', 'RFC 9111 §5.2', get('/', 'Cache-Control: no-cache, max-age=0', 'Pragma: no-cache')),
  same('the announcement of trailers', 'RFC 9110 §6.6.2', get('/', 'Trailer: X-Sum')),
  {
    says: 'TE is for the next hop only',
    rfc: 'RFC 9110 §10.1.4',
    sends: get('/', 'TE: trailers'),
    sees: get('/'),
    gets: plain,
  },
  {
    says: 'Keep-Alive and what Connection names are for the next hop only, in any case',
    rfc: 'RFC 9110 §7.6.1',
    sends: get('/', 'Keep-Alive: 300', 'X-Hop: a', 'connection: KEEP-ALIVE ,, x-HOP', 'X-End: b'),
    sees: get('/', 'X-End: b'),
    gets: plain,
  },
  // Bodies.
  same('a body of GET', 'RFC 9110 §9.3.1', message(['GET / HTTP/1.1', 'Host: a', 'Content-Length: 2'], 'ab')),
  same('a length of 0', 'RFC 9110 §8.6', post(['Content-Length: 0'])),
  same('POST without a length has no body', 'RFC 9112 §6.3', post([])),
  {
    says: 'a length is written anew',
    rfc: 'RFC 9110 §8.6',
    sends: post(['content-length:  002 ', 'X-A: b'], 'ab'),
    sees: post(['X-A: b', 'Content-Length: 2'], 'ab'),
    gets: plain,
  },
  same(
    'a body that looks like a request',
    'RFC 9112 §6.2',
    post(['Content-Length: 18'], 'GET / HTTP/1.1\r\n\r\n'),
  ),
  same(
    'an encoded body',
    'RFC 9110 §8.4',
    post(['Content-Encoding: gzip', 'Content-Length: 3'], '\x1f\x8b\x00'),
  ),
  same('chunks', 'RFC 9112 §7.1', chunks('3\r\nabc\r\n0\r\n\r\n')),
  same('no chunks but the last', 'RFC 9112 §7.1', chunks('0\r\n\r\n')),
  {
    says: 'chunks are joined, their sizes in any case, with zeros in front',
    rfc: 'RFC 9112 §7.1',
    sends: chunks(`00A\r\n${'a'.repeat(10)}\r\n0b\r\n${'b'.repeat(11)}\r\n000\r\n\r\n`),
    sees: chunks(`15\r\n${'a'.repeat(10)}${'b'.repeat(11)}\r\n0\r\n\r\n`),
    gets: plain,
  },
  {
    says: 'chunk extensions end here, also quoted ones, and those of the last chunk',
    rfc: 'RFC 9112 §7.1.1',
    sends: chunks('3;a;b=c;d="e;\\"f"\r\nabc\r\n0;g=h\r\n\r\n'),
    sees: chunks('3\r\nabc\r\n0\r\n\r\n'),
    gets: plain,
  },
  {
    says: 'CHUNKED is chunked',
    rfc: 'RFC 9112 §7',
    sends: post(['Transfer-Encoding: Chunked'], '1\r\na\r\n0\r\n\r\n'),
    sees: chunks('1\r\na\r\n0\r\n\r\n'),
    gets: plain,
  },
  same(
    'trailers that may be there',
    'RFC 9110 §6.5',
    chunks('1\r\na\r\n0\r\nX-Sum: 1\r\nServer-Timing: a\r\n\r\n', 'Trailer: X-Sum'),
  ),
  {
    says: 'trailers that frame, route, authenticate or describe the content end here',
    rfc: 'RFC 9110 §6.5.1',
    sends: chunks(
      '1\r\na\r\n0\r\nAuthorization: a\r\nCookie: a\r\nX-Sum: 1\r\nContent-Encoding: a\r\nContent-Range: a\r\n' +
        'Expect: a\r\nTE: a\r\nTrailer: a\r\nVia: a\r\nx_teal_user: a\r\nMax-Forwards: 1\r\nCache-Control: a\r\n\r\n',
    ),
    sees: chunks('1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n'),
    gets: plain,
  },
  // HTTP/1.0.
  {
    says: 'HTTP/1.0 is closed behind the answer, whatever its Host',
    rfc: 'RFC 9112 §9.3',
    sends: from10('Host: shop.test'),
    sees: message(['GET /old HTTP/1.1', 'Host: shop.test']),
    gets: withClose(plain),
    closes: true,
  },
  {
    says: 'HTTP/1.0 is kept when it asks for that',
    rfc: 'RFC 9112 §9.3',
    sends: from10('Host: shop.test', 'Connection: Keep-Alive'),
    sees: message(['GET /old HTTP/1.1', 'Host: shop.test']),
    gets: plain,
  },
  {
    says: 'HTTP/1.0 that asks for both is closed',
    rfc: 'RFC 9112 §9.3',
    sends: from10('Host: shop.test', 'Connection: keep-alive, close'),
    sees: message(['GET /old HTTP/1.1', 'Host: shop.test']),
    gets: withClose(plain),
    closes: true,
  },
  {
    says: 'an upgrade that HTTP/1.0 asks for is none',
    rfc: 'RFC 9110 §7.8',
    sends: from10('Host: a', 'Connection: upgrade, keep-alive', 'Upgrade: websocket'),
    sees: message(['GET /old HTTP/1.1', 'Host: a']),
    gets: plain,
  },
  // Connections.
  {
    says: 'close in any case and place',
    rfc: 'RFC 9112 §9.6',
    sends: get('/', 'Connection: x-a,CLOSE'),
    sees: get('/'),
    gets: withClose(plain),
    closes: true,
  },
  {
    says: 'one empty line before a request',
    rfc: 'RFC 9112 §2.2',
    sends: `\r\n${get('/')}`,
    sees: get('/'),
    gets: plain,
  },
  // Limits.
  same('a head just as long as is allowed', 'RFC 9110 §5.4', filled(headBytes)),
  refused(
    'a head one octet longer',
    'RFC 9110 §5.4',
    filled(headBytes + 1),
    '431 Request Header Fields Too Large',
  ),
  same('just as many fields as are allowed', 'RFC 9110 §5.4', fields(mostFields)),
  refused('one field more', 'RFC 9110 §5.4', fields(mostFields + 1), '431 Request Header Fields Too Large'),
  refused(
    'a method one letter longer',
    'RFC 9110 §9.1',
    message([`${'A'.repeat(33)} / HTTP/1.1`, 'Host: a']),
    '405 Method Not Allowed',
  ),
  // Who it is for.
  ...['', 'a:b', '[::1', '::1', '[::1]x', 'a:123456', 'a\\b', 'a?b', '[::g]', 'a b'].map((host) =>
    refused(
      `Host: ${host}`,
      'RFC 9112 §3.2',
      message(['GET / HTTP/1.1', `Host: ${host}`]),
      '400 Bad Request',
    ),
  ),
  refused(
    'a Host beside an absolute form of another port',
    'RFC 9112 §3.2.2',
    get('http://shop.test:81/'),
    '400 Bad Request',
  ),
  refused('an absolute form of an empty host', 'RFC 9110 §4.2.1', get('http:///a'), '400 Bad Request'),
  refused('two empty lines before a request', 'RFC 9112 §2.2', `\r\n\r\n${get('/')}`, '400 Bad Request'),
];

function withClose(answer: string): string {
  return answer.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
}

/** Only the status line counts: what follows is our page. */
function refused(says: string, rfc: string, sends: string, status: string): Row {
  return {
    says: `refused: ${says}`,
    rfc,
    sends,
    sees: null,
    gets: `HTTP/1.1 ${status}\r\nServer: teal\r\n`,
    closes: true,
  };
}
