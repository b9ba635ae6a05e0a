import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { logLine } from '../../src/control/view/log-line.ts';
import { says } from '../../src/control/view/says.ts';
import { eventView } from '../../src/control/view/event.ts';
import { appStatus, type Seen } from '../../src/control/view/status.ts';
import type { Event } from '../../src/release/events.ts';
import { app, build, green, Story, verdict } from '../release/story.ts';
import { instance } from './fakes.ts';

const drain = { finished: 1, cut: 0, seconds: 0.5 };
const renaming = { migration: '0007-rename', round: 1 };
const difference = { role: 'web', what: 'instances', live: '1', candidate: '2' };

/** One of each: a new type that is missing here does not compile. */
const samples: { readonly [Type in Event['type']]: Event & { readonly type: Type } } = {
  applied: { type: 'applied', config: app() },
  'remove-started': { type: 'remove-started' },
  removed: { type: 'removed' },
  scaled: { type: 'scaled', role: 'web', instances: 1 },
  restarted: { type: 'restarted' },
  'maintenance-set': { type: 'maintenance-set', message: 'painting' },
  'release-started': {
    type: 'release-started',
    release: 'shop-2',
    kind: 'deploy',
    build: build('v2'),
    from: 'v1',
    colour: 'green',
    steps: [],
    deadlineAt: 0,
  },
  cleared: { type: 'cleared' },
  'migration-started': { type: 'migration-started', round: 1, olds: ['v1'] },
  'migration-proved': { type: 'migration-proved', ...renaming, before: 'expand', proof: green },
  'phase-passed': { type: 'phase-passed', ...renaming, phase: 'expand', steps: 3, ran: 2, ms: 40 },
  'phase-failed': { type: 'phase-failed', ...renaming, phase: 'contract', error: { message: 'no' } as never },
  'contract-started': { type: 'contract-started', ...renaming },
  'undo-started': { type: 'undo-started', ...renaming },
  migrated: { type: 'migrated' },
  ready: { type: 'ready' },
  'let-go': { type: 'let-go' },
  'candidate-ready': { type: 'candidate-ready', differences: [difference] },
  'step-passed': { type: 'step-passed', cursor: 0, name: 'test smoke', output: null, skipped: false },
  'step-failed': { type: 'step-failed', cursor: 0, name: 'test smoke', error: {} as never },
  'expose-started': { type: 'expose-started', cursor: 1, exposed: [{ to: ['staff'], width: 5000 }] },
  exposed: { type: 'exposed', cursor: 1, generation: 8 },
  'mirror-started': { type: 'mirror-started', cursor: 1 },
  mirrored: { type: 'mirrored', cursor: 1, generation: 8 },
  'clock-jumped': { type: 'clock-jumped', ms: -3_600_000 },
  frozen: { type: 'frozen', reason: 'the fair' },
  unfrozen: { type: 'unfrozen' },
  'key-added': { type: 'key-added', key: 'k2' },
  'keys-rotated': { type: 'keys-rotated', key: 'k2' },
  queued: { type: 'queued', deploy: { build: build('v3'), steps: [], actor: 'user:anna', at: 0 } },
  judged: { type: 'judged', cursor: 1, verdict: verdict('freeze') },
  'steps-passed': { type: 'steps-passed' },
  paused: { type: 'paused' },
  resumed: { type: 'resumed' },
  'switch-started': { type: 'switch-started', differences: [] },
  switched: { type: 'switched', live: 'green', generation: 7 },
  drained: { type: 'drained', colour: 'blue', drain },
  'window-closed': { type: 'window-closed' },
  settled: { type: 'settled' },
  retired: { type: 'retired', colour: 'blue', drain },
  'abort-started': { type: 'abort-started', why: 'a test failed\nwith much output', error: null },
  'rollback-started': { type: 'rollback-started', why: 'asked for', error: null },
  superseded: { type: 'superseded', by: 'shop-3' },
};

