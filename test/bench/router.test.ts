import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  floor,
  isUnsteady,
  shortOf,
  spread,
  verdictsOf,
  type LatencyRound,
  type Measured,
  type Sample,
} from '../../bench/router/figures.ts';
import { parse as parseH2load } from '../../bench/router/h2load.ts';
import { portFor } from '../../bench/router/load-at.ts';
import { Line, openLoop } from '../../bench/router/open-loop.ts';
import { Requests, startOrigin } from '../../bench/router/origin.ts';
import { cpuOf, memoryOf, parseStat, treeOf } from '../../bench/router/processes.ts';
import { visited } from '../../bench/router/people.ts';
import { takesPart } from '../../bench/router/rounds.ts';
import { canaryName, scenarios } from '../../bench/router/scenarios.ts';
import { conclusion, latencyTable, scenarioTable } from '../../bench/router/table.ts';
import { parse } from '../../bench/router/wrk.ts';

const sample = (proxy: string, round: number, cpu: number | null, errors = 0): Sample => ({
  proxy,
  round,
  cpu,
  rate: 10_000,
  p50: 1,
  p99: 2,
  errors,
  memory: cpu === null ? null : 20e6,
});

const small = (teal: readonly number[], haproxy: number, caddy: number): readonly Sample[] =>
  teal.flatMap((cpu, round) => [
    sample(floor, round, null),
    sample('haproxy', round, haproxy),
    sample('caddy', round, caddy),
    sample('teal', round, cpu),
  ]);

const round = (teal: number, haproxy: number, unsteady = false): LatencyRound => ({
  floors: [0.1, unsteady ? 0.3 : 0.12],
  unsteady,
  proxies: {
    haproxy: { p50: 0.1, p99: haproxy, failed: 0 },
    teal: { p50: 0.1, p99: teal, failed: 0 },
  },
});

const measured = (change: Partial<Measured> = {}): Measured => ({
  full: true,
  samples: { small: small([31, 30, 32], 25, 100) },
  latency: { rate: 5000, rounds: Array.from({ length: 9 }, () => round(1.5, 1)) },
  idle: [],
  ...change,
});

test('medians and quartiles are values that were measured', () => {
  assert.deepEqual(spread([9, 1, 5, 3, 7]), { median: 5, low: 3, high: 7 });
  assert.deepEqual(spread([4]), { median: 4, low: 4, high: 4 });
});

test('a process is read whatever its name is, and found with all that descend from it', () => {
  const line = (pid: number, name: string, parent: number): string =>
    `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 1 2 3 4 70 30 11 12 20 0 1 0 99\n`;
  assert.deepEqual(parseStat(line(7, 'a (b) c', 3)), { pid: 7, parent: 3, ticks: 100 });
  const all = [
    [9, 8],
    [1, 0],
    [7, 3],
    [8, 7],
    [10, 7],
    [11, 1],
  ].map(([pid, parent]) => parseStat(line(pid ?? 0, 'x', parent ?? 0)));
  assert.deepEqual(
    treeOf(7, all).map(({ pid }) => pid),
    [7, 8, 10, 9],
  );
});

test('CPU and memory of this process are what it says itself', { skip: process.platform !== 'linux' }, () => {
  const spin = performance.now() + 150;
  while (performance.now() < spin);
  const { user, system } = process.cpuUsage();
  assert.ok(Math.abs(cpuOf(process.pid) - user - system) < 100_000);
  assert.ok(memoryOf(process.pid) >= process.memoryUsage.rss() * 0.5);
});

test('the line behind the report of wrk is what is read of it', () => {
  const output =
    'Running 1s test\n  1 threads\n{"requests":5,"seconds":1.0,"errors":0,"p50":0.1,"p99":2.5}\n';
  assert.deepEqual(parse(output), { requests: 5, seconds: 1, errors: 0, p50: 0.1, p99: 2.5 });
  assert.throws(() => parse('unable to connect'), /no figures/);
});

test('requests of h2load are counted from its report, and their times from its log', () => {
  const output =
    'Application protocol: h2\n\nfinished in 2.02s, 1980.20 req/s, 1.0MB/s\n' +
    'requests: 4010 total, 4010 started, 4000 done, 3998 succeeded, 2 failed, 0 errored, 0 timeout\n';
  const log = Array.from({ length: 100 }, (_, index) => `1700000000\t200\t${(index + 1) * 10}\n`).join('');
  const { p50, p99, ...counts } = parseH2load(output, log);
  assert.deepEqual(counts, { requests: 4000, seconds: 2.02, errors: 2 });
  assert.deepEqual([p50, p99], [0.5, 0.99]);
  assert.throws(() => parseH2load('no', log), /no figures/);
  assert.throws(() => parseH2load(output.replace(': h2', ': http/1.1'), log), /speaks http\/1\.1/);
});

