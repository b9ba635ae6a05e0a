/** What would be deployed, when and to whom; with logs that are huge, broken, packed, or of somebody else. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bucketOf } from '../../src/audience/bucket.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { App } from '../../src/config/config.ts';
import type { ExposePolicy, MirrorPolicy, StepPolicy } from '../../src/config/release.ts';
import { renderPlan } from '../../src/cli/render/plan.ts';
import { api } from '../../src/control/api/app.ts';
import { teal } from '../../src/control/apps.ts';
import type { PlanBody, PlanResult } from '../../src/control/contract.ts';
import { evidenceMs, proposal } from '../../src/control/plan/evidence.ts';
import { logLines } from '../../src/control/plan/log-file.ts';
import { readLogLine } from '../../src/control/plan/log-line.ts';
import { People } from '../../src/control/plan/people.ts';
import { stepYaml } from '../../src/control/plan/step-yaml.ts';
import { byAnyone } from '../../src/release/steps.ts';
import { app, build } from '../release/story.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { scratch } from './help.ts';
import type { Problem } from './project.ts';

const minute = 60_000;
const expose = (percent: number | null, forMs: number, to: readonly string[] = []): ExposePolicy => ({
  kind: 'expose',
  to,
  percent,
  forMs,
});
const canary = (steps: readonly StepPolicy[], more: Partial<App> = {}): App => ({
  ...app({ strategy: 'steps', steps, previewInstances: 1 }, [{ instances: 10 }]),
  ...more,
});

async function planOf(deps: FakeDeps, body: PlanBody): Promise<PlanResult> {
  const { status, json } = await ask(deps, body);
  assert.equal(status, 200, JSON.stringify(json));
  return json as PlanResult;
}

async function ask(deps: FakeDeps, body: unknown): Promise<{ status: number; json: unknown }> {
  const routes = api(deps, {
    access: deps.access,
    startedAt: 0,
    stop: () => undefined,
    closing: new AbortController().signal,
  });
  const response = await routes.request('/v1/apps/shop/plan', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status: response.status, json: await response.json() };
}

/** v1 is live. */
async function live(t: TestContext, spec: App): Promise<FakeDeps> {
  const deps = await fakeDeps(t, spec);
  const submit = (input: Parameters<typeof deps.apps.submit>[1]) => deps.apps.submit('shop', input, teal);
  await submit({ type: 'deploy', build: build('v1'), promote: null });
  const ready = { type: 'environment-ready', colour: 'blue', version: 'v1' } as const;
  await submit({ ...ready, size: 'preview' });
  await submit({ ...ready, size: 'full' });
  await submit({ type: 'table-acknowledged', release: 'shop-1', live: 'blue', generation: 1 });
  assert.equal(deps.apps.state('shop').live, 'blue');
  return deps;
}

async function log(t: TestContext, lines: readonly string[] | Buffer): Promise<string> {
  const file = path.join(await scratch(t), 'access.log');
  await writeFile(file, lines instanceof Buffer ? lines : `${lines.join('\n')}\n`);
  return file;
}

const start = Date.UTC(2026, 8, 22, 12);
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const clf = (at: number): string => {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
};
const combined = (
  at: number,
  address: string,
  more: { user?: string; status?: number; agent?: string } = {},
) =>
  `${address} - ${more.user ?? '-'} [${clf(at)}] "GET / HTTP/1.1" ${more.status ?? 200} 12 "-" "${more.agent ?? 'curl/8'}"`;

