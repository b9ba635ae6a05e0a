// One question to a real server, in every way in which it can be answered.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { MetricPolicy, MetricSource } from '../../../src/config/metrics.ts';
import { ask } from '../../../src/metrics/custom/ask.ts';
import type { Reading } from '../../../src/metrics/custom/reading.ts';
import {
  failure,
  matrix,
  policy,
  says,
  scalar,
  startSource,
  vector,
  type Answer,
  type Source,
} from './source.ts';

let source: Source;

before(async () => {
  source = await startSource(says(200, vector('1')));
});

after(() => source.close());

const values = { app: 'shop', environment: 'green', version: 'v2', release: 'shop-7' };
const secret = 'hunter22-of-the-shop';
const environment = { TOKEN: `Bearer ${secret}`, BROKEN: `${secret}\nx-more: 1` };

interface Asking extends Partial<MetricPolicy> {
  readonly signal?: AbortSignal;
}

async function asked(answer: Answer, { signal, ...more }: Asking = {}): Promise<Reading> {
  source.answer = answer;
  const given = signal ?? new AbortController().signal;
  return await ask(policy(source.url, more), values, { fetch, environment }, given);
}

const http = (path: string, more: Partial<MetricSource> = {}): Asking => ({
  source: { kind: 'http', url: `${source.url}/stats`, path, headers: {}, ...more } as MetricSource,
});

const withToken = (name: string): Asking => ({
  source: {
    kind: 'prometheus',
    url: source.url,
    query: 'up',
    headers: { authorization: { kind: 'secret', source: 'env', name } },
  },
});

function unavailable(reading: Reading, why: RegExp): void {
  assert.equal(reading.kind, 'unavailable', JSON.stringify(reading));
  assert.match('why' in reading ? reading.why : '', why);
}

test('Prometheus is asked for the query with its placeholders filled in, and told how long anybody waits', async () => {
  const query = 'sum(rate(e{app="{app}",environment="{environment}",version="{version}",r="{release}"}[1m]))';
  await asked(says(200, vector('1')), {
    source: { kind: 'prometheus', url: `${source.url}/behind/a/proxy`, query, headers: {} },
  });
  const url = source.asked.at(-1);
  assert.equal(url?.pathname, '/behind/a/proxy/api/v1/query');
  assert.equal(
    url.searchParams.get('query'),
    'sum(rate(e{app="shop",environment="green",version="v2",r="shop-7"}[1m]))',
  );
  assert.equal(url.searchParams.get('timeout'), '2000ms');
});

test('a vector of one, and a scalar, are numbers', async () => {
  const value = async (body: string): Promise<unknown> => await asked(says(200, body));
  assert.deepEqual(await value(vector('0.25')), { kind: 'value', value: 0.25 });
  assert.deepEqual(await value(scalar('-1.5e-3')), { kind: 'value', value: -0.0015 });
  assert.deepEqual(await value(vector('+Inf')), { kind: 'value', value: Infinity });
  assert.deepEqual(await value(vector('-Inf')), { kind: 'value', value: -Infinity });
});

test('no series, and NaN, are no number, and nobody is to blame', async () => {
  assert.deepEqual(await asked(says(200, vector())), { kind: 'empty', why: 'no series' });
  assert.deepEqual(await asked(says(200, vector('NaN'))), { kind: 'empty', why: 'NaN' });
  assert.deepEqual(await asked(says(200, scalar('NaN'))), { kind: 'empty', why: 'NaN' });
});

test('an answer that has no meaning is none', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /no JSON of Prometheus/],
    ['<html>login</html>', /no JSON of Prometheus/],
    ['null', /no JSON of Prometheus/],
    ['[]', /no JSON of Prometheus/],
    ['{"status":"success"}', /no JSON of Prometheus/],
    ['{"status":"success","data":{"resultType":"vector","result":{}}}', /no JSON of Prometheus/],
    ['{"status":"success","data":{"resultType":"vector","result":[7]}}', /no sample/],
    ['{"status":"success","data":{"resultType":"vector","result":[{"histogram":[1,{}]}]}}', /no sample/],
    ['{"status":"success","data":{"resultType":"scalar","result":[1]}}', /no sample/],
    [vector('1', '2', '3'), /3 series: .*sum/],
    [vector('0x10'), /"?0x10"? is no number/],
    [vector(''), /is no number/],
    [matrix, /gives a matrix/],
    [vector('1').slice(0, -9), /no JSON of Prometheus/],
  ];
  for (const [body, why] of cases) unavailable(await asked(says(200, body)), why);
});

test('errors of Prometheus are told in its words, others by their status', async () => {
  const query = failure('bad_data', 'invalid parameter "query": 1:5: parse error: unexpected end of input');
  unavailable(await asked(says(400, query)), /^Prometheus says bad_data: invalid parameter "query"/);
  unavailable(await asked(says(503, failure('timeout', 'query timed out'))), /says timeout: query timed out/);
  unavailable(
    await asked(says(503, 'no healthy upstream')),
    /^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/query: answered 503$/,
  );
  unavailable(await asked(says(401, vector('1'))), /answered 401$/);
  const long = await asked(says(422, failure('execution', 'x'.repeat(5000))));
  assert.ok('why' in long && long.why.length <= 200);
});

test('what hangs, before its head or within its body, is given up at the timeout', async () => {
  const timeoutMs = 150;
  unavailable(await asked(() => undefined, { timeoutMs }), /no whole answer within 0.15 s$/);
  const half: Answer = (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"status":');
  };
  unavailable(await asked(half, { timeoutMs }), /no whole answer within 0.15 s$/);
});