describe('an event', () => {
  for (const event of Object.values(samples)) {
    test(`says one sentence: ${event.type}`, () => {
      const said = says(event);
      assert.match(said, /^\S.*\S$/);
      assert.ok(!/undefined|null|\[object/.test(said), said);
    });
  }

  test('counts one thing as one', () => {
    assert.equal(says(samples.scaled), 'web is scaled to 1 instance');
    assert.match(says(samples['candidate-ready']), /differs from live in 1 setting /);
    assert.match(says(samples.drained), /1 request finished, 0 cut, 0\.5 s/);
  });

  test('shows the first line of a reason, and not that more lines follow it', () => {
    const why = 'shop v2 (web) ended 3 times in a row. It said:\n  Error: no database';
    const said = says({ type: 'abort-started', why, error: null });
    assert.equal(said, 'aborting: shop v2 (web) ended 3 times in a row');
  });

  test('is shown without whole builds and settings', () => {
    const stored = (event: Event) => {
      const { type, ...data } = event;
      return eventView({ seq: 1, stream: 'shop', version: 1, at: 0, actor: 'a', reason: null, type, data });
    };
    assert.deepEqual(stored(samples.applied).data, {});
    assert.equal((stored(samples['release-started']).data as { version: string }).version, 'v2');
    assert.equal((stored(samples.queued).data as { deploy: { version: string } }).deploy.version, 'v3');
    for (const event of Object.values(samples))
      assert.doesNotMatch(JSON.stringify(stored(event)), /"(?:build|spec|config|directory)"/, event.type);
  });
});

test('a line of the log is short for a person, and keeps what went wrong', () => {
  const time = new Date(2026, 10, 23, 5, 17, 39).getTime();
  const line = (more: object) => `${JSON.stringify({ level: 40, time, pid: 1, hostname: 'vm', ...more })}\n`;
  assert.equal(
    logLine(
      line({ instance: 'shop-blue-web-1', code: null, signal: 'SIGKILL', msg: 'an instance ended unasked' }),
    ),
    '05:17:39  ! an instance ended unasked  instance=shop-blue-web-1  signal=SIGKILL\n',
  );
  const error = { type: 'TealError', message: 'table 1 is not newer', stack: 'at …' };
  assert.equal(
    logLine(line({ level: 50, error, msg: 'not in force' })),
    '05:17:39  ✗ not in force: table 1 is not newer\n',
  );
  assert.equal(logLine('no JSON\n'), 'no JSON\n');
});

describe('the status of an app', () => {
  const seen: Seen = { instances: [], router: null, base: 'http://127.0.0.1:8080', migrating: () => null };
  const of = (story: Story, more: Partial<Seen> = {}) => appStatus(story.state, { ...seen, ...more });

  test('before anything: what to type first', () => {
    const status = of(new Story());
    assert.deepEqual(
      [status.live, status.version, status.release, status.rollback, status.next],
      [null, null, null, null, 'teal deploy shop <version>'],
    );
    assert.deepEqual(status.urls, ['http://127.0.0.1:8080/']);
    assert.deepEqual(of(new Story(), { base: null }).urls, []);
  });

  test('tells what a rollback would do, in each state of a release', () => {
    const story = new Story();
    const rollback = () => of(story).rollback;
    story.goesLive('v1');
    assert.equal(rollback(), null, 'nothing before the first');
    story.deploys('v2');
    assert.deepEqual(rollback(), { to: 'v1', how: 'instant', harm: null }, 'before the switch it aborts');
    story.isReady();
    story.isReady();
    assert.deepEqual(rollback(), { to: 'v1', how: 'instant', harm: null }, 'while switching');
    story.routersHaveIt();
    assert.deepEqual(rollback(), { to: 'v1', how: 'instant', harm: null }, 'while the old one is warm');
    story.isDrained();
    story.later(3_600_000);
    assert.equal(story.status, 'retiring');
    assert.deepEqual(
      rollback(),
      { to: 'v1', how: 'start-first', harm: null },
      'while the old one is stopped',
    );
    story.hasStopped();
    assert.deepEqual(rollback(), { to: 'v1', how: 'start-first', harm: null }, 'when the old one is gone');
    assert.equal(of(story).next, 'teal deploy shop <version>');
  });

  test('an app in maintenance is first of all to be opened again', () => {
    const story = new Story();
    story.goesLive('v1');
    story.does({ type: 'maintenance', message: 'Back soon.' });
    assert.equal(of(story).next, 'teal maintenance off shop');
    story.deploys('v2');
    assert.equal(of(story).next, 'teal status shop --watch', 'a release under way comes before it');
  });

  test('names the part each environment plays', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    assert.equal(of(story).environments.green?.role, 'candidate');
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    assert.deepEqual(
      [of(story).environments.green?.role, of(story).environments.blue?.role],
      ['live', 'warm'],
    );
    assert.equal(of(story).next, 'teal status shop --watch');
    story.does({ type: 'rollback', reason: null });
    story.routersHaveIt();
    assert.equal(of(story).environments.green?.role, 'stopping');
    assert.equal(of(story).next, 'teal deploy shop <version>');
    assert.equal(of(story).release?.ended, false);
  });

  test('has the instances and the counts of the router', () => {
    const story = new Story();
    story.goesLive('v1');
    const counts = {
      app: 'shop',
      colour: 'blue',
      version: 'v1',
      requests: 9,
      errors: 2,
      failed: 1,
      inFlight: 3,
      waiting: 1,
    } as const;
    const traffic = { inFlight: 2, streams: 1, ejectedUntil: 5 };
    const endpoint = {
      id: instance().id,
      app: 'shop',
      colour: 'blue',
      role: 'web',
      ejectedBy: 1,
      ...traffic,
    } as const;
    const router = {
      pid: 1,
      generation: 1,
      workers: [],
      listen: [],
      h2c: [],
      certificates: [],
      environments: [counts],
      endpoints: [endpoint],
      startedAt: 0,
      workersReplaced: { count: 0, last: null },
      heard: { at: null, expiresAfterMs: null, expiry: null },
      tablesRepaired: { count: 0, last: null },
      accessLog: null,
    };
    const blue = of(story, { instances: [instance()], router }).environments.blue;
    assert.deepEqual(
      [blue?.requests, blue?.errors, blue?.failed, blue?.inFlight, blue?.waiting],
      [9, 2, 1, 3, 1],
    );
    assert.equal(blue?.instances[0]?.address, '127.0.0.1:5000');
    assert.deepEqual(blue?.instances[0]?.traffic, traffic);
    assert.equal(of(story, { instances: [instance()] }).environments.blue?.instances[0]?.traffic, null);
  });

  test('a paused release says how it goes on, and a step where it stands', () => {
    const story = new Story(app({ promote: { kind: 'manual' } }));
    story.deploys('v1', app({ promote: { kind: 'manual' } }));
    story.isReady();
    const step = { index: 0, of: 2, name: 'approve', kind: 'approve', endsAt: null, asks: true, by: null };
    assert.deepEqual(of(story).release?.step, step);
    assert.equal(of(story).next, 'teal approve shop');
    story.does({ type: 'pause' });
    assert.equal(of(story).next, 'teal resume shop');
  });
});
