/** The keys of teal.yaml that are about traffic: the router itself, and how it speaks to an app. */
import * as v from 'valibot';
import { keys, oneOrMany } from './leaf.ts';
import { cidr, listenAddress } from './kinds-network.ts';
import { choice, duration, integer, orNone, size, text } from './kinds-plain.ts';
import { accessLog } from './kinds-router.ts';
import { key, maybe } from './schema-keys.ts';
import { proxyProtocol, tls } from './schema-tls.ts';

const queue = keys({
  size: key(
    integer(0, 100_000),
    100,
    'Most requests that wait; more get 503 at once, and 0 lets none wait. 100 by default: who would wait behind more is better told so.',
  ),
  timeout: key(
    duration(),
    '5s',
    'For a place; then 503 with Retry-After. 5s by default: about as long as people look at an empty page.',
  ),
});

const eject = keys({
  after: key(
    orNone(integer(1, 1000), 'a whole number from 1 to 1000', { type: 'integer', minimum: 1, maximum: 1000 }),
    3,
    'Failures in a row: no connection, no answer in time, an answer that breaks off. none never ejects. 3 by default: one may be chance, and each costs somebody time.',
  ),
  for: key(
    duration(),
    '1s',
    'How long the first time, twice as long each time after; then one request tries it. 1s by default: the health check soon knows better.',
  ),
  'at-most': key(
    duration(),
    '30s',
    'The longest time. 30s by default: an instance that is well again is missed no longer.',
  ),
  'app-errors': key(
    choice(['ignore', 'count']),
    'ignore',
    'Whether answers of 500 and above are failures. ignore by default: they often come from what all instances share, and then leaving one out helps nobody.',
  ),
});

export const upstream = keys({
  'connect-timeout': key(duration(), '1s', 'To connect to an instance. 1s by default: instances are near.'),
  'response-timeout': key(
    duration(),
    '30s',
    'From the request sent to the head of the response. 30s by default.',
  ),
  'idle-timeout': key(
    duration(),
    '60s',
    'No byte in either direction for this long within a request ends it; WebSockets are exempt. 60s by default.',
  ),
  'keep-alive': key(
    duration(),
    '5s',
    "The app's own keep-alive time when it does not announce one: a connection idle past half of it takes no request that cannot be repeated. 5s by default, as in Node's http server.",
  ),
  'max-body': key(
    orNone(size(1), 'a size such as 10MB', { type: 'string' }),
    'none',
    'Largest request body; larger ones get 413. none by default: the app knows its uploads.',
  ),
  'max-in-flight': key(
    orNone(integer(1, 1_000_000), 'a whole number from 1 to 1000000', {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
    }),
    'none',
    'Most requests at one instance at a time, of all workers together; more wait in the queue. WebSockets and event streams are not counted: they stay for hours and do little. none by default: the app knows what it can do at once.',
  ),
  queue: key(
    queue,
    {},
    'Requests that wait while every instance has max-in-flight, first come first served; for each environment and role.',
  ),
  'slow-start': key(
    orNone(duration(), 'a duration such as 30s', { type: 'string' }),
    'none',
    'A new instance gets a tenth of its share of requests at first, and all of it after this time. none by default: it gets none before its health check passes; for apps that are slow until their caches are filled.',
  ),
  eject: key(eject, {}, 'When an instance that fails requests is left out for a while.'),
  sticky: key(
    orNone(choice(['cookie']), 'cookie', { const: 'cookie' }),
    'none',
    'cookie keeps a browser on one instance of an environment as long as that is well. none by default: an app that needs it loses sessions with every instance that ends.',
  ),
  protocol: key(
    choice(['http1', 'h2c']),
    'http1',
    'What the instances speak, health checks included. h2c: HTTP/2 without TLS, as gRPC servers do; WebSockets still go by HTTP/1.1. http1 by default: HTTP/1.1, which every web app speaks.',
  ),
  'total-timeout': key(
    orNone(duration(10), 'a duration such as 30s', { type: 'string' }),
    'none',
    'From the request admitted to the last byte of the answer, all tries together: 504 when the answer has not begun, else it is broken off. WebSockets and event streams are exempt. none by default: downloads take as long as the client needs, and the other time-outs end what stands still.',
  ),
});