describe('a plan', () => {
  test('has every step with its time, people and instances, and changes nothing', async (t) => {
    const steps = [
      expose(null, 5 * minute, ['staff']),
      { ...byAnyone, by: ['user:ben'] },
      expose(25, 10 * minute),
    ];
    const deps = await live(t, canary(steps, { audiences: { staff: { kind: 'users', users: ['anna'] } } }));
    const before = await deps.store.streams();
    const plan = await planOf(deps, { version: 'v2' });
    assert.deepEqual(plan.refused, []);
    assert.deepEqual([plan.from, plan.colour, plan.approvals, plan.traffic], ['v1', 'green', 1, null]);
    assert.deepEqual(
      plan.steps.map(({ name, exposed, instances }) => [name, exposed.length, instances['web']]),
      [
        ['expose staff', 1, 1],
        ['approve', 1, 1],
        ['expose 25 % of the people', 2, 3],
        ['promote', 2, 10],
      ],
    );
    assert.deepEqual(plan.steps[1]?.approval?.by, ['user:ben']);
    assert.match(plan.steps[0]?.who[0] ?? '', /staff: .*anna/);
    const [first, , , last] = plan.steps;
    assert.equal((last?.endsAt ?? 0) - (first?.startsAt ?? 0), 15 * minute);
    assert.equal(plan.liveAt, last?.endsAt);
    assert.deepEqual(await deps.store.streams(), before);
    assert.equal(deps.apps.state('shop').release?.id, 'shop-1');
  });

  test('names everything a deploy would be refused with, and what else stands in its way', async (t) => {
    const deps = await live(t, canary([expose(5, minute)]));
    const codes = async (version: string): Promise<string[]> =>
      (await planOf(deps, { version })).refused.map(({ code }) => code);
    assert.deepEqual(await codes('v1'), ['already-live']);
    await deps.apps.submit('shop', { type: 'deploy', build: build('v2'), promote: 'manual' }, teal);
    assert.deepEqual(await codes('v3'), ['release-in-progress']);
    await deps.apps.submit('shop', { type: 'freeze', reason: 'the fair' }, teal);
    assert.deepEqual(await codes('v3'), ['frozen', 'release-in-progress']);
    const { notes } = await planOf(deps, { version: 'v3' });
    assert.ok(
      notes.some((note) => /no version v3 of shop/.test(note)),
      notes.join('\n'),
    );
    assert.ok(
      notes.some((note) => /shop-2 runs: --on-conflict/.test(note)),
      notes.join('\n'),
    );
    assert.ok(
      (await planOf(deps, { version: 'v1' })).notes.some((note) => /would end the release/.test(note)),
    );
  });

  test('says that a deploy would wait for a window, and what identities do not hold', async (t) => {
    const today = new Date().getUTCDay();
    const windows = {
      open: [{ days: [(today + 3) % 7], fromMinute: 60, toMinute: 120, zone: 'UTC' }],
      holidays: [],
    };
    const spec = canary([expose(5, minute)]);
    const deps = await fakeDeps(t, {
      ...spec,
      release: { ...spec.release, windows },
      identity: { ...spec.identity, anonymous: 'off' },
    });
    const plan = await planOf(deps, { version: 'v2' });
    assert.ok((plan.steps[0]?.startsAt ?? 0) > Date.now());
    assert.ok(plan.notes.some((note) => /No window is open/.test(note)));
    assert.ok(plan.notes.some((note) => /Nothing is live yet/.test(note)));
    assert.ok(plan.notes.some((note) => /percentages reach nobody who is not signed in/.test(note)));
  });

  test('refuses a version that cannot be one, an app there is not, and a log by a relative path', async (t) => {
    const deps = await fakeDeps(t);
    assert.equal(((await ask(deps, { version: '../v2' })).json as Problem).code, 'usage');
    assert.equal((await ask(deps, {})).status, 400);
    assert.equal((await ask(deps, { version: 'v2', log: 'access.log' })).status, 400);
  });
});

