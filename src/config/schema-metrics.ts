/** The keys of `judge.metrics`: numbers that other systems have measured, and what they may be. */
import * as v from 'valibot';
import { documentUrl, headerName, jsonPath, number, prometheusUrl, query, ratio } from './kinds-metrics.ts';
import { choice, duration, integer, name, trueOrFalse } from './kinds-plain.ts';
import { environmentValue } from './kinds-process.ts';
import { keys, named } from './leaf.ts';
import { key, maybe, needed } from './schema-keys.ts';

const headers = key(
  named(headerName, environmentValue, 'a map from names of headers to values'),
  {},
  'Sent along. A secret is named, as { secret: env:NAME } or { secret: file:/path }, read when it is asked, and shown nowhere. Redirects are not followed: they would take it to somebody else.',
);

const prometheus = keys({
  url: needed(prometheusUrl, 'Where it is; /api/v1/query is added. Whatever speaks the same API will do.'),
  query: needed(
    query,
    'PromQL that gives one number. {app}, {environment}, {version} and {release} are filled in, for the candidate and for live.',
  ),
  headers,
});

const http = keys({
  url: needed(
    documentUrl,
    'Asked with GET; answers JSON. {app}, {environment}, {version} and {release} are filled in.',
  ),
  path: needed(
    jsonPath,
    'JSONPath (RFC 9535, without match and search) to one number; the same may be filled in. A number in quotes is one too.',
  ),
  headers,
});

const metric = keys({
  name: needed(name('a name'), 'What it is called in status and history.'),
  prometheus: maybe(prometheus, 'Asks Prometheus. This or http.'),
  http: maybe(http, 'Asks for a document. This or prometheus.'),
  max: maybe(number, 'At most. One limit at least is needed; whichever is passed counts.'),
  min: maybe(number, 'At least.'),
  'max-ratio': maybe(
    ratio,
    'At most so many times what live has at the same moment. 1.5 is half as much again.',
  ),
  'min-ratio': maybe(ratio, 'At least so many times what live has at the same moment.'),
  floor: key(
    number,
    0,
    'Values up to this pass max-ratio, whatever live has: 1 error is no times 0 errors. 0 by default.',
  ),
  interval: key(
    duration(1000),
    '10s',
    'Between two questions. 10s by default: Prometheus hardly learns anything new sooner.',
  ),
  window: key(
    duration(0),
    '1m',
    'The mean of what was found in the last minute is compared, so that one peak is none. 1m by default; 0s compares each value by itself.',
  ),
  failures: key(
    integer(1, 100),
    3,
    'So many times in a row it has to be beyond a limit before everyone goes back. 3 by default: once is chance.',
  ),
  delay: key(
    duration(0),
    '0s',
    'Nothing is asked for so long after people are sent to the candidate. 0s by default: what is not known yet is inconclusive anyway.',
  ),
  timeout: key(
    duration(100),
    '5s',
    'For the whole answer. 5s by default: who takes longer is asked again at the next interval.',
  ),
  'no-data': key(
    choice(['inconclusive', 'pass', 'fail']),
    'inconclusive',
    'When there is no number for the candidate. inconclusive: goes neither on nor back; pass: nothing found is fine (a source that cannot be asked is still inconclusive); fail: goes back after `failures` in a row, also when the source cannot be asked. inconclusive by default: silence proves nothing.',
  ),
  'dry-run': key(
    trueOrFalse,
    false,
    'Shown, and decides nothing: to try a limit on real releases first. false by default.',
  ),
});

/** Custom metrics, in the order they are shown. */
export const metrics = v.pipe(
  v.array(metric),
  v.maxLength(20, 'keep the twenty that matter most: each is asked for both sides'),
) as unknown as v.GenericSchema<unknown, v.InferOutput<typeof metric>[]>;

export type MetricInput = v.InferOutput<typeof metric>;
