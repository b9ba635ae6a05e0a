import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleConfig } from '../../src/config/example.ts';
import { plainBalance } from '../../src/config/config.ts';
import { checkConfig, parseConfig } from '../../src/config/load.ts';

const full = `
data: state
router:
  listen: [8080, "[::1]:8443", 0.0.0.0:80]
  h2c: 8081
  workers: 2
  trusted-proxies: [10.0.0.0/8, "::1"]
  proxy-protocol: [192.0.2.7]
  tls:
    listen: 0.0.0.0:443
    certificates:
      - { certificate: /etc/teal/shop.pem, key: keys/shop.key }
      - { certificate: b.pem, key: b.key }
    min-version: TLSv1.3
    client-certificates: { ca: clients.pem, mode: ask }
    http2: false
    redirect: false
    acme: 8888
    hsts: 365d
  client: { head-bytes: 16KB, headers: 50, head-timeout: 5s, idle-timeout: 2m, connections: 500 }
  access-log: logs/access.log
  access-log-query: all
  access-log-size: 1MB
  access-log-keep: 2
  server-timing: preview
  trace: on
  exposure-expires: 90s
apps:
  shop:
    hosts: [Shop.example.com, "*.shop.example.com"]
    paths: [/]
    run:
      process:
        command: node "my server.js"
        directory: ./versions/{version}
        environment:
          NODE_ENV: production
          VERSION: 1.10
          ON: yes
          DB_PASSWORD: { secret: env:DB_PASSWORD }
          TLS_KEY: { secret: file:./key.pem }
        instances: 2
        stop-signal: SIGINT
        stop-deadline: 20s
        limits: { memory: 512MB, cpus: 0.5, open-files: 1024, processes: 100 }
    roles:
      worker:
        command: [node, worker.js, 1.0]
        environment: { NODE_ENV: test, QUEUE: jobs }
        limits: { memory: none, cpus: 2 }
      admin: { kind: web, command: node admin.js, paths: [/admin/], health: { path: /up } }
    health: { path: /healthz, status: [200, 204, 300-399], interval: 500ms, timeout: 1s, deadline: 20s, fall: 2 }
    release:
      strategy: blue-green
      tests:
        - { name: smoke, command: npm run smoke, timeout: 90s }
        - { http: /, status: 200, contains: "Shop" }
      promote: after 5m
      preview-instances: 1
      deadline: 15m
      rollback-window: 2h
    drain: { streams: close, deadline: 45s }
    upstream:
      connect-timeout: 2s
      response-timeout: 40s
      idle-timeout: 50s
      keep-alive: 10s
      max-body: 10MB
      max-in-flight: 8
      queue: { size: 20, timeout: 3s }
      slow-start: 30s
      eject: { after: 5, for: 2s, at-most: 1m, app-errors: count }
      sticky: cookie
      protocol: h2c
      total-timeout: 5m
    preview: { expires: 30m }
    keep: 7
`;

