import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { after, atRisk, eventMetrics, happened, newPerson, type Request } from '../../src/judge/units.ts';

const slow = { q95: 100, q99: 500 };
const fine: Request = { failed: false, refused: false, latency: 20 };

test('a person who always fails is one first failure and one third failure, and nothing more', () => {
  let person = newPerson;
  const seen: string[] = [];
  for (let index = 0; index < 100; index += 1) {
    const next = after(person, { ...fine, failed: true }, slow);
    seen.push(...happened(person, next).map((metric) => `${index}: ${metric}`));
    person = next;
  }
  assert.deepEqual(seen, ['0: errors', '2: errors-3']);
  assert(!atRisk(person, 'errors') && atRisk(person, 'slow-95'));
});

test('each event happens to a person at most once, and ends the exposure to it, whatever the requests are', () => {
  const request = fc.record({
    failed: fc.boolean(),
    refused: fc.boolean(),
    latency: fc.constantFrom(10, 100, 101, 499, 501),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
      let person = newPerson;
      const times = new Map<string, number>();
      for (const each of requests) {
        const next = after(person, each, slow);
        for (const metric of happened(person, next)) times.set(metric, (times.get(metric) ?? 0) + 1);
        person = next;
      }
      for (const metric of eventMetrics) assert.equal(times.get(metric) ?? 0, atRisk(person, metric) ? 0 : 1);
      assert.equal(!atRisk(person, 'errors-3'), requests.filter(({ failed }) => failed).length >= 3);
    }),
  );
});

test('a request that hangs is slow as soon as its timer passes the mark', () => {
  assert.deepEqual(happened(newPerson, after(newPerson, { ...fine, latency: 501 }, slow)), [
    'slow-95',
    'slow-99',
  ]);
});