describe('a plan with an access log', () => {
  test('asks of everybody in it where the steps would send them', async (t) => {
    const audiences = { office: { kind: 'cidr', ranges: ['192.0.2.0/24'] } } as const;
    const steps = [expose(null, 10 * minute, ['office']), expose(10, 60 * minute)];
    const deps = await live(t, canary(steps, { audiences }));
    const lines: string[] = [];
    const addresses = Array.from({ length: 2000 }, (_, index) => `198.51.${index >> 8}.${index % 256}`);
    for (let turn = 0; turn < 6; turn++) {
      const at = start + turn * 10 * minute;
      for (const address of addresses) lines.push(combined(at, address));
      for (let host = 1; host <= 5; host++) lines.push(combined(at, `192.0.2.${host}`));
    }
    lines.push(combined(start + 60 * minute - 1000, '192.0.2.1', { status: 502 }));
    const plan = await planOf(deps, { version: 'v2', log: await log(t, lines) });
    const { traffic } = plan;
    assert.deepEqual(
      [traffic?.requests, traffic?.people, traffic?.errors, traffic?.unreadable, traffic?.sampled],
      [12_031, 2005, 1, 0, false],
    );
    const [office, tenth] = plan.steps.map(({ estimate }) => estimate);
    assert.equal(office?.people, 5);
    assert.equal(office.evidence, 'whole-audience');
    const { offset } = deps.apps.state('shop').cohort;
    const chosen = addresses.filter(
      (address) => (bucketOf('shop', address) - offset + 100_000) % 100_000 < 10_000,
    );
    assert.equal(tenth?.people, 5 + chosen.length, 'exactly those whom the router would choose');
    assert.equal(tenth.requests, 31 + 6 * chosen.length);
    // 2005 people are active for a minute every ten minutes: a tenth of them are twenty a minute.
    assert.equal(tenth.evidence, 'enough');
    assert.ok(
      (tenth.neededMs ?? 0) > 20 * minute && (tenth.neededMs ?? 0) < 40 * minute,
      `${tenth.neededMs}`,
    );
    assert.equal(plan.proposal, null);
  });

  test('proposes steps that gather evidence where these do not', async (t) => {
    const deps = await live(
      t,
      canary([expose(1, 10 * minute), { kind: 'wait', ms: minute }, expose(5, 10 * minute)]),
    );
    const lines = Array.from({ length: 6000 }, (_, index) =>
      combined(start + index * 1000, `203.0.${index % 100}.${index % 250}`),
    );
    const plan = await planOf(deps, { version: 'v2', log: await log(t, lines) });
    assert.deepEqual(
      plan.steps.map(({ estimate }) => estimate?.evidence),
      ['too-little', undefined, 'too-little', undefined],
    );
    assert.ok(plan.proposal !== null);
    assert.match(plan.proposal[0] ?? '', /^- expose: \{ percent: \d+, for: \d+m \}$/);
    // What is proposed can be written into teal.yaml as it is, and then suffices.
    const text = `apps:\n  shop:\n    run: { process: { command: node x } }\n    release:\n      steps:\n${plan.proposal.map((line) => `        ${line}\n`).join('')}`;
    const written = parseConfig(text, '/tmp/teal.yaml').apps['shop'];
    assert.ok(written !== undefined);
    await deps.apps.submit('shop', { type: 'apply', config: canary(written.release.steps) }, teal);
    const again = await planOf(deps, { version: 'v2', log: await log(t, lines) });
    assert.equal(again.proposal, null);
    assert.ok(again.steps.every(({ estimate }) => estimate === null || estimate.evidence === 'enough'));
  });

  test('says how many copies a mirror step makes at most, of everybody and of an audience', async (t) => {
    const audiences = { office: { kind: 'cidr', ranges: ['192.0.2.0/24'] } } as const;
    const mirror = (more: Partial<MirrorPolicy>): MirrorPolicy => ({
      kind: 'mirror',
      of: [],
      percent: null,
      methods: ['GET'],
      forMs: 10 * minute,
      timeoutMs: 1000,
      maxBodyBytes: 1024,
      ...more,
    });
    const steps = [mirror({ percent: 20 }), mirror({ of: ['office'], methods: ['GET', 'POST'] })];
    const deps = await live(t, canary(steps, { audiences }));
    // 101 minutes but for the last one: 100 requests of the office and 1000 of others.
    const lines = Array.from({ length: 1100 }, (_, index) =>
      combined(
        start + Math.round((index * 100 * minute) / 1099),
        index % 11 === 0 ? '192.0.2.1' : `198.51.100.${index % 200}`,
      ),
    );
    const plan = await planOf(deps, { version: 'v2', log: await log(t, lines) });
    assert.deepEqual(
      plan.steps.map(({ mirror: of }) => of),
      [
        { methods: ['GET'], maxBodyBytes: 1024, copies: 22 },
        { methods: ['GET', 'POST'], maxBodyBytes: 1024, copies: 10 },
        null,
      ],
    );
    assert.deepEqual(
      plan.steps.map(({ instances: { web } }) => web),
      [2, 2, 10],
    );
    assert.match(plan.steps[1]?.who.join() ?? '', /^office: /);
    assert.ok(plan.notes.some((note) => note.startsWith('Each POST that is mirrored is done twice')));
    const text = renderPlan(plan, { colour: false, width: 100, unicode: true, now: start } as never);
    assert.match(text, /1\. mirror 20 % of the requests  from .* for 10 min/);
    assert.match(text, /copies of GET with bodies up to 1KB, up to 22 copies/);
    const written = `apps:\n  shop:\n    audiences: { office: { cidr: [192.0.2.0/24] } }\n    run: { process: { command: node x } }\n    release:\n      steps:\n${steps.map((step) => `        ${stepYaml(step)}\n`).join('')}`;
    assert.deepEqual(parseConfig(written, '/tmp/teal.yaml').apps['shop']?.release.steps, steps);
  });

  test('tells people by who signed in, where the log says it, and finds their audience', async (t) => {
    const spec = canary([expose(null, minute, ['staff'])], {
      audiences: { staff: { kind: 'users', users: ['anna'] } },
      identity: {
        sources: [{ kind: 'header', name: 'x-user', from: 'proxies' }],
        anonymous: 'keep',
        cookieDomain: null,
        jwt: null,
      },
    });
    const deps = await live(t, spec);
    const lines = ['anna', 'ben', 'anna', 'carl'].map((user, index) =>
      combined(start + index * 20_000, '203.0.113.1', { user }),
    );
    const plan = await planOf(deps, { version: 'v2', log: await log(t, lines) });
    assert.equal(plan.traffic?.people, 3);
    assert.equal(plan.steps[0]?.estimate?.people, 1);
    assert.equal(plan.steps[0]?.estimate?.requests, 2);
  });

  test('reads what is packed, and leaves out what is broken', async (t) => {
    const deps = await live(t, canary([expose(5, minute)]));
    const good = combined(start, '203.0.113.7');
    const bad = [
      'x'.repeat(300_000),
      '{"time":',
      '\u0000\u0001',
      '{"a":1}',
      combined(start, '-'),
      '[]',
      good.slice(0, 40),
      '',
    ];
    const text = [good, ...bad, good].join('\r\n');
    const packed = await log(t, gzipSync(text));
    const plan = await planOf(deps, { version: 'v2', log: packed });
    assert.deepEqual([plan.traffic?.requests, plan.traffic?.unreadable], [2, 7]);
    assert.ok(plan.notes.some((note) => note.startsWith('7 lines of the log were left out')));
  });

  test('refuses a log that is not there, is no file, is cut short, or says nothing', async (t) => {
    const deps = await live(t, canary([expose(5, minute)]));
    const cut = gzipSync(combined(start, '203.0.113.7').repeat(2000));
    const folder = await scratch(t);
    const bad: [string, RegExp][] = [
      ['/no/such/access.log', /cannot be read: ENOENT/],
      [folder, /it is no file/],
      [await log(t, cut.subarray(0, cut.length - 20)), /cannot be read: unexpected end/],
      [await log(t, []), /says nothing: it is empty/],
      [await log(t, ['hello', 'world']), /none of its 2 lines/],
      [
        await log(t, [
          '{"time":"2026-09-22T12:00:00Z","app":"other","generation":1,"client":"1.2.3.4","worker":1}',
        ]),
        /1 lines are of other apps/,
      ],
    ];
    for (const [file, why] of bad) {
      const { status, json } = await ask(deps, { version: 'v2', log: file });
      assert.equal(status, 400, file);
      assert.match((json as Problem).detail, why);
    }
  });

  test('reads a large log in pieces, and stops when nobody waits for it any more', async (t) => {
    const line = `${combined(start, '203.0.113.7')}\n`;
    const file = await log(t, Buffer.from(line.repeat(300_000)));
    let [lines, largest] = [0, 0];
    for await (const some of logLines(file, new AbortController().signal)) {
      lines += some.length;
      largest = Math.max(largest, some.length);
    }
    assert.equal(lines, 300_000);
    assert.ok(largest < 2000, `${largest} lines at once`);
    const gone = new AbortController();
    await assert.rejects(async () => {
      for await (const some of logLines(file, gone.signal)) if (some.length > 0) gone.abort();
    }, /abort/i);
  });
});