test('a file with every key becomes the typed form', () => {
  assert.deepEqual(checkConfig(full, '/srv/teal.yaml'), []);
  const config = parseConfig(full, '/srv/teal.yaml');
  const { shop } = config.apps;
  assert.equal(config.data, '/srv/state');
  assert.deepEqual(config.router, {
    h2c: [{ host: '127.0.0.1', port: 8081 }],
    listen: [
      { host: '127.0.0.1', port: 8080 },
      { host: '::1', port: 8443 },
      { host: '0.0.0.0', port: 80 },
    ],
    workers: 2,
    trustedProxies: ['10.0.0.0/8', '::1/128'],
    proxyProtocol: ['192.0.2.7/32'],
    tls: {
      listen: [{ host: '0.0.0.0', port: 443 }],
      certificates: [
        { certificate: '/etc/teal/shop.pem', key: '/srv/keys/shop.key' },
        { certificate: '/srv/b.pem', key: '/srv/b.key' },
      ],
      minVersion: 'TLSv1.3',
      clientCertificates: { ca: '/srv/clients.pem', mode: 'ask' },
      http2: false,
      redirect: false,
      acme: { host: '127.0.0.1', port: 8888 },
      hstsSeconds: 31_536_000,
    },
    client: {
      headBytes: 16_384,
      headers: 50,
      headTimeoutMs: 5000,
      idleTimeoutMs: 120_000,
      connections: 500,
    },
    observe: {
      accessLog: { file: '/srv/logs/access.log', query: 'all', maxBytes: 1_048_576, keep: 2 },
      serverTiming: 'preview',
      trace: true,
    },
    exposureMs: 90_000,
  });
  assert.deepEqual(shop?.hosts, ['shop.example.com', '*.shop.example.com']);
  assert.deepEqual(shop.release, {
    strategy: 'blue-green',
    tests: [
      { kind: 'command', name: 'smoke', command: 'npm run smoke', timeoutMs: 90_000 },
      {
        kind: 'http',
        name: 'GET /',
        method: 'GET',
        path: '/',
        status: [[200, 200]],
        contains: 'Shop',
        timeoutMs: 10_000,
      },
    ],
    steps: [],
    windows: { open: [], holidays: [] },
    cohort: 'fresh',
    promote: { kind: 'auto', afterMs: 300_000 },
    previewInstances: 1,
    deadlineMs: 900_000,
    rollbackWindowMs: 7_200_000,
  });
  assert.deepEqual(shop.drain, { streams: 'close', deadlineMs: 45_000 });
  assert.deepEqual(shop.upstream, {
    connectTimeoutMs: 2000,
    responseTimeoutMs: 40_000,
    idleTimeoutMs: 50_000,
    keepAliveMs: 10_000,
    maxBodyBytes: 10_485_760,
    balance: {
      maxInFlight: 8,
      queue: { size: 20, timeoutMs: 3000 },
      slowStartMs: 30_000,
      ejection: { failures: 5, timeMs: 2000, longestMs: 60_000, appErrors: true },
      sticky: true,
    },
    protocol: 'h2c',
    totalTimeoutMs: 300_000,
  });
  assert.deepEqual([shop.preview.expiresMs, shop.keep], [1_800_000, 7]);
});

test('the first role is run.process; others inherit what they leave out', () => {
  const roles = parseConfig(full, '/srv/teal.yaml').apps['shop']?.roles ?? [];
  const [web, worker, admin] = roles;
  const secrets = {
    DB_PASSWORD: { kind: 'secret', source: 'env', name: 'DB_PASSWORD' },
    TLS_KEY: { kind: 'secret', source: 'file', name: '/srv/key.pem' },
  };
  const plain = (value: string): object => ({ kind: 'plain', value });
  assert.deepEqual(web, {
    name: 'web',
    kind: 'web',
    runsIn: 'both',
    command: ['node', 'my server.js'],
    directory: '/srv/versions/{version}',
    environment: { NODE_ENV: plain('production'), VERSION: plain('1.10'), ON: plain('yes'), ...secrets },
    instances: 2,
    stop: { signal: 'SIGINT', deadlineMs: 20_000 },
    limits: { memoryBytes: 536_870_912, cpus: 0.5, openFiles: 1024, processes: 100 },
    hosts: ['shop.example.com', '*.shop.example.com'],
    paths: ['/'],
    health: {
      protocol: 'h2c',
      path: '/healthz',
      status: [
        [200, 200],
        [204, 204],
        [300, 399],
      ],
      intervalMs: 500,
      timeoutMs: 1000,
      deadlineMs: 20_000,
      fall: 2,
    },
  });
  assert.deepEqual(worker, {
    ...web,
    name: 'worker',
    kind: 'background',
    runsIn: 'live',
    command: ['node', 'worker.js', '1.0'],
    environment: { ...web.environment, NODE_ENV: plain('test'), QUEUE: plain('jobs') },
    instances: 1,
    limits: { memoryBytes: null, cpus: 2, openFiles: 1024, processes: 100 },
    hosts: [],
    paths: [],
    health: null,
  });
  assert.deepEqual(admin, {
    ...web,
    name: 'admin',
    command: ['node', 'admin.js'],
    instances: 1,
    paths: ['/admin'],
    health: { ...web.health, path: '/up' },
  });
});

