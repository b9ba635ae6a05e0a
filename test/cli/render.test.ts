import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderAccess } from '../../src/cli/render/access.ts';
import { renderChanges } from '../../src/cli/render/changes.ts';
import { renderChecks } from '../../src/cli/render/checks.ts';
import { renderError } from '../../src/cli/render/error.ts';
import { renderEvent } from '../../src/cli/render/event.ts';
import { widthOf, wrap } from '../../src/cli/render/paint.ts';
import { renderProof } from '../../src/cli/render/proof.ts';
import { renderDone } from '../../src/cli/render/result.ts';
import { renderApp, renderStatus } from '../../src/cli/render/status.ts';
import { clock, count, duration } from '../../src/cli/render/units.ts';
import { progressOf } from '../../src/cli/shell/wait.ts';
import type { Status } from '../../src/control/contract.ts';
import { TealError } from '../../src/errors.ts';
import { Samples } from '../../src/load/samples.ts';
import type { RouterStatus } from '../../src/router/router.ts';
import { releaseStatuses } from '../../src/release/state.ts';
import { accessLine, app, environment, event, instance, now, release } from './fake.ts';

process.env['TZ'] = 'UTC';
const wide = { width: 80, colour: false, now };
const narrow = { width: 40, colour: false, now };

const troubled = app({
  environments: {
    blue: environment({
      instances: [instance({ state: 'unhealthy', crashes: 3 }), instance({ role: 'worker' })],
      errors: 12,
      failed: 1,
    }),
    green: null,
  },
  release: release({
    status: 'aborted',
    ended: true,
    reason: 'tests failed',
    error: { code: 'test-failed', message: 'Test "smoke" failed with exit code 1', remedy: 'x', details: {} },
  }),
  rollback: null,
  next: 'teal retry shop',
});

const promoted = app({
  live: 'green',
  version: 'v42',
  release: release({
    status: 'promoted',
    windowEndsAt: now + 3_600_000,
    drain: { finished: 311, cut: 0, seconds: 4.2 },
  }),
});

test('the picture of an app has both environments, the release and what comes next', () => {
  assert.equal(
    renderApp(app(), wide),
    [
      '… shop  live blue v41  http://localhost:8080/',
      '  blue      live       v41  web 2/2  12,310 requests  3 in flight',
      '  green     candidate  v42  web 1/2 starting  4 requests',
      '  release   shop-7  v41 → v42  stepping  step 2/3 smoke  for 12 s',
      '            deadline in 9 min',
      '  rollback  gives up the release  v41 stays live',
      '  next      teal status shop',
    ].join('\n'),
  );
});

test('trouble is told in words, with what to do', () => {
  assert.equal(
    renderApp(troubled, wide),
    [
      '✗ shop  live blue v41  http://localhost:8080/',
      '  ✗ Test "smoke" failed with exit code 1',
      '  blue      live       v41  web 0/1 unhealthy 3 crashes  worker 1/1',
      '            12,310 requests  12 errors  1 failed  3 in flight',
      '  green     idle',
      '  release   shop-7  v41 → v42  aborted  because: tests failed',
      '  next      teal retry shop',
    ].join('\n'),
  );
});

test('who waits for an instance, and who is left out by the router, is told', () => {
  const traffic = { inFlight: 0, streams: 0, ejectedUntil: now + 4000 };
  const instances = [instance({ traffic }), instance({ id: 'shop-blue-web-2' })];
  const blue = environment({ instances, waiting: 2 });
  const text = renderApp(app({ environments: { blue, green: null } }), wide);
  assert.match(text, /web 2\/2 1 left out by the router {2}12,310 requests\s+3 in flight {2}2 waiting/);
});

test('a command is never broken over lines, whatever stands around it', () => {
  const line = (text: string): readonly string[] =>
    wrap(text, 44, 2)
      .split('\n')
      .map((each) => each.trim());
  assert.deepEqual(
    line(
      'deploy a build whose newest migration is 0007; or teal db undo shop; or, when none runs, teal db contract shop',
    ),
    [
      'deploy a build whose newest migration is',
      '0007; or teal db undo shop; or, when none',
      'runs, teal db contract shop',
    ],
  );
  const long = `teal db new split users.name first last --up "split_part(name, ' ', 1)"`;
  assert.deepEqual(line(`One --up for each: ${long} and so on.`), ['One --up for each:', long, 'and so on.']);
  assert.deepEqual(line(`${'x'.repeat(36)} (teal db new add-unique), and more`), [
    'x'.repeat(36),
    '(teal db new add-unique), and more',
  ]);
  assert.deepEqual(line('what teal does is of no concern to anybody at all here'), [
    'what teal does is of no concern to anybody',
    'at all here',
  ]);
  assert.deepEqual(line('teal deploy shop v2 --from . --on-conflict queue'), [
    'teal deploy shop v2 --from . --on-conflict queue',
  ]);
});

