/** What is waited for and given up is nobody's fault: neither in the log, nor told as one. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { api } from '../../src/control/api/app.ts';
import { fakeDeps } from './fakes.ts';
import { until } from './help.ts';
import type { Problem } from './project.ts';

async function waiting(t: TestContext, headers: Readonly<Record<string, string>> = {}) {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const deps = { ...(await fakeDeps(t)), log };
  deps.leases.take({ apps: ['shop'], actor: 'user:ben', version: 'v1' });
  const waits = t.mock.method(deps.leases, 'takeInTurn');
  const [gone, closing] = [new AbortController(), new AbortController()];
  const options = { access: deps.access, startedAt: 0, stop: () => undefined, closing: closing.signal };
  const answer = api(deps, options).request('/v1/apps/shop/deploy', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ version: 'v2', onConflict: 'wait' }),
    signal: gone.signal,
  });
  await until('it waits for its turn', () => waits.mock.callCount() > 0);
  const outcome = async (): Promise<string> => {
    const { code, status } = (await (await answer).json()) as Problem;
    return `${status} ${code}`;
  };
  return { gone, closing, outcome, lines };
}

test('who goes away while they wait for their turn', async (t) => {
  const { gone, outcome, lines } = await waiting(t);
  gone.abort();
  assert.equal(await outcome(), '503 control-unavailable');
  assert.deepEqual(lines, []);
});

test('who waits for their turn when Teal is ended, also with a key', async (t) => {
  for (const headers of [{}, { 'idempotency-key': 'one' }]) {
    const { closing, outcome, lines } = await waiting(t, headers);
    closing.abort();
    assert.equal(await outcome(), '503 control-unavailable');
    assert.deepEqual(lines, []);
  }
});
