/** One mistake each: the text, and where and how it is told. `@` in the text marks the place. */
export interface Mistake {
  readonly says: string;
  readonly text: string;
  readonly path: string;
  readonly expected: string | RegExp;
  readonly got: string | RegExp;
  readonly remedy: string | RegExp;
}

/** A right file with one app, to which the lines are added below `shop`. */
const shop = (...lines: readonly string[]): string =>
  [
    'apps:',
    '  shop:',
    '    run: { process: { command: node server.js } }',
    ...lines.map((line) => `    ${line}`),
  ].join('\n');

/** A right file whose process has one more key. */
const process = (more: string): string => `apps: { shop: { run: { process: { command: x, ${more} } } } }`;

const command = (text: string): string =>
  `apps:\n  shop:\n    run:\n      process:\n        command: ${text}\n`;

const router = (line: string): string => `router:\n  ${line}\n${shop()}`;

const tls = (pair: string, more = ''): string =>
  router(`tls: { listen: 8443, certificates: { certificate: a, ${pair} }, ${more} }`);

const duration = 'a duration such as 500ms, 10s, 5m, 1h';
const size = 'a size such as 32KB, 512MB, 2GB';
const listen = 'a port, or an address and a port such as 127.0.0.1:8080, 0.0.0.0:80, [::1]:8080';
const path = 'a path that starts with / and holds no ? or #';
const host = 'a host name such as shop.example.com or *.example.com';
const statusCodes = 'a status such as 200, a range such as 200-299, or a list of both';
const commandLine = 'a command such as node server.js, or a list such as [node, server.js]';
const appKeys =
  'one of the keys hosts, paths, run, roles, identity, audiences, features, health, release, judge, database, drain, upstream, errors, expose-version-header, skew, preview, keep';

export function row(
  says: string,
  text: string,
  path: string,
  [expected, got, remedy]: readonly [string | RegExp, string | RegExp, string | RegExp],
): Mistake {
  return { says, text, path, expected, got, remedy };
}

const syntax: readonly Mistake[] = [
  row('an empty file', '@', '', [
    'at least the key apps',
    'an empty file',
    'write a first one with: teal init',
  ]),
  row('a tab', 'apps:\n@\tshop: 1', '', ['spaces for indentation', /Tabs/, 'replace the tab by two spaces']),
  row('an open quote', 'data: "x@', '', ['a complete value', /quote/, /^close the quote/]),
  row('two colons', 'data: @b: c', '', ['one `key: value` to a line', /Nested/, /^quote the value/]),
  row('two documents', 'data: x\n@---\ndata: y', '', ['one document', /multiple/, /^remove the line ---/]),
  row('a tag', 'data: @!vault x', '', ['plain values without a tag', /!vault/, 'remove the !tag']),
  row('an alias of nothing', 'apps: @*base', 'apps', [/^an anchor &base/, '*base', /^put &base before/]),
  row('a key twice', `${shop('keep: 2', '@keep: 3')}`, 'apps.shop.keep', [
    'each key once',
    '"keep" again',
    'remove one of the two; the first is on line 4',
  ]),
  row('a list as key', '? @[a]\n: 1', '', ['a name as key', 'something else', /plain name/]),
  row('a key with a meaning of its own', '@constructor: 1', 'constructor', [
    'another name',
    '"constructor"',
    /^rename/,
  ]),
  row('a merge of something else', '<<: @3', '<<', [/^an alias of a map/, '3', /^write <<: \*name/]),
  row('an endless alias', 'apps: &a [@*a]', '', ['at most 50 levels of nesting', 'more', /ten levels/]),
  row('a file that multiplies itself', bomb(), '', [/^at most 50000 values/, 'more', /fewer aliases/]),
];

/** A billion values in two hundred bytes. */
function bomb(): string {
  const nine = (name: string): string =>
    `[${Array.from({ length: 9 }, (_, index) => (name === 'd' && index === 4 ? '@*d' : `*${name}`)).join(',')}]`;
  return [
    'a: &a [1,1,1,1,1,1,1,1,1]',
    ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
      (name, index) => `${name}: &${name} ${nine('abcdefgh'.charAt(index))}`,
    ),
  ].join('\n');
}