test('the remedy of an error is broken as wide as the terminal is, with its commands whole', () => {
  const error = new TealError('migration-open', 'it is open', {
    remedy:
      'deploy a build whose newest migration is 0007; or teal db undo shop; or teal db contract shop\nor wait',
  });
  assert.deepEqual(renderError(error, narrow).split('\n'), [
    '✗ it is open',
    '  deploy a build whose newest migration',
    '  is 0007; or teal db undo shop; or',
    '  teal db contract shop',
    '  or wait',
    '  code: migration-open',
  ]);
});

test('a narrow terminal gets more lines, not broken ones', () => {
  const text = renderApp(app(), narrow);
  assert.equal(
    text,
    [
      '… shop  live blue v41',
      '  http://localhost:8080/',
      '  blue      live       v41  web 2/2',
      '            12,310 requests  3 in flight',
      '  green     candidate  v42',
      '            web 1/2 starting  4 requests',
      '  release   shop-7  v41 → v42  stepping',
      '            step 2/3 smoke  for 12 s',
      '            deadline in 9 min',
      '  rollback  gives up the release',
      '            v41 stays live',
      '  next      teal status shop',
    ].join('\n'),
  );
});

test('timers tell what is waited for', () => {
  const paused = renderApp(app({ release: release({ pausedAt: now - 90_000 }) }), wide);
  assert.match(paused, /paused for 90 s/);
  assert.match(renderApp(promoted, wide), /promoted {2}old side kept for 1 h\n/);
  assert.match(renderApp(promoted, wide), /rollback {2}to v41 {2}at once: it is still warm/);
});

test('an error is told once, with its own indents, though it is the reason too', () => {
  const message = 'web ended 3 times. It said:\n  Error: no database\n      at connect';
  const error = { code: 'crash-loop', message, remedy: 'x', details: {} } as const;
  const text = renderApp(
    app({ release: release({ status: 'aborted', ended: true, reason: message, error }) }),
    wide,
  );
  assert.match(text, /✗ web ended 3 times\. It said:\n {6}Error: no database\n {10}at connect\n/);
  assert.equal(text.split('no database').length, 2);
  assert.doesNotMatch(text, /because/);
});

test('differences of the two environments are shown while they matter', () => {
  const differences = [{ role: 'web', what: 'PASSWORD', live: 'differs', candidate: 'differs' }];
  assert.match(renderApp(app({ release: release({ differences }) }), wide), /differs +web PASSWORD:/);
  assert.doesNotMatch(renderApp(app({ release: release({ differences, ended: true }) }), wide), /PASSWORD/);
});

test('the apps in trouble come first', () => {
  const fine = app({ app: 'a-fine', release: null, environments: { blue: environment(), green: null } });
  const status: Status = {
    version: '0.1.0',
    pid: 1,
    startedAt: now,
    config: '/x/teal.yaml',
    store: { kind: 'sqlite', where: '/x/teal.db' },
    leader: null,
    router: {
      pid: 2,
      generation: 7,
      workers: [],
      listen: [],
      h2c: [],
      environments: [],
      endpoints: [],
      startedAt: 0,
      workersReplaced: { count: 0, last: null },
      heard: { at: null, expiresAfterMs: null, expiry: null },
      tablesRepaired: { count: 0, last: null },
      accessLog: null,
      certificates: [],
    },
    apps: [fine, app({ app: 'b-going' }), { ...troubled, app: 'c-broken' }],
  };
  const heads = renderStatus(status, wide)
    .split('\n')
    .filter((line) => /^\S/.test(line))
    .map((line) => line.slice(0, 10).trim());
  assert.deepEqual(heads, ['✗ c-broken', '… b-going', '✓ a-fine']);
  assert.match(renderStatus({ ...status, router: null }, wide), /^✗ The router cannot be reached/);
  assert.match(renderStatus({ ...status, apps: [] }, wide), /teal apply/);
  assert.match(renderStatus(status, wide), /^ {2}router +table 7 {2}0 workers {2}never heard from Teal$/m);
  const heard = { at: now - 3000, expiresAfterMs: 1000, expiry: { from: now - 2000, until: null } };
  const silent = renderStatus({ ...status, router: { ...(status.router as RouterStatus), heard } }, wide);
  assert.match(silent, /heard from Teal 3 s ago\s+exposes nobody until it does again$/m);
  assert.match(silent, /^! Router: everyone went to live, since nothing was heard from the control plane/m);
  const last = { at: now - 1000, pid: 7, how: 'SIGKILL' };
  const crashed = { ...(status.router as RouterStatus), workersReplaced: { count: 1, last } };
  assert.match(
    renderStatus({ ...status, router: crashed }, wide),
    /^! Router: 1 worker replaced, the last at/m,
  );
});

