import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareObservations } from '../../../src/database/prove/channels.ts';
import type { Observation } from '../../../src/database/prove/measure.ts';
import type { Prepared } from '../../../src/database/prove/prepare.ts';
import type { Refusal } from '../../../src/database/prove/session.ts';

const described = { parameters: [], columns: null };
const sent = { text: 'DELETE FROM users', types: [] };
const prepared: Prepared = {
  statement: { text: sent.text, calls: 3, role: null, searchPath: null },
  sent,
  before: described,
  repaired: false,
};
const fine: Observation = {
  untyped: { ok: described },
  typed: { ok: described },
  plan: { ok: null },
  trial: { values: [], answer: { ok: { rows: 1 } } },
};
const refusal = (code: string): { readonly refused: Refusal } => ({
  refused: { code, message: 'refused', parameter: null },
});

const verdicts = (now: Partial<Observation>): readonly string[] =>
  compareObservations(
    new Map([[prepared, fine]]),
    [{ prepared, observation: { ...fine, ...now } }],
    String,
  ).map(({ verdict, channel }) => `${verdict} ${channel}`);

test('time, locks and room of a busy server are no word about the schema, and prove nothing either', () => {
  assert.deepEqual(verdicts({}), []);
  for (const code of ['57014', '55P03', '40P01', '53200']) {
    assert.deepEqual(verdicts({ plan: refusal(code) }), ['unproven trial'], code);
    assert.deepEqual(verdicts({ trial: { values: [], answer: refusal(code) } }), ['unproven trial'], code);
  }
});

test('what another channel says for certain counts more than one that was too slow', () => {
  assert.deepEqual(verdicts({ plan: refusal('57014'), trial: { values: [], answer: refusal('42501') } }), [
    'broken trial',
  ]);
  assert.deepEqual(verdicts({ untyped: refusal('42P01'), plan: refusal('57014') }), ['broken parse']);
});

test('a constraint is a risk, a value that does not fit is nothing, and a partition that is missing breaks', () => {
  const run = (code: string, message = 'refused'): readonly string[] =>
    verdicts({ trial: { values: [], answer: { refused: { code, message, parameter: null } } } });
  assert.deepEqual(run('23505'), ['risk trial']);
  assert.deepEqual(run('22012'), []);
  assert.deepEqual(run('23514', 'no partition of relation "events" found for row'), ['broken trial']);
});