const structure: readonly Mistake[] = [
  row('no apps', '@data: x', 'apps', ['the key apps', 'nothing', /^add apps: \{ shop/]),
  row('apps without value', 'apps:@', 'apps', [/^a map from names of apps/, 'nothing', /lines below/]),
  row('apps as a list', 'apps: @[shop]', 'apps', [/^a map from names of apps/, 'a list', /key: value/]),
  row('a name in capitals', 'apps:\n  @Shop:\n    run: { process: { command: x } }', 'apps.Shop', [
    /^a name of a–z/,
    '"Shop"',
    'write shop',
  ]),
  row('no run', 'apps:\n  @shop:\n    keep: 3', 'apps.shop.run', [
    'the key run',
    'nothing',
    /^add run: \{ process/,
  ]),
  row(
    'no command',
    'apps: { shop: { run: { @process: { instances: 2 } } } }',
    'apps.shop.run.process.command',
    ['the key command', 'nothing', 'add command: node server.js'],
  ),
  row('a mistyped key', shop('@helth: {}'), 'apps.shop.helth', [
    appKeys,
    'the unknown key "helth"',
    'Did you mean `health`?',
  ]),
  row('a key in another spelling', process('@stopSignal: SIGINT'), 'apps.shop.run.process.stopSignal', [
    /^one of the keys command/,
    'the unknown key "stopSignal"',
    'Did you mean `stop-signal`?',
  ]),
  row('a key in the wrong place', shop('@instances: 2'), 'apps.shop.instances', [
    appKeys,
    'the unknown key "instances"',
    'it belongs at run.process.instances',
  ]),
  row('a key of another tool', shop('@strange: 2'), 'apps.shop.strange', [
    appKeys,
    'the unknown key "strange"',
    'remove it',
  ]),
  row('one host without list', shop('hosts: @a.example'), 'apps.shop.hosts', [
    'a list',
    '"a.example"',
    'write [a.example]',
  ]),
  row('a test of neither kind', shop('release: { tests: [@{ htp: / }] }'), 'apps.shop.release.tests[0]', [
    'a map with the key command or http',
    'a map of keys',
    /^write \{ command/,
  ]),
];

const values: readonly Mistake[] = [
  row('a duration in words', shop('health: { interval: @10 seconds }'), 'apps.shop.health.interval', [
    duration,
    '"10 seconds"',
    'write 10s',
  ]),
  row('a duration without unit', shop('drain: { deadline: @10 }'), 'apps.shop.drain.deadline', [
    duration,
    '10',
    'write 10s',
  ]),
  row(
    'a duration of two units',
    shop('release: { rollback-window: @1h30m }'),
    'apps.shop.release.rollback-window',
    [duration, '"1h30m"', 'write 90m'],
  ),
  row('a duration that no timer can hold', shop('preview: { expires: @30d }'), 'apps.shop.preview.expires', [
    duration,
    '"30d"',
    /at most 24d$/,
  ]),
  row('a duration too short', shop('release: { deadline: @5ms }'), 'apps.shop.release.deadline', [
    'a duration of at least 1s',
    '"5ms"',
    'write 1s or more',
  ]),
  row('a size in lower case', router('client: { head-bytes: @32kb }'), 'router.client.head-bytes', [
    size,
    '"32kb"',
    'write 32KB',
  ]),
  row('a size too small', router('client: { head-bytes: @12B }'), 'router.client.head-bytes', [
    'a size of at least 1KB',
    '"12B"',
    'write 1KB or more',
  ]),
  row('no instances', process('instances: @0'), 'apps.shop.run.process.instances', [
    'a whole number from 1 to 1000',
    '0',
    'write 1',
  ]),
  row('half an instance', process('instances: @1.5'), 'apps.shop.run.process.instances', [
    /^a whole number/,
    '1.5',
    'write 2',
  ]),
  row('a number as text', process('instances: @"2"'), 'apps.shop.run.process.instances', [
    /^a whole number/,
    '"2"',
    'write 2 without quotes',
  ]),
  row('cores as in Kubernetes', process('limits: { cpus: @500m }'), 'apps.shop.run.process.limits.cpus', [
    'a number of cores such as 0.5, or none',
    '"500m"',
    'write 0.5',
  ]),
  row(
    'a memory limit without unit',
    process('limits: { memory: @512 }'),
    'apps.shop.run.process.limits.memory',
    ['a size such as 512MB, or none', '512', /^write a number and one of/],
  ),
  row('a mistyped choice', shop('drain: { streams: @spred }'), 'apps.shop.drain.streams', [
    'one of spread, drain, close',
    '"spred"',
    'Did you mean `spread`?',
  ]),
  row('a strategy there is not', shop('release: { strategy: @recreate }'), 'apps.shop.release.strategy', [
    'one of blue-green, canary, cautious',
    '"recreate"',
    'write blue-green or canary or cautious',
  ]),
  row(
    'a strategy and steps',
    shop('release: { strategy: @canary, steps: [{ wait: 1m }] }'),
    'apps.shop.release.strategy',
    ['strategy or steps', 'both', /^keep one/],
  ),
  row(
    'a step that is judged where nothing is',
    shop('judge: off\n    release: { steps: [{ expose: { percent: 5, judge: @on } }] }'),
    'apps.shop.release.steps[0].expose.judge',
    ['off, since the judge of the app is off', 'on', /^remove judge: off of the app/],
  ),
  row(
    'what follows without evidence in a step that goes on by time',
    shop(
      'judge: on\n    release: { steps: [{ expose: { percent: 5, for: 1m, without-evidence: @advance } }] }',
    ),
    'apps.shop.release.steps[0].expose.without-evidence',
    ['a step that the judge lets pass', 'judge: hold', /^write judge: on beside it/],
  ),
  row(
    'a judge that gives up before it may begin',
    shop('judge: { min: 5m, max: @2m }'),
    'apps.shop.judge.max',
    ['at least judge.min, which is 5m', '2m', /^write 5m or more/],
  ),
  row('a judge that looks all the time', shop('judge: { tick: @100ms }'), 'apps.shop.judge.tick', [
    'a duration of at least 1s',
    '"100ms"',
    'write 1s or more',
  ]),
  row(
    'a limit on nothing that is counted',
    shop('judge: { limit: { @error: 0.1 } }'),
    'apps.shop.judge.limit.error',
    [/^one of errors, errors-3/, '"error"', 'Did you mean `errors`?'],
  ),
  row(
    'a percentage that goes down',
    shop('release: { steps: [{ expose: { percent: 5 } }, { expose: { percent: @1 } }] }'),
    'apps.shop.release.steps[1].expose.percent',
    ['more than the 5 % of an earlier step', '1', /^let percentages rise/],
  ),
  row(
    'a percentage of everyone',
    shop('release: { steps: [{ expose: { percent: @100 } }] }'),
    'apps.shop.release.steps[0].expose.percent',
    [/^a number above 0 and below 100/, '100', /^leave it out: everyone comes with promotion/],
  ),
  row(
    'a percentage with a sign',
    shop('release: { steps: [{ expose: { percent: @"5%" } }] }'),
    'apps.shop.release.steps[0].expose.percent',
    [/^a number above 0 and below 100/, '"5%"', 'write 5'],
  ),
  row(
    'a step for nobody',
    shop('release: { steps: [{ expose: @{ for: 1m } }] }'),
    'apps.shop.release.steps[0].expose',
    ['somebody to be sent there', 'nobody', /^add percent/],
  ),
  row('a step there is not', shop('release: { steps: [@promote] }'), 'apps.shop.release.steps[0]', [
    /^a map with one of the keys/,
    '"promote"',
    /^remove it/,
  ]),
  row(
    'a step for a test there is not',
    shop('release: { steps: [{ test: @smoke }] }'),
    'apps.shop.release.steps[0].test',
    ['the name of one of release.tests', '"smoke"', 'add it under release.tests'],
  ),
  row(
    'copies of requests of an audience there is not',
    shop('release: { steps: [{ mirror: { of: [@staff] } }] }'),
    'apps.shop.release.steps[0].mirror.of[0]',
    ['an audience of this app', '"staff"', 'add audiences: { staff: … }'],
  ),
  row(
    'copies of a method that is no request',
    shop('release: { steps: [{ mirror: { methods: [@CONNECT] } }] }'),
    'apps.shop.release.steps[0].mirror.methods[0]',
    [/^one of GET, HEAD, POST/, '"CONNECT"', /GET/],
  ),
  row(
    'copies of bodies that nobody can keep',
    shop('release: { steps: [{ mirror: { max-body: @2MB } }] }'),
    'apps.shop.release.steps[0].mirror.max-body',
    ['a size of at most 1MB', '"2MB"', 'write 1MB or less'],
  ),
  row(
    'a step for an audience there is not',
    shop('release: { steps: [{ expose: { to: [@staff] } }] }'),
    'apps.shop.release.steps[0].expose.to[0]',
    ['an audience of this app', '"staff"', 'add audiences: { staff: … }'],
  ),
  row(
    'a role that nobody defines',
    shop('release: { steps: [{ approve: { role: @managers } }] }'),
    'apps.shop.release.steps[0].approve.role',
    ['a role in people', '"managers"', 'add people: { managers: [anna] }'],
  ),
  row('promote without after', shop('release: { promote: @10m }'), 'apps.shop.release.promote', [
    /^auto, manual, or after/,
    '"10m"',
    'write after 10m',
  ]),
  row(
    'preview instances of none',
    shop('release: { preview-instances: @0 }'),
    'apps.shop.release.preview-instances',
    [/^all, or a whole number/, '0', 'write all or 1'],
  ),
  row('a path without slash', shop('paths: [/a, @b]'), 'apps.shop.paths[1]', [path, '"b"', 'write /b']),
  row('a path with a query', shop('paths: [@/a?b=1]'), 'apps.shop.paths[0]', [path, '"/a?b=1"', 'write /a']),
  row('a path with a line break', shop('health: { path: @"/a\\nHost: x" }'), 'apps.shop.health.path', [
    'a path that starts with / and holds no #',
    String.raw`"/a\nHost: x"`,
    /^percent-encode/,
  ]),
  row('a URL as host', shop('hosts: [@https://Shop.example/x]'), 'apps.shop.hosts[0]', [
    host,
    '"https://Shop.example/x"',
    'write shop.example',
  ]),
  row('a host with a port', shop('hosts: [@a.example:80]'), 'apps.shop.hosts[0]', [
    host,
    '"a.example:80"',
    'write a.example',
  ]),
  row('every host', shop('hosts: [@"*"]'), 'apps.shop.hosts[0]', [host, '"*"', /^remove hosts/]),
  row('a status outside the range', shop('health: { status: @99 }'), 'apps.shop.health.status', [
    statusCodes,
    '99',
    /^write 200/,
  ]),
  row('a range backwards', shop('health: { status: [200, @299-200] }'), 'apps.shop.health.status[1]', [
    statusCodes,
    '"299-200"',
    /^write 200/,
  ]),
  row('a CIDR range too long', router('trusted-proxies: [@10.0.0.0/33]'), 'router.trusted-proxies[0]', [
    'a CIDR range such as 10.0.0.0/8 or fd00::/8',
    '"10.0.0.0/33"',
    'write 10.0.0.0/ and a number from 0 to 32',
  ]),
  row('a key that is pasted', tls('key: @"-----BEGIN PRIVATE KEY-----"'), 'router.tls.certificates.key', [
    /^a file/,
    /text|not shown/,
    'put it into a file, and write its path, such as /etc/teal/shop.key',
  ]),
  row('yes for true', tls('key: a', 'redirect: @yes'), 'router.tls.redirect', [
    'true or false',
    '"yes"',
    'write true',
  ]),
  row('HSTS in hours', tls('key: a', 'hsts: @24h'), 'router.tls.hsts', [
    'a number of days such as 365d, or none',
    '"24h"',
    'write 365d',
  ]),
  row('an old version of TLS', tls('key: a', 'min-version: @TLSv1.1'), 'router.tls.min-version', [
    'one of TLSv1.2, TLSv1.3',
    '"TLSv1.1"',
    /TLSv1\.2/,
  ]),
  row('listening everywhere by half', router('listen: @:80'), 'router.listen', [
    listen,
    '":80"',
    'write 127.0.0.1:80 for this machine only, or 0.0.0.0:80 for everyone',
  ]),
  row('a port that is none', router('listen: [@70000]'), 'router.listen[0]', [
    listen,
    '70000',
    'write a port from 0 to 65535',
  ]),
];

const processes: readonly Mistake[] = [
  row('a shell line', command('@node a.js && node b.js'), 'apps.shop.run.process.command', [
    commandLine,
    '"node a.js && node b.js"',
    "no shell runs it, so & has no meaning: write [sh, -c, '…'], or quote & in '…'",
  ]),
  row('a variable in a command', command('@node $FILE'), 'apps.shop.run.process.command', [
    commandLine,
    '"node $FILE"',
    /^no shell runs it, so \$ has no meaning/,
  ]),
  row(
    'an assignment before a command',
    command('@NODE_ENV=production node a.js'),
    'apps.shop.run.process.command',
    [commandLine, '"NODE_ENV=production node a.js"', 'put NODE_ENV under environment'],
  ),
  row('an open quote in a command', command("@node 'a b"), 'apps.shop.run.process.command', [
    commandLine,
    '"node \'a b"',
    /^close the quote '/,
  ]),
  row('a list in a command', command('[node, @[a]]'), 'apps.shop.run.process.command[1]', [
    'text',
    'a list',
    /quotes/,
  ]),
  row('another placeholder', process('directory: @"./${sha}"'), 'apps.shop.run.process.directory', [
    /^a folder/,
    '"./${sha}"',
    'write the name itself: {version} is the only placeholder, and ${sha} is none',
  ]),
  row('a signal without SIG', process('stop-signal: @TERM'), 'apps.shop.run.process.stop-signal', [
    /^a signal/,
    '"TERM"',
    'write SIGTERM',
  ]),
  row('a signal nobody can handle', process('stop-signal: @SIGKILL'), 'apps.shop.run.process.stop-signal', [
    /^a signal/,
    '"SIGKILL"',
    /^write SIGTERM/,
  ]),
  row(
    'a variable with a dash',
    process('environment: { @NODE-ENV: x }'),
    'apps.shop.run.process.environment.NODE-ENV',
    [/^the name of an environment variable/, '"NODE-ENV"', 'write NODE_ENV'],
  ),
  row('a variable without value', process('environment: { A: @}'), 'apps.shop.run.process.environment.A', [
    /^text, or/,
    'nothing',
    'write "" for an empty value',
  ]),
  row(
    'a secret instead of its name',
    process('environment: { A: { secret: @hunter2 } }'),
    'apps.shop.run.process.environment.A.secret',
    ['env:NAME or file:/path', 'a value (not shown)', /^name where the secret is/],
  ),
  row('PORT by hand', process('environment: { PORT: @80 }'), 'apps.shop.run.process.environment.PORT', [
    'PORT to be given by Teal',
    'PORT',
    /^remove it/,
  ]),
];

const together: readonly Mistake[] = [
  row(
    'two apps on every host',
    `${shop()}\n  @blog: { run: { process: { command: y } } }`,
    'apps.blog.paths',
    [
      'a host and path that nothing else answers on',
      'every host with path /',
      'give one of the two another host or path; see apps.shop.paths (line 2)',
    ],
  ),
  row(
    'two apps on one host and path',
    `${shop('hosts: [a.example]', 'paths: [/x]')}\n  blog:\n    run: { process: { command: y } }\n    hosts: [A.example]\n    paths: @[/x/]`,
    'apps.blog.paths',
    [
      'a host and path that nothing else answers on',
      'a.example with path /x',
      'give one of the two another host or path; see apps.shop.paths (line 5)',
    ],
  ),
  row(
    'two roles on one path',
    shop('roles:', '  admin: { kind: web, command: y, paths: @[/] }'),
    'apps.shop.roles.admin.paths',
    [/^a host and path/, 'every host with path /', /see apps\.shop\.paths \(line 2\)$/],
  ),
  row('a role named web', shop('roles: { @web: { command: y } }'), 'apps.shop.roles.web', [
    'another name',
    '"web"',
    /^rename it/,
  ]),
  row(
    'a web role without paths',
    shop('roles: { @admin: { kind: web, command: y } }'),
    'apps.shop.roles.admin',
    ['paths or hosts that go to this role', 'neither', 'add paths: [/admin]'],
  ),
  row(
    'paths of a background role',
    shop('roles: { worker: { command: y, @paths: [/w] } }'),
    'apps.shop.roles.worker.paths',
    ['no paths for a background role', 'paths', 'remove it, or add kind: web'],
  ),
  row(
    'a web role in live only',
    shop('roles: { admin: { kind: web, command: y, paths: [/a], runs-in: @live } }'),
    'apps.shop.roles.admin.runs-in',
    ['both for a web role', '"live"', /^remove it/],
  ),
  row('a check longer than its deadline', shop('health: { timeout: @40s }'), 'apps.shop.health.timeout', [
    'less than health.deadline (30s)',
    '40s',
    /^lower timeout.*; see apps\.shop\.health\.deadline \(line 4\)$/,
  ]),
  row(
    'a start longer than the release',
    shop('release: { deadline: 20s }', 'health: { deadline: @20s }'),
    'apps.shop.health.deadline',
    ['less than release.deadline (20s)', '20s', /^raise release\.deadline/],
  ),
  row(
    'a wait longer than the release',
    shop('release: { promote: @after 1h }'),
    'apps.shop.release.promote',
    ['less than release.deadline (10m)', '1h', /^raise release\.deadline/],
  ),
  row(
    'an answer that idles too long',
    shop('upstream: { response-timeout: @2m }'),
    'apps.shop.upstream.response-timeout',
    ['at most upstream.idle-timeout (1m)', '2m', /^raise upstream\.idle-timeout to 2m/],
  ),
  row(
    'fewer places than workers',
    'router: { workers: 4 }\n' + shop('upstream: { max-in-flight: @3 }'),
    'apps.shop.upstream.max-in-flight',
    ['none, or at least router.workers (4)', '3', /^raise it, or lower router\.workers/],
  ),
  row(
    'a first time out longer than the longest',
    shop('upstream: { eject: { for: @1m } }'),
    'apps.shop.upstream.eject.for',
    ['at most upstream.eject.at-most (30s)', '1m', /^raise eject\.at-most/],
  ),
  row('one address twice', router('listen: @[8080, "127.0.0.1:8080"]'), 'router.listen', [
    'each address once',
    '127.0.0.1:8080 twice',
    'name it once',
  ]),
  row('an address both plain and secure', tls('key: a').replace('8443', '@8080'), 'router.tls.listen', [
    'each address once',
    '127.0.0.1:8080 twice',
    /^name it once; see router\.listen/,
  ]),
  row('metrics for everyone', router('metrics: @0.0.0.0:9100'), 'router.metrics', [
    'an address of this machine',
    '0.0.0.0',
    /^write 127\.0\.0\.1:9100/,
  ]),
  row('metrics where clients come', router('metrics: @127.0.0.1:8080'), 'router.metrics', [
    'each address once',
    '127.0.0.1:8080 twice',
    /^name it once; see router\.listen/,
  ]),
  row('a store that is none', `store: @mysql\n${shop()}`, 'store', [
    /^sqlite, env:NAME, file:/,
    '"mysql"',
    /^write sqlite, or name/,
  ]),
  row('a password where everybody reads it', `store: @postgres://a:b@c/d\n${shop()}`, 'store', [
    /^sqlite, env:NAME, file:/,
    '"a URL with a password"',
    /^a password may not be read here/,
  ]),
  row('no address without encryption', router('listen: @[]'), 'router.listen', [
    'at least one address',
    'an empty list',
    /tests of a release/,
  ]),
  row('no certificate', router('tls: { listen: 8443, certificates: @[] }'), 'router.tls.certificates', [
    'at least one',
    'an empty list',
    'add one, or remove tls',
  ]),
  row(
    'two tests of one name',
    shop('release: { tests: [{ command: a, name: t }, { http: /, name: @t }] }'),
    'apps.shop.release.tests[1].name',
    ['a name of its own for each test', '"t" again', /^give it another name/],
  ),
];

export const mistakes: readonly Mistake[] = [...syntax, ...structure, ...values, ...processes, ...together];