test('a proxy is asked where it speaks what a scenario wants, or not at all', () => {
  const [http, https, h2] = (['http', 'https', 'h2'] as const).map((over) => {
    const found = scenarios.find((each) => each.over === over);
    assert.ok(found);
    return (proxy: Parameters<typeof portFor>[0]) => portFor(proxy, found);
  });
  assert.ok(http && https && h2);
  const both = { port: 1, secure: { port: 2, h2: false } };
  assert.deepEqual([http(both), https(both), h2(both)], [1, 2, null]);
  assert.equal(h2({ port: 1, secure: { port: 2, h2: true } }), 2);
  assert.equal(https({ port: 1, secure: null }), null);
});

test('the origin finds the same requests in whatever pieces they come', () => {
  const text =
    'GET /small HTTP/1.1\r\nHost: a\r\n\r\n' +
    'POST /upload HTTP/1.1\r\nContent-Length: 12\r\n\r\nGET /large\r\n' +
    'GET /large HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const size of [1, 2, 7, 40, 500]) {
    const seen: boolean[] = [];
    const requests = new Requests((isLarge) => seen.push(isLarge));
    for (let at = 0; at < text.length; at += size) requests.feed(Buffer.from(text.slice(at, at + size)));
    assert.deepEqual(seen, [false, false, true], `in pieces of ${size}`);
  }
});

test('the load at a fixed rate sends what the clock says, and all of it is answered', async () => {
  const origin = await startOrigin();
  const { port } = origin.address() as AddressInfo;
  const result = await openLoop({ port, rate: 500, ms: 600, connections: 4 });
  origin.close();
  assert.equal(result.sent, 300);
  assert.equal(result.failed, 0);
  assert.ok(result.p50 > 0 && result.p50 <= result.p99 && Number.isFinite(result.p99));
});