test('what is down, cut, or endless is unavailable', async () => {
  const gone = await startSource(says(200, ''));
  await gone.close();
  const reading = await ask(policy(gone.url), values, { fetch, environment }, new AbortController().signal);
  unavailable(reading, /nobody listens there$/);
  unavailable(await asked((request) => request.socket.destroy()), /the connection was cut$/);
  const endless: Answer = (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };
  unavailable(await asked(endless), /longer than 1MB$/);
});

test('who is not needed any more ends the question at once', async () => {
  const aborted = new AbortController();
  const begun = Promise.withResolvers<void>();
  const asking = asked(() => begun.resolve(), { timeoutMs: 60_000, signal: aborted.signal });
  await begun.promise;
  aborted.abort();
  unavailable(await asking, /given up$/);
});

test('redirects are not followed: secrets are for one host', async () => {
  const other = await startSource(says(200, vector('1')));
  try {
    const reading = await asked(says(302, '', { location: `${other.url}/api/v1/query` }), withToken('TOKEN'));
    unavailable(reading, /answered 302: redirects are not followed/);
    assert.equal(other.asked.length, 0);
  } finally {
    await other.close();
  }
});

test('a secret is sent, and told to nobody: not when it is missing, not when it is sent back', async () => {
  let sent: string | undefined;
  const echo: Answer = (request, response) => {
    sent = request.headers.authorization;
    response.writeHead(400).end(failure('bad_data', `${'x'.repeat(170)} who are you, ${sent} / ${secret}?`));
  };
  const answers = [
    await asked(echo, withToken('TOKEN')),
    await asked(says(200, vector(`${secret}`)), withToken('TOKEN')),
    await asked(says(500, secret), withToken('TOKEN')),
    await asked(says(200, vector('1')), withToken('BROKEN')),
    await asked(says(200, vector('1')), withToken('ABSENT')),
    await asked((request) => request.socket.destroy(), withToken('TOKEN')),
  ];
  assert.equal(sent, `Bearer ${secret}`);
  for (const reading of answers) {
    assert.equal(reading.kind, 'unavailable');
    assert.doesNotMatch(JSON.stringify(reading), /hunter22/);
  }
  unavailable(answers[3] as Reading, /header authorization holds a sign that no header can/);
  unavailable(answers[4] as Reading, /ABSENT is not in Teal's environment/);
});

test('a secret in a file is read anew each time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'teal-metrics-'));
  try {
    const name = join(folder, 'token');
    const sent: unknown[] = [];
    const answer: Answer = (request, response) => {
      sent.push(request.headers['x-key']);
      response.end(vector('1'));
    };
    const headers = { 'x-key': { kind: 'secret', source: 'file', name } } as const;
    const more = { source: { kind: 'prometheus', url: source.url, query: 'up', headers } } as const;
    for (const token of ['one\n', 'two\n']) {
      await writeFile(name, token);
      await asked(answer, more);
    }
    assert.deepEqual(sent, ['one', 'two']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

const document = JSON.stringify({
  green: { errors: 3, rate: '0.5', none: null, text: 'many', list: [1], nan: 'NaN' },
  checks: [
    { name: 'queue', depth: 7 },
    { name: 'disk', depth: 1 },
  ],
});

test('a path finds one number in a document, also one in quotes', async () => {
  const at = async (path: string): Promise<Reading> => await asked(says(200, document), http(path));
  assert.deepEqual(await at('$.green.errors'), { kind: 'value', value: 3 });
  assert.deepEqual(await at('$.green.rate'), { kind: 'value', value: 0.5 });
  assert.deepEqual(await at("$['{environment}'].errors"), { kind: 'value', value: 3 });
  assert.deepEqual(await at("$.checks[?@.name=='queue'].depth"), { kind: 'value', value: 7 });
  assert.deepEqual(await at('$.blue.errors'), { kind: 'empty', why: 'nothing at $.blue.errors' });
  assert.deepEqual(await at('$.green.none'), { kind: 'empty', why: 'null at $.green.none' });
  assert.deepEqual(await at('$.green.nan'), { kind: 'empty', why: 'NaN' });
  unavailable(await at('$.checks[*].depth'), /^2 values at/);
  unavailable(await at('$.green.text'), /^a string at/);
  unavailable(await at('$.green.list'), /^a list at/);
  unavailable(await at('$.green'), /^a object at|^an object at/);
  unavailable(await asked(says(200, 'no json'), http('$')), /no JSON$/);
  unavailable(await asked(says(404, document), http('$.green.errors')), /answered 404$/);
  unavailable(
    await asked(says(200, '['.repeat(50_000) + ']'.repeat(50_000)), http('$..a')),
    /cannot be followed|no JSON/,
  );
});

test('values are written into an address so that they stay one part of it', async () => {
  source.answer = says(200, '1');
  const url = `${source.url}/{app}/{version}?e={environment}`;
  const { source: from } = http('$', { url } as Partial<MetricSource>);
  if (from === undefined) throw new Error('no source');
  const odd = { ...values, version: 'v2/../x&y' };
  await ask(policy(url, { source: from }), odd, { fetch, environment }, new AbortController().signal);
  assert.equal(source.asked.at(-1)?.href, 'http://source/shop/v2%2F..%2Fx%26y?e=green');
});