describe('a line of a log', () => {
  const latest = start + 86_400_000;
  const read = (line: string) => readLogLine(line, 'shop', latest);

  test('is read in the formats of common servers', () => {
    const ours =
      '{"time":"2026-09-22T12:00:00.000Z","app":"shop","environment":"blue","version":"v1","role":"web","endpoint":"e","rule":"live","generation":3,"method":"GET","host":"h","path":"/","protocol":"HTTP/1.1","status":200,"outcome":"ok","client":"203.0.113.7","worker":9}';
    const same: string[] = [
      ours,
      '203.0.113.7 - - [22/Sep/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5',
      '203.0.113.7 - - [22/Sep/2026:14:00:00 +0200] "GET /a\\"b HTTP/1.1" 200 - "https://x/" "curl"',
      'shop.example.com:443 203.0.113.7 - - [22/Sep/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5',
      'shop 203.0.113.7 - - [22/Sep/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5',
      '{"time_iso8601":"2026-09-22T12:00:00+00:00","remote_addr":"203.0.113.7","remote_user":"","status":"200"}',
      `{"ts":${start / 1000}.25,"request":{"remote_ip":"203.0.113.7","headers":{"User-Agent":["curl"]}},"status":200}`,
      '{"StartUTC":"2026-09-22T12:00:00Z","ClientHost":"203.0.113.7","ClientUsername":"-","DownstreamStatus":200}',
      `{"msec":"${start / 1000}.000","remote_addr":"203.0.113.7","status":200}`,
    ];
    for (const line of same) {
      const told = read(line);
      assert.equal(told.kind, 'request', line);
      if (told.kind !== 'request') continue;
      const { address, user, status, at } = told.request;
      assert.deepEqual(
        [address, user, status, Math.floor(at / 1000) * 1000],
        ['203.0.113.7', null, 200, start],
        line,
      );
    }
    const named = read('203.0.113.7 - john smith [22/Sep/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5');
    assert.equal(named.kind === 'request' && named.request.user, 'john smith');
    assert.equal(read(ours.replace('"live"', '"preview"')).kind, 'other');
    assert.deepEqual(read('{"time":"2026-09-22T12:00:00Z","worker":3,"dropped":17}'), {
      kind: 'dropped',
      lines: 17,
    });
  });

  test('whose time cannot be is unreadable: it would stretch the log over decades', () => {
    const at = (time: string) => read(`203.0.113.7 - - [${time}] "GET / HTTP/1.1" 200 5`).kind;
    assert.equal(at('01/Jan/1970:00:00:00 +0000'), 'unreadable');
    assert.equal(at('22/Sep/2099:12:00:00 +0000'), 'unreadable');
    assert.equal(at('22/Foo/2026:12:00:00 +0000'), 'unreadable');
    assert.equal(read('{"time":1e400,"client":"203.0.113.7"}').kind, 'unreadable');
  });

  test('however it is made is read in one go', () => {
    const began = performance.now();
    for (const bit of ['.', ' ', ' -', '"', '\\', '[', '\\"', 'a.b ', '- - [', '{']) {
      const line = `1.2.3.4 - - [22/Sep/2026:12:00:00 +0000] "${bit.repeat(30_000)}`;
      read(line);
      read(bit.repeat(60_000));
    }
    assert.ok(performance.now() - began < 3000, `${performance.now() - began} ms`);
  });
});

