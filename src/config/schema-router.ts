/** The keys of teal.yaml that are about traffic: the router itself, and how it speaks to an app. */
import * as v from 'valibot';
import { keys, oneOrMany } from './leaf.ts';
import { cidr, listenAddress } from './kinds-network.ts';
import { duration, integer, orNone, size, text } from './kinds-plain.ts';
import { key, maybe } from './schema-keys.ts';

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
});

export const router = keys({
  listen: key(
    oneOrMany(listenAddress),
    '127.0.0.1:8080',
    'One address or a list. 127.0.0.1:8080 by default, and a port alone means loopback: to be reached from elsewhere is something to ask for.',
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
  client: key(client, {}, 'What a client may send and how long it may take.'),
});
