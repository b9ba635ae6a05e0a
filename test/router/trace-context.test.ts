import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTraceState, traceIdOf } from '../../src/router/embedded/trace-context.ts';
import { Lines } from './access.ts';
import { answering, exchange, lastGet, ok, proxyTo } from './rig.ts';

/** The example of the specification (§3.2.4). */
const id = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = `00-${id}-00f067aa0ba902b7-01`;

/** traceparent and whether it is valid: W3C Trace Context level 1, §3.2 and §4.3, and its public test suite's cases. */
const parents: readonly (readonly [string, boolean])[] = [
  [parent, true],
  [`00-${id}-00f067aa0ba902b7-00`, true],
  [`00-${id}-00f067aa0ba902b7-ff`, true],
  [`cc-${id}-00f067aa0ba902b7-01`, true],
  [`cc-${id}-00f067aa0ba902b7-01-what-the-future-will-be-like`, true],
  [`cc-${id}-00f067aa0ba902b7-01.what-the-future-will-be-like`, false],
  [`${parent}-what-the-future-will-be-like`, false],
  [`${parent}.`, false],
  [`ff-${id}-00f067aa0ba902b7-01`, false],
  [`.0-${id}-00f067aa0ba902b7-01`, false],
  [`0-${id}-00f067aa0ba902b7-01`, false],
  [`000-${id}-00f067aa0ba902b7-01`, false],
  [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, false],
  [`00-${id}-${'0'.repeat(16)}-01`, false],
  [`00-${id.toUpperCase()}-00f067aa0ba902b7-01`, false],
  [`00-.${id.slice(1)}-00f067aa0ba902b7-01`, false],
  [`00-${id.slice(1)}-00f067aa0ba902b7-01`, false],
  [`00-${id}-.0f067aa0ba902b7-01`, false],
  [`00-${id}-0f067aa0ba902b7-01`, false],
  [`00-${id}-00f067aa0ba902b7-.0`, false],
  [`00-${id}-00f067aa0ba902b7-1`, false],
  [`00-${id}-00f067aa0ba902b7`, false],
  [`00_${id}_00f067aa0ba902b7_01`, false],
  ['', false],
];

/** tracestate and whether it is valid (§3.3). */
const states: readonly (readonly [string, boolean])[] = [
  ['rojo=00f067aa0ba902b7', true],
  ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', true],
  ['foo=1 , bar=2,\tbaz=3', true],
  ['foo=1,,bar=2,', true],
  ['fw529a3039@dt=FfAAAABdBMQAA;p', true],
  ['a-b_c*d/e=1', true],
  [`${'t'.repeat(241)}@${'v'.repeat(14)}=1`, true],
  [`${'z'.repeat(256)}=1`, true],
  [`foo=${'v'.repeat(256)}`, true],
  [Array.from({ length: 32 }, (_each, index) => `bar${index}=1`).join(','), true],
  [Array.from({ length: 33 }, (_each, index) => `bar${index}=1`).join(','), false],
  ['foo=1,foo=1', false],
  ['foo', false],
  ['=1', false],
  ['foo=', false],
  ['foo =1', false],
  ['FOO=1', false],
  ['foo.bar=1', false],
  ['foo@=1', false],
  ['@foo=1', false],
  ['foo@@bar=1', false],
  ['1foo=1', false],
  ['foo=bar=baz', false],
  [`${'z'.repeat(257)}=1`, false],
  [`${'t'.repeat(242)}@v=1`, false],
  [`t@${'v'.repeat(15)}=1`, false],
  [`foo=${'v'.repeat(257)}`, false],
];

test('traceparent is taken or refused as the specification says', () => {
  for (const [value, valid] of parents)
    assert.equal(traceIdOf(value), valid ? id : null, JSON.stringify(value));
});

test('tracestate is taken or refused as the specification says', () => {
  for (const [value, valid] of states) assert.equal(isTraceState(value), valid, JSON.stringify(value));
});

async function seen(
  ...lines: string[]
): Promise<{ parent: string[]; state: string[]; traceId: string | null }> {
  await using origin = await answering(ok('x'));
  const log = new Lines();
  await using router = await proxyTo(origin, {}, { observe: log, trace: true });
  await exchange(router.port, lastGet('/', ...lines));
  const all = (name: string) => [...origin.received.matchAll(new RegExp(`^${name}: (.*)\r$`, 'gim'))];
  return {
    parent: all('traceparent').map(([, value = '']) => value),
    state: all('tracestate').map(([, value = '']) => value),
    traceId: (await log.at(0)).traceId,
  };
}

test('a valid trace goes on as it came, from anyone, and its id is in the access log', async () => {
  const traced = await seen(`traceparent: ${parent}`, 'tracestate: rojo=1', 'TraceState: congo=2');
  assert.deepEqual(traced, { parent: [parent], state: ['rojo=1,congo=2'], traceId: id });
});

test('without one a trace begins', async () => {
  const { parent: parents_, state, traceId } = await seen();
  assert.deepEqual(state, []);
  assert.match(parents_[0] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.equal(parents_[0]?.slice(3, 35), traceId);
  assert.notEqual((await seen()).traceId, traceId);
});

test('an invalid traceparent, several of them, or a tracestate alone is dropped, and a trace begins', async () => {
  for (const lines of [
    ['traceparent: 00-nonsense', 'tracestate: rojo=1'],
    [`traceparent: ${parent}`, `traceparent: ${parent}`, 'tracestate: rojo=1'],
    ['tracestate: rojo=1'],
  ]) {
    const traced = await seen(...lines);
    assert.equal(traced.parent.length, 1);
    assert.notEqual(traced.traceId, id);
    assert.deepEqual(traced.state, []);
  }
});

test('an invalid tracestate is dropped, and the trace goes on', async () => {
  const traced = await seen(`traceparent: ${parent}`, 'tracestate: rojo=1', 'tracestate: FOO');
  assert.deepEqual(traced, { parent: [parent], state: [], traceId: id });
});

test('Connection cannot take the trace away', async () => {
  const traced = await seen(`traceparent: ${parent}`, 'Connection: traceparent');
  assert.deepEqual(traced.parent, [parent]);
});