test('a server that stalls is felt by every request that was due meanwhile', async () => {
  const stallMs = 300;
  let until = 0;
  const server = createServer((socket) => {
    socket.on('data', () => {
      until ||= performance.now() + stallMs;
      const wait = Math.max(0, until - performance.now());
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), wait);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const result = await openLoop({ port, rate: 400, ms: stallMs, connections: 2 });
  server.close();
  // Only two requests could be on their way; one due at 170 ms has waited 130 ms for the first answer.
  assert.equal(result.failed, 0);
  assert.ok(result.p50 > 100, `p50 was ${result.p50} ms`);
  assert.ok(result.p99 > 200, `p99 was ${result.p99} ms`);
});

test('an answer other than a whole 200 has failed', async () => {
  const answers = ['HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n'];
  for (const answer of answers) {
    const server = createServer((socket) => socket.on('data', () => socket.write(answer))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const line = await Line.open((server.address() as AddressInfo).port);
    assert.equal(await new Promise((resolve) => line.ask(resolve)), false, answer);
    line.close();
    server.close();
  }
});

test('a run that meets every goal is short of none', () => {
  assert.deepEqual(shortOf(measured()), []);
  assert.match(conclusion(measured(), []), /all goals that were judged are met/);
});

test('CPU is compared within each round, so that a slow round of all is no slow proxy', () => {
  const samples = [...small([30], 25, 100), ...small([60], 50, 200).map((each) => ({ ...each, round: 1 }))];
  const [haproxy, caddy] = verdictsOf(measured({ samples: { small: samples } }));
  assert.deepEqual(haproxy?.ratio, { median: 1.2, low: 1.2, high: 1.2 });
  assert.deepEqual(caddy?.ratio, { median: 0.3, low: 0.3, high: 0.3 });
});

const shortfalls: readonly (readonly [string, Measured, RegExp])[] = [
  [
    'a dear small request',
    measured({ samples: { small: small([34, 34, 30], 25, 100) } }),
    /0\.4 kB: CPU of teal ÷ haproxy is 1\.36, not 1\.3/,
  ],
  [
    'a small request that costs almost what it costs in Go',
    measured({ samples: { small: small([31], 25, 60) } }),
    /÷ caddy is 0\.52, not 0\.4/,
  ],
  [
    'a dear upload',
    measured({ samples: { upload: [sample('haproxy', 1, 100), sample('teal', 1, 151)] } }),
    /1 MB up: CPU of teal ÷ haproxy is 1\.51, not 1\.5/,
  ],
  [
    'a failed request',
    measured({ samples: { small: [sample('teal', 1, 30, 2)] } }),
    /2 requests to teal failed/,
  ],
  [
    'a tail',
    measured({ latency: { rate: 5000, rounds: Array.from({ length: 9 }, () => round(2.5, 1)) } }),
    /p99 at the fixed rate: teal ÷ haproxy is 2\.50, not 2/,
  ],
  [
    'a machine that never rests',
    measured({ latency: { rate: 5000, rounds: Array.from({ length: 18 }, (_, at) => round(1, 1, at > 5)) } }),
    /6 steady rounds, not 9/,
  ],
];

for (const [what, run, words] of shortfalls) {
  test(`${what} is short of a goal, and said so`, () => {
    assert.match(shortOf(run).join('\n'), words);
    assert.match(conclusion(run, []), /SHORT OF A GOAL/);
  });
}

test('what was not measured of Teal is said', () => {
  const samples = { small: small([31], 25, 100), tls: [sample('haproxy', 1, 30)] };
  const text = conclusion(measured({ samples }), []);
  assert.match(text, /NOT MEASURED: GET, 0\.4 kB, TLS: teal does not speak that/);
  assert.match(text, /NOT MEASURED: GET, 0\.4 kB, HTTP\/2$/m);
  assert.doesNotMatch(text, /NOT MEASURED: GET, 0\.4 kB$/m);
});

test('a goal whose peer is not installed does not apply, which is said', () => {
  const samples = { small: [sample('teal', 1, 500)] };
  const run = measured({ samples, latency: null });
  assert.deepEqual(shortOf(run), []);
  assert.match(conclusion(run, ['haproxy', 'caddy']), /NOT JUDGED: GET, 0\.4 kB against caddy/);
});

test('a round whose floor moved does not count, and the table says how many there were', () => {
  assert.equal(isUnsteady([0.1, 0.2]), false);
  assert.equal(isUnsteady([0.1, 0.21]), true);
  assert.equal(isUnsteady([0.21, 0.1]), true);
  assert.equal(isUnsteady([Infinity, 0.1]), true);
  const rounds = [round(9, 1, true), ...Array.from({ length: 9 }, () => round(1.5, 1))];
  const run = measured({ latency: { rate: 5000, rounds } });
  assert.deepEqual(shortOf(run), []);
  assert.match(latencyTable({ rate: 5000, rounds }), /9 rounds; 1 more did not count/);
});

test('the table has a row for each proxy and the goals beside them', () => {
  const [scenario] = scenarios;
  assert.ok(scenario);
  const text = scenarioTable(scenario, small([31, 30, 32], 25, 100), 1500);
  assert.match(text, /^no proxy +– +10000/m);
  assert.match(text, /^teal +31\.0 \[30\.0–32\.0\]/m);
  assert.match(text, /^met +.*haproxy: 1\.24 \[1\.20–1\.28\], goal ≤ 1\.3$/m);
});

test('a release in phases is judged beside Teal without one, and takes part in nothing else', () => {
  const scenario = scenarios.find((each) => each.name === 'canary');
  assert.ok(scenario);
  const canary = (cpu: number): readonly Sample[] =>
    [1, 2, 3].flatMap((round) => [sample('teal', round, 30), sample(canaryName, round, cpu)]);
  assert.deepEqual(shortOf(measured({ samples: { canary: canary(34) } })), []);
  assert.match(
    shortOf(measured({ samples: { canary: canary(36) } })).join(),
    /CPU of teal, five rules ÷ teal is 1\.20, not 1\.15/,
  );
  const failed = [sample('teal', 1, 30), sample(canaryName, 1, 30, 2)];
  assert.match(shortOf(measured({ samples: { canary: failed } })).join(), /2 requests to teal failed/);
  const [small] = scenarios;
  assert.ok(small);
  const part = (name: string): readonly boolean[] =>
    [small, scenario].map((each) => takesPart({ name }, each));
  assert.deepEqual(part('teal'), [true, true]);
  assert.deepEqual(part(canaryName), [false, true]);
  assert.deepEqual(part('haproxy'), [true, false]);
});

test('people come back with the cookies that they were given', async () => {
  const server = createHttpServer((request, response) => {
    const seen = request.headers.cookie ?? '';
    if (!seen.includes('teal-id')) response.setHeader('set-cookie', 'teal-id=1; HttpOnly; Path=/');
    else if (!seen.includes('teal-release')) response.setHeader('set-cookie', 'teal-release=2; Path=/');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(await visited(port, ['a=b']), ['a=b; teal-id=1; teal-release=2']);
  server.close();
  server.closeAllConnections();
});
