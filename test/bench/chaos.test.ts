import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blame, blameStream, type Failed, type Kill } from '../../bench/chaos/blame.ts';
import { reportOf } from '../../bench/chaos/report.ts';
import { resultOf, type Measured } from '../../bench/chaos/verdict.ts';

const control: Kill = { kind: 'control', at: 1000, pid: 1, how: 'at a random moment' };
const worker: Kill = {
  kind: 'worker',
  at: 2000,
  pid: 2,
  ports: new Set([50, 51]),
  inFlight: new Set([7, 8]),
};
const instance: Kill = {
  kind: 'instance',
  at: 3000,
  pid: 3,
  instance: 'i1',
  connections: 2,
  inFlight: new Set([9, 10]),
};
const kills = [control, worker, instance];

const failed = (more: Partial<Failed>): Failed => ({
  serial: 7,
  idempotent: true,
  at: 2001,
  instance: null,
  broke: true,
  says: 'GET /',
  ...more,
});
const blamed = (more: Partial<Failed>): Kill | null => blame(failed(more), kills).kill;

test('a kill of the control plane explains no failure', () => {
  assert.equal(blamed({ serial: 1, at: 1001 }), null);
});

test('a kill of a worker explains the requests that it had, when their connection broke', () => {
  assert.equal(blamed({}), worker);
  assert.equal(blamed({ serial: 9 }), null, 'another request at the same time');
  assert.equal(blamed({ broke: false }), null, 'an error that somebody has answered');
  assert.equal(blamed({ at: 1990 }), null, 'before the kill');
  assert.equal(blamed({ at: 20_000 }), null, 'long after it');
});

test('a kill of an instance explains what may not be sent again, and what its answer had begun of', () => {
  const at = 3001;
  assert.equal(blamed({ serial: 9, at, idempotent: false, broke: false }), instance);
  assert.equal(blamed({ serial: 9, at, idempotent: false, broke: true }), instance);
  assert.equal(blamed({ serial: 9, at, broke: true, instance: 'i1' }), instance);
  assert.equal(blamed({ serial: 9, at, broke: true, instance: 'i2' }), null, 'another one had answered');
  assert.equal(blamed({ serial: 9, at, broke: true }), null, 'nothing of an answer: it could be sent again');
  assert.equal(blamed({ serial: 9, at, broke: false }), null, 'an error for what could be sent again');
  assert.equal(blamed({ serial: 11, at, idempotent: false }), null, 'sent after the kill');
});

test('a stream is explained by the worker that held its connection, or by the instance it came from', () => {
  const of = (port: number, from: string | null, at: number): Kill | null =>
    blameStream({ port, instance: from, at, says: '' }, kills).kill;
  assert.equal(of(50, 'i9', 2001), worker);
  assert.equal(of(60, 'i1', 3001), instance);
  assert.equal(of(60, 'i2', 3001), null);
  assert.equal(of(60, null, 1001), null);
});

const measured: Measured = {
  wanted: 3,
  full: true,
  kills,
  sent: 2000,
  answered: 1999,
  failed: [failed({})],
  streams: { opened: 3, whole: 2, closed: 1 },
  broken: [],
  told: [{ version: 'v1', plot: 'live', acknowledged: true, ended: 'promoted' }],
  refused: {},
  stuck: [],
  books: { events: 10, releases: 1, wrong: [] },
  starts: [900, 1000],
  transitions: { 'after switched': 1 },
  strayed: 0,
  leftBehind: 0,
};

test('a run that is as it should be is short of nothing, and says so', () => {
  const result = resultOf(measured);
  assert.deepEqual(result.short, []);
  assert.deepEqual(result.worker, { kills: 1, failed: 1, allowed: 2, streams: 0 });
  assert.match(reportOf(result, measured), /^chaos: all is well$/m);
});

test('each way to be short of a goal is seen', () => {
  const short = (more: Partial<Measured>): string => resultOf({ ...measured, ...more }).short.join('; ');
  assert.match(short({ wanted: 4 }), /3 kills, not 4/);
  assert.match(short({ answered: 1998 }), /sent 2000, answered 1998, failed 1/);
  assert.match(short({ failed: [failed({ at: 1001 })] }), /1 failures that no kill explains/);
  assert.match(
    short({ failed: [failed({ serial: 9, at: 3001 })] }),
    /1 requests failed that may be sent again/,
  );
  assert.match(
    short({ broken: [{ port: 1, instance: null, at: 1, says: 'WebSocket' }] }),
    /no kill explains/,
  );
  assert.match(short({ stuck: ['v7'] }), /stuck: v7/);
  assert.match(short({ leftBehind: 2 }), /2 processes were left behind/);
  assert.match(short({ books: { events: 1, releases: 1, wrong: ['a gap'] } }), /the event log: a gap/);
  assert.match(short({ transitions: {} }), /never killed at a persisted transition/);
  const posts = [9, 10].map((serial) => failed({ serial, idempotent: false, at: 3001 }));
  const one = { ...instance, connections: 1 };
  assert.match(
    short({ kills: [control, worker, one], failed: posts, answered: 1998 }),
    /cost 2 requests, and 1 were/,
  );
});