test('a result says what was done, where the traffic is, how to undo it and what to type next', () => {
  const done = { command: 'promote', did: 'Everyone is sent to v42', app: promoted, complete: true } as const;
  assert.equal(
    renderDone(done, wide),
    [
      '✓ Promoted        shop  green  v42',
      '  Traffic         100 % green (was blue v41)',
      '  Drained         311 requests finished, 0 cut, 4.2 s',
      '  Undo            teal rollback shop',
      '  Next            teal status shop',
    ].join('\n'),
  );
  assert.equal(
    renderDone({ ...done, command: 'deploy', complete: false, app: app() }, wide).split('\n')[0],
    '… Deploying       shop  green  v42',
  );
});

test('a command that moves no release offers no rollback as its undo, and tells nothing old', () => {
  for (const command of ['scale', 'restart', 'maintenance', 'remove'] as const) {
    const text = renderDone({ command, did: 'as asked', app: promoted, complete: false }, wide);
    assert.doesNotMatch(text, /rollback|Traffic|Drained/, command);
    assert.match(text, command === 'remove' ? /Next +teal status$/ : /Next +teal status shop$/);
  }
  const closed = app({ maintenance: { message: 'Back soon.' } });
  const text = renderDone({ command: 'maintenance', did: 'on', app: closed, complete: false }, wide);
  assert.match(text, /Undo +teal maintenance off shop/);
});

test('a result ends with how to undo it and what comes next', () => {
  const live = { ...promoted, next: 'teal status shop --watch' };
  const text = renderDone({ command: 'deploy', did: '', app: live, complete: true }, wide);
  assert.match(text, /Undo +teal rollback shop\n +Next +teal status shop --watch$/);
});

test('an error ends with its remedy and its code', () => {
  const output = Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n');
  const error = new TealError('test-failed', 'smoke failed', {
    remedy: 'fix it',
    details: { output, log: '/x.log' },
  });
  const lines = renderError(error, wide).split('\n');
  assert.equal(lines[0], '✗ smoke failed');
  assert.equal(lines[1], '  │ line 10', 'only the end of a long output');
  assert.deepEqual(lines.slice(-3), ['  Full log: /x.log', '  fix it', '  code: test-failed']);
});

test('an event names a person, not Teal itself', () => {
  assert.equal(renderEvent(event(1, 'v42 is healthy'), wide), '12:00:00  shop  v42 is healthy');
  assert.equal(
    renderEvent(
      event(1, 'aborted', { actor: 'user:ann', reason: 'wrong build', at: now - 86_400_000 }),
      wide,
    ),
    '2026-09-21 12:00:00  shop  aborted (ann) because: wrong build',
  );
});

test('changes are shown with when they take effect', () => {
  const change = { app: 'shop', path: 'hosts', before: null, after: 'a.example', effect: 'now' } as const;
  assert.equal(
    renderChanges({ applied: true, changes: [change] }, wide),
    [
      '✓ Applied         1 change',
      '  shop  hosts  (now)',
      '    + a.example',
      '  Next            teal status',
    ].join('\n'),
  );
  assert.match(renderChanges({ applied: true, changes: [] }, wide), /nothing has changed/);
});

test('checks that failed come first', () => {
  const text = renderChecks(
    [
      { name: 'node', state: 'ok', says: 'fine', remedy: null },
      { name: 'control', state: 'failed', says: 'Teal is not running', remedy: 'teal up' },
    ],
    wide,
  );
  assert.equal(
    text,
    [
      '✗ control  Teal is not running',
      '           → teal up',
      '✓ node     fine',
      '',
      '1 of 2 checks failed. Next: teal up',
    ].join('\n'),
  );
});