describe('evidence', () => {
  test('of a version without errors takes about 460 minutes of activity where live has none of anything', () => {
    const needed = evidenceMs({ active: 100, rate: 0 }, 0.01) / minute;
    assert.ok(needed > 450 && needed < 560, `${needed} minutes with one active person at the candidate`);
    assert.ok(evidenceMs({ active: 1000, rate: 0 }, 0.01) < evidenceMs({ active: 100, rate: 0 }, 0.01));
    assert.equal(evidenceMs({ active: 0, rate: 0 }, 0.5), Infinity);
    assert.equal(evidenceMs({ active: 1e6, rate: 0 }, 0.5), 120_000, 'never sooner than the judge goes on');
  });

  test('that never comes is left to a person, and the step stays as it was', () => {
    const step = expose(5, 10 * minute);
    const better = proposal([step, expose(10, minute)], () => ({ active: 0.001, rate: 0 }));
    assert.deepEqual(better?.map(stepYaml), [
      '- expose: { percent: 5, for: 10m }',
      '- approve',
      '- expose: { percent: 10, for: 1m }',
      '- approve',
    ]);
    assert.equal(
      proposal(better ?? [], () => ({ active: 0.001, rate: 0 })),
      null,
    );
  });
});

test('of more people than can be remembered a sample is taken, and its sums are right', () => {
  const people = new People([minute], 500);
  const total = 20_000;
  for (let index = 0; index < total; index++) {
    const person = people.find(`address ${index}`, () => ({ from: 0, belongs: [] }));
    if (person === null) continue;
    people.count(person, start);
    people.count(person, start + 1000);
  }
  const all = [...people.all()];
  assert.ok(all.length <= 500 && people.scale > 1);
  assert.ok(Math.abs(all.length * people.scale - total) < total * 0.2, `${all.length * people.scale}`);
  assert.ok(
    all.every(({ requests, active, pieces }) => requests === 2 && active === 61_000 && pieces[0]?.seen === 1),
  );
});
