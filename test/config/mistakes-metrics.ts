import type { Mistake } from './mistakes.ts';

/** A right file whose app has one metric more or less right. */
const metric = (text: string): string =>
  [
    'apps:',
    '  shop:',
    '    run: { process: { command: x } }',
    '    judge:',
    '      metrics:',
    `        - ${text}`,
  ].join('\n');

const at = 'apps.shop.judge.metrics[0]';
const prometheus = 'prometheus: { url: "http://localhost:9090", query: up }';
const apart = `prometheus: { url: "http://localhost:9090", query: 'up{environment="{environment}"}' }`;
const asks = (more: string): string => metric(`{ name: a, ${prometheus}, ${more} }`);
const http = (keys: string): string => metric(`{ name: a, max: 1, http: { ${keys} } }`);
const headers = (map: string): string =>
  metric(`{ name: a, max: 1, prometheus: { url: "http://localhost:9090", query: up, headers: ${map} } }`);

function row(
  says: string,
  text: string,
  path: string,
  [expected, got, remedy]: readonly [string | RegExp, string | RegExp, string | RegExp],
): Mistake {
  return { says: `metrics: ${says}`, text, path, expected, got, remedy };
}

export const metricMistakes: readonly Mistake[] = [
  row('one that is not in a list', metric('a').replace('- a', '@{ name: a }'), 'apps.shop.judge.metrics', [
    /./,
    'a map of keys',
    /^write \[\], or one item to a line/,
  ]),
  row('no name', metric(`@{ ${prometheus}, max: 1 }`), `${at}.name`, ['the key name', 'nothing', /./]),
  row(
    'the same name twice',
    metric(`{ name: a, ${prometheus}, max: 1 }\n        - { name: @a, ${prometheus}, max: 1 }`),
    'apps.shop.judge.metrics[1].name',
    ['a name of its own for each metric', '"a" again', /line 6/],
  ),
  row('no source', metric('@{ name: a, max: 1 }'), at, ['prometheus or http', 'neither', /^add prometheus:/]),
  row('two sources', metric(`@{ name: a, max: 1, ${prometheus}, http: { url: "http://a", path: $ } }`), at, [
    'prometheus or http',
    'both',
    'keep one of them',
  ]),
  row('no limit', metric(`@{ name: a, ${prometheus} }`), at, [/^one of max, min/, 'no limit', /max: 0.05/]),
  row('a limit as a percentage', asks('max: @5%'), `${at}.max`, ['a number', '"5%"', 'write 0.05']),
  row('a limit that is mistyped', asks('max: 1, @max_ratio: 2'), `${at}.max_ratio`, [
    /^one of the keys/,
    /max_ratio/,
    'Did you mean `max-ratio`?',
  ]),
  row('a ratio that nothing keeps to', asks('max-ratio: @0'), `${at}.max-ratio`, [/above 0/, '0', /1\.5/]),
  row('limits that cross', asks('min: @2, max: 1'), `${at}.min`, [
    'at most max (1)',
    '2',
    /nothing could be between/,
  ]),
  row('a ratio of one question', metric(`{ name: a, ${prometheus}, max-ratio: @2 }`), `${at}.max-ratio`, [
    /^\{environment\} or \{version\} in prometheus's query/,
    'the same question for both sides',
    /^add it/,
  ]),
  row('a window without room', metric(`{ name: a, ${apart}, max-ratio: 2, window: @5s }`), `${at}.window`, [
    '0s, or at least interval (10s)',
    '5s',
    /^raise it/,
  ]),
  row('an interval that is none', asks('max: 1, interval: @1ms'), `${at}.interval`, [
    /at least 1s/,
    '"1ms"',
    /1s/,
  ]),
  row('what to do without data', asks('max: 1, no-data: @ignore'), `${at}.no-data`, [
    'one of inconclusive, pass, fail',
    '"ignore"',
    'write inconclusive or pass or fail',
  ]),
  row(
    'the whole address of the API',
    metric('{ name: a, max: 1, prometheus: { url: @"http://prom:9090/api/v1/query", query: up } }'),
    `${at}.prometheus.url`,
    [
      /^the address of Prometheus/,
      '"http://prom:9090/api/v1/query"',
      'write http://prom:9090: /api/v1/query is added',
    ],
  ),
  row(
    'a password in the address',
    metric('{ name: a, max: 1, prometheus: { url: @"http://me:hunter22@prom:9090", query: up } }'),
    `${at}.prometheus.url`,
    [/^the address/, '"http://…@prom:9090"', /authorization: \{ secret: env:NAME \}/],
  ),
  row('an address of another kind', http('url: @"file:///etc/passwd", path: $.a'), `${at}.http.url`, [
    /^an address/,
    /file/,
    'write http:// or https://',
  ]),
  row(
    'a host that is filled in',
    http('url: @"http://{environment}.example/", path: $.a'),
    `${at}.http.url`,
    [/^an address/, /environment/, /^write the host itself/],
  ),
  row(
    'a placeholder that is mistyped',
    metric(`{ name: a, max: 1, prometheus: { url: "http://a", query: @'up{x="{enviroment}"}' } }`),
    `${at}.prometheus.query`,
    ['placeholders that there are', '"{enviroment}"', 'Did you mean `{environment}`?'],
  ),
  row('a path without its root', http('url: "http://a", path: @errors.rate'), `${at}.http.path`, [
    /^a JSONPath/,
    '"errors.rate"',
    'write $.errors.rate',
  ]),
  row('a path that does not end', http("url: 'http://a', path: @'$.a['"), `${at}.http.path`, [
    /^a JSONPath/,
    '"$.a["',
    /^look at character \d+: /,
  ]),
  row('a pattern in a path', http(`url: 'http://a', path: @'$[?match(@.a, "(a+)+")]'`), `${at}.http.path`, [
    /^a JSONPath/,
    /match/,
    /match/,
  ]),
  row('a header that cannot be', headers('{ @"a b": c }'), `${at}.prometheus.headers.a b`, [
    'the name of a header',
    '"a b"',
    /authorization/,
  ]),
  row('a header of the connection', headers('{ @Host: c }'), `${at}.prometheus.headers.Host`, [
    'the name of a header',
    '"Host"',
    /the connection says it/,
  ]),
  row(
    'a secret that is written',
    headers('{ authorization: { secret: @hunter22 } }'),
    `${at}.prometheus.headers.authorization.secret`,
    ['env:NAME or file:/path', 'a value (not shown)', /never the secret itself/],
  ),
];