test('all but the command has a default', () => {
  const config = parseConfig('apps: { shop: { run: { process: { command: serve } } } }', '/srv/teal.yaml');
  const limits = { memoryBytes: null, cpus: null, openFiles: null, processes: null };
  const health = {
    path: '/',
    status: [[200, 299]],
    intervalMs: 1000,
    timeoutMs: 2000,
    deadlineMs: 30_000,
    fall: 3,
  };
  assert.deepEqual(config, {
    file: '/srv/teal.yaml',
    data: '/srv/.teal',
    control: {
      listen: null,
      tls: null,
      url: null,
      trustedProxies: [],
      maxUploadBytes: 1024 ** 3,
      oidc: null,
    },
    store: { kind: 'sqlite' },
    geoDatabase: null,
    metrics: null,
    router: {
      listen: [{ host: '127.0.0.1', port: 8080 }],
      h2c: [],
      workers: 1,
      trustedProxies: [],
      proxyProtocol: [],
      tls: null,
      client: {
        headBytes: 32_768,
        headers: 100,
        headTimeoutMs: 10_000,
        idleTimeoutMs: 75_000,
        connections: 10_000,
      },
      observe: { accessLog: null, serverTiming: 'off', trace: false },
      exposureMs: 300_000,
    },
    people: {},
    apps: {
      shop: {
        name: 'shop',
        hosts: [],
        paths: ['/'],
        roles: [
          {
            name: 'web',
            kind: 'web',
            runsIn: 'both',
            command: ['serve'],
            directory: '/srv',
            environment: {},
            instances: 1,
            stop: { signal: 'SIGTERM', deadlineMs: 10_000 },
            limits,
            hosts: [],
            paths: ['/'],
            health,
          },
        ],
        identity: { sources: [], anonymous: 'keep', cookieDomain: null, jwt: null },
        audiences: {},
        release: {
          strategy: 'blue-green',
          steps: [],
          windows: { open: [], holidays: [] },
          cohort: 'fresh',
          tests: [],
          promote: { kind: 'auto', afterMs: 0 },
          previewInstances: 'all',
          deadlineMs: 600_000,
          rollbackWindowMs: 3_600_000,
        },
        judge: { tickMs: 10_000, alpha: 0.01, beta: 0.05, limits: {}, metrics: [] },
        drain: { streams: 'spread', deadlineMs: 30_000 },
        upstream: {
          connectTimeoutMs: 1000,
          responseTimeoutMs: 30_000,
          idleTimeoutMs: 60_000,
          keepAliveMs: 5000,
          maxBodyBytes: null,
          // What an older table lacks means the same as what teal.yaml leaves out.
          balance: plainBalance,
          protocol: 'http1',
          totalTimeoutMs: null,
        },
        errors: {},
        exposeVersion: false,
        skew: 'off',
        preview: { expiresMs: 3_600_000 },
        keep: 5,
      },
    },
  });
});

test('anchors, aliases and merges are followed; what is written wins over what is merged', () => {
  const text = `
apps:
  a: &base
    hosts: [a.example]
    run: { process: { command: serve, environment: &env { A: 1, B: "2" } } }
    keep: 3
  b:
    <<: *base
    hosts: [b.example]
    roles: { worker: { command: work, environment: { <<: *env, B: 3 } } }
`;
  assert.deepEqual(checkConfig(text, 'teal.yaml'), []);
  const { b } = parseConfig(text, 'teal.yaml').apps;
  assert.deepEqual([b?.hosts, b?.keep], [['b.example'], 3]);
  assert.deepEqual(b?.roles[1]?.environment, {
    A: { kind: 'plain', value: '1' },
    B: { kind: 'plain', value: '3' },
  });
});

test('what teal init writes has no problem, whatever the command', () => {
  const commands = [
    'node server.js',
    'node "a b.js" # x',
    'true',
    '["x"]',
    ['sh', '-c', `a && echo "it's" $X`],
    '@x',
  ];
  for (const command of commands) {
    const text = exampleConfig({ app: 'shop', command, port: 9000, schema: './teal.schema.json' });
    assert.deepEqual(checkConfig(text, 'teal.yaml'), [], text);
    const config = parseConfig(text, '/srv/teal.yaml');
    assert.deepEqual(config.router.listen, [{ host: '127.0.0.1', port: 9000 }]);
    if (typeof command !== 'string') assert.deepEqual(config.apps['shop']?.roles[0]?.command, command);
  }
});

test('what teal init leaves as a comment is right too', () => {
  const text = exampleConfig({ app: 'shop', command: 'serve' })
    .replaceAll('environment: {}', 'environment:')
    .replaceAll('tests: []', 'tests:')
    .replaceAll(/^( *)# (hosts:|roles:|database:| {2}\S)/gm, '$1$2')
    .replaceAll(/^( *)# {3}(\S)/gm, '$1  $2');
  const problems = checkConfig(text, 'teal.yaml');
  assert.deepEqual(problems, [], text);
  const { shop } = parseConfig(text, 'teal.yaml').apps;
  assert.deepEqual(
    [shop?.hosts, shop?.roles.length, shop?.release.tests.length],
    [['shop.example.com'], 2, 2],
  );
});
