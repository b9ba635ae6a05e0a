import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logEvidence } from '../../src/judge/rate-ratio.ts';
import { logRising } from '../../src/judge/rising.ts';
import { count, logUrn, noSample } from '../../src/judge/sample-ratio.ts';
import { near, pair, vectors } from './support.ts';

test('the evidence is the published one to 1e-12, for two and three arms', () => {
  const { cases } = vectors<{ cases: { counts: number[]; theta0: number[]; k: number; logBF: number }[] }>(
    'sample-ratio',
  );
  assert.equal(cases.length, 11);
  for (const { counts, theta0, k, logBF } of cases)
    near(
      logUrn(
        counts,
        theta0.map((theta) => k * theta),
        theta0,
      ),
      logBF,
      1e-12,
      counts.join(),
    );
});

interface BetaBinomial {
  readonly cases: readonly { x: number; n: number; theta0: number; oneSided: boolean; log: number }[];
  readonly truncated: readonly { x: number; n: number; theta0: number; a: number; b: number; logE: number }[];
}

/** The tuning of the mixture's prior in confseq: log-evidence is best at 100 observations. */
function prior(theta0: number): readonly [number, number] {
  const [spread, alpha] = [theta0 * (1 - theta0), 0.05];
  const r = Math.max(
    (100 * spread) / (2 * Math.log(1 / alpha) + Math.log(1 + 2 * Math.log(1 / alpha))) - spread,
    1e-3 * spread,
  );
  return [r / (1 - theta0), r / theta0];
}

test('with two arms it is the two-sided beta-binomial mixture', () => {
  const { cases } = vectors<BetaBinomial>('beta-binomial');
  for (const { x, n, theta0, log } of cases.filter(({ oneSided }) => !oneSided))
    near(logUrn([x, n - x], prior(theta0), [theta0, 1 - theta0]), log, 2e-11, `${x}/${n}`);
});

test('the rate-ratio e-value, averaged over λ by a beta prior above the null, is the one-sided beta-binomial mixture', () => {
  const { truncated } = vectors<BetaBinomial>('beta-binomial');
  for (const { x, n, theta0, a, b, logE } of truncated) {
    // λ for which θ0λ/D is the alternative θ; integrated in θ by the midpoint rule.
    const steps = 200_000;
    let [weighed, whole] = [0, 0];
    for (let step = 0; step < steps; step += 1) {
      const theta = theta0 + ((1 - theta0) * (step + 0.5)) / steps;
      const density = theta ** (a - 1) * (1 - theta) ** (b - 1);
      const lambda = (theta * (1 - theta0)) / (theta0 * (1 - theta));
      const log = logEvidence(pair(theta0, 1 - theta0, x, n - x), { margin: 1, delta: 0 }, lambda);
      weighed += density * Math.exp(log);
      whole += density;
    }
    near(Math.log(weighed / whole), logE, 1e-7, `${x}/${n} at ${theta0}`);
  }
});

test('it is a martingale: over everybody who may come next its expectation stays what it was', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.nat(500),
      fc.nat(500),
      (share, candidate, live) => {
        const now = count(noSample, [{ share, candidate, live }]);
        const one = count(now, [{ share, candidate: 1, live: 0 }]);
        const two = count(now, [{ share, candidate: 0, live: 1 }]);
        near(share * Math.exp(one.log - now.log) + (1 - share) * Math.exp(two.log - now.log), 1, 1e-9);
      },
    ),
  );
});

test('tick by tick it is what it is at once, to a thousand million people', () => {
  let sample = noSample;
  for (let index = 0; index < 1000; index += 1)
    sample = count(sample, [{ share: 0.05, candidate: 50_000, live: 950_000 }]);
  const whole = count(noSample, [{ share: 0.05, candidate: 5e7, live: 9.5e8 }]);
  near(sample.log, whole.log, 1e-6);
  assert(sample.log < 0, 'exactly as many as told: no evidence');
});

test('a share that is off by a tenth is found; a ramp that is followed is not', () => {
  assert(count(noSample, [{ share: 0.5, candidate: 5500, live: 4500 }]).log > Math.log(1000));
  const shares = [0.01, 0.05, 0.1, 0.25, 0.5, 0.95];
  const followed = shares.map((share) => ({
    share,
    candidate: Math.round(2000 * share),
    live: Math.round(2000 * (1 - share)),
  }));
  assert(count(noSample, followed).log < 0);
  // Totals over the ramp would be 32 % on the candidate, far from the 95 % of its end: each share has its own urn.
  assert.equal(
    count(noSample, [
      { share: 0, candidate: 0, live: 9 },
      { share: 1, candidate: 9, live: 0 },
    ]).log,
    0,
  );
});

test('a rising factorial is exact for small numbers and smooth for large ones', () => {
  near(logRising(1, 5), Math.log(120));
  near(logRising(0.5, 3), Math.log(0.5 * 1.5 * 2.5));
  near(logRising(1, 170), 706.5730622457874, 1e-13);
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e6, noNaN: true }), fc.nat(1e6), fc.nat(1e6), (a, n, m) => {
      near(logRising(a, n) + logRising(a + n, m), logRising(a, n + m), 1e-11);
    }),
  );
});