const client = keys({
  'head-bytes': key(
    size(1024),
    '32KB',
    'Largest request line and headers together; larger ones get 431. 32KB by default: room for many cookies.',
  ),
  headers: key(integer(10, 10_000), 100, 'Most headers of a request. 100 by default.'),
  'head-timeout': key(
    duration(10),
    '10s',
    'To send the head of a request. 10s by default: slow clients pass, idle attackers do not.',
  ),
  'idle-timeout': key(
    duration(1000),
    '75s',
    'An idle kept-alive connection is closed no sooner. 75s by default: longer than the 60s of common load balancers in front.',
  ),
  connections: key(
    integer(1, 1_000_000),
    10_000,
    'Most connections of one worker; more wait unaccepted until one closes or another worker takes them. 10000 by default: idle ones then cost well under 1GB, also encrypted.',
  ),
});

export const router = keys({
  listen: key(
    oneOrMany(listenAddress),
    '127.0.0.1:8080',
    'One address or a list. 127.0.0.1:8080 by default, and a port alone means loopback: to be reached from elsewhere is something to ask for.',
  ),
  h2c: key(
    oneOrMany(listenAddress),
    [],
    'One address or a list where clients speak HTTP/2 without TLS, as gRPC clients in a private network do; a port alone means loopback. [] by default: browsers only speak HTTP/2 with TLS.',
  ),
  metrics: maybe(
    listenAddress,
    'Where Prometheus reads metrics (GET /metrics): an address of this machine, such as 127.0.0.1:9100. When left out only the control socket serves them.',
  ),
  workers: key(
    integer(1, 256),
    1,
    'Processes that share the traffic. 1 by default: one core carries tens of thousands of requests a second.',
  ),
  'trusted-proxies': key(
    v.array(cidr),
    [],
    "CIDR ranges whose X-Forwarded-* headers are believed. [] by default: nobody's.",
  ),
  'geo-database': maybe(
    text('a file in MMDB format', './country.mmdb'),
    'Countries and regions of addresses, relative to teal.yaml; read again when it changes. Without it the npm package @ip-location-db/geo-whois-asn-country-mmdb, when it is installed: for a try, since its publisher has ended its updates in June 2026 and names errors in it.',
  ),
  'proxy-protocol': proxyProtocol,
  tls: maybe(tls, 'Encryption towards clients. None when left out.'),
  'exposure-expires': key(
    orNone(duration(10_000), 'a duration such as 5m', { type: 'string' }),
    '5m',
    'Who is sent to a candidate by a release goes to live when the router has not heard from the control plane for this long, until it hears it again: nobody could take a bad candidate back. none: never. 5m by default: longer than a restart or an upgrade of Teal takes, also on a busy machine, and people meet what nobody watches for minutes, not for a night.',
  ),
  client: key(client, {}, 'What a client may send and how long it may take.'),
  'access-log': key(
    accessLog,
    'none',
    'One line of JSON for each request: logs (with the other logs; teal logs --access shows it) or a file, relative to teal.yaml. Written as teal up started. none by default: a line costs some 10 µs, and addresses are personal data.',
  ),
  'access-log-query': key(
    choice(['names', 'all', 'none']),
    'names',
    'How much of a query it tells: names without values, all but what sounds secret, or nothing. names by default: which parameters came tells most, and what they hold is for the app.',
  ),
  'access-log-size': key(
    size(64 * 1024),
    '64MB',
    'Past this it is renamed to access.log.1, and so on. 64MB by default: opened in an editor without thinking.',
  ),
  'access-log-keep': key(
    integer(0, 1000),
    5,
    'How many renamed ones are kept. 5 by default: a bound for the disk that covers a day of most apps.',
  ),
  'server-timing': key(
    choice(['off', 'preview', 'all']),
    'off',
    'Adds a Server-Timing header: where the time to the first byte went. preview: only for requests with a preview token. off by default: it tells clients how busy the app is.',
  ),
  trace: key(
    choice(['off', 'on']),
    'off',
    'on: traceparent and tracestate (W3C Trace Context) go on as they came when they are valid, are dropped when not, and a request without them begins a trace; its id is in the access log. off by default: the headers pass unread.',
  ),
});