test('a proof shows what was lost, by kind', () => {
  const report = {
    url: 'http://x/',
    rps: 200,
    achievedRps: 199.7,
    connections: 16,
    startedAt: now,
    endedAt: now + 10_000,
    durationMs: 10_000,
    sent: 2000,
    answered: 1999,
    failed: 1,
    failures: { reset: 1 },
    problems: { reset: 'the connection was closed before the response' },
    statuses: { '200': 1999 },
    versions: { v1: 1000, v2: 999 },
    latency: { p50: 0.8, p99: 12, max: 40 },
    windows: [
      {
        name: 'before',
        from: now,
        to: now,
        sent: 400,
        answered: 400,
        failed: 0,
        latency: { p50: 0.8, p99: 3, max: 1300 },
      },
    ],
    samples: new Samples(),
  };
  const error = new TealError('requests-failed', '1 of 2000 requests failed', { remedy: 'x' });
  assert.equal(
    renderProof(
      {
        report,
        ran: { command: 'x', code: 0, signal: null, ms: 2100 },
        interrupted: false,
        missed: null,
        error,
      },
      wide,
    ),
    [
      '✗ Requests lost   http://x/',
      '  Sent            2,000 in 10 s, 200 a second',
      '  Answered        1,999',
      '  Failed          1',
      '    reset         1, first: the connection was closed before the response',
      '  Versions        v1 1,000, v2 999',
      '  Before          p50 0.8 ms  p99 3.0 ms  max 1.3 s  (400 sent)',
      '  Command         done after 2.1 s',
      '  Why             1 of 2000 requests failed',
      '  Next            teal history',
    ].join('\n'),
  );
});

test('colours change nothing but the colour', () => {
  const coloured = renderApp(troubled, { ...wide, colour: true });
  assert.ok(coloured.includes('\x1b[31m'));
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  assert.equal(coloured.replaceAll(/\x1b\[\d+m/g, ''), renderApp(troubled, wide));
  assert.equal(widthOf('\x1b[31m✗\x1b[39m'), 1);
});

test('numbers and times are short', () => {
  const cases: readonly (readonly [number, string])[] = [
    [350, '350 ms'],
    [4200, '4.2 s'],
    [12_000, '12 s'],
    [540_000, '9 min'],
    [3_900_000, '1 h 5 min'],
    [273_600_000, '3 d 4 h'],
    [86_399_000, '1 d'],
    [-5, '0 ms'],
  ];
  for (const [ms, text] of cases) assert.equal(duration(ms), text);
  assert.equal(count(1_234_567), '1,234,567');
  assert.equal(clock(now, now), '12:00:00');
});

test('waiting ends for every status that a release can end in, and for no other', () => {
  const of = (goal: 'forward' | 'back', kind: 'deploy' | 'rollback' = 'deploy') =>
    Object.fromEntries(
      releaseStatuses.map((status) => [status, progressOf(release({ status, kind }), goal)]),
    );
  const going = {
    clearing: 'going',
    migrating: 'going',
    starting: 'going',
    stepping: 'going',
    scaling: 'going',
    switching: 'going',
  };
  const forward = {
    ...going,
    promoted: 'done',
    retiring: 'done',
    completed: 'done',
    aborting: 'going',
    aborted: 'failed',
    reverting: 'going',
    reverted: 'failed',
    'rolled-back': 'failed',
  };
  assert.deepEqual(of('forward'), forward);
  assert.deepEqual(
    of('back', 'rollback'),
    forward,
    'a rollback that starts the old version first goes forward',
  );
  assert.deepEqual(of('back'), {
    ...forward,
    promoted: 'going',
    retiring: 'failed',
    completed: 'failed',
    aborted: 'done',
    reverted: 'done',
    'rolled-back': 'done',
  });
});

test('a request in the access log says what is not as usual', () => {
  assert.match(renderAccess(accessLine, wide), /200 +12 ms +shop blue v41 +GET shop\.test\/a +1\.2\.3\.4$/);
  const preview = {
    ...accessLine,
    rule: 'preview-cookie',
    outcome: 'client-gone',
    status: null,
    tries: 2,
  } as const;
  assert.match(renderAccess(preview, wide), /–  .*  client-gone  preview-cookie  2 tries  1\.2\.3\.4$/);
  const nowhere = { app: null, environment: null, method: null, host: null, path: null, version: null };
  const unreadable = { ...accessLine, ...nowhere, rule: 'unreadable', status: 400, code: 'bad-host' };
  const shown = renderAccess({ ...unreadable, outcome: 'refused' }, wide);
  assert.match(shown, /400 .*–  \(unreadable\)  refused  bad-host  unreadable  1\.2\.3\.4$/);
});
