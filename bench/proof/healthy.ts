import type { GoodRun } from './figures.ts';
import { openSite, type Stage } from './installation.ts';
import { play } from './release.ts';

/** Each comes back within a minute, so that all are active: what the first step needs is people, not requests. */
const people = 60_000;
const rps = 1100;
const withinMs = 600_000;

/** A version that is as good as the one before, under the default ramp, with nobody to sign it off. */
export async function healthyRuns({ runs, say, signal }: Stage): Promise<readonly GoodRun[]> {
  const release = ['strategy: canary', 'rollback-window: 5s'];
  const site = await openSite({ people, rps, release, errors: {} }, signal);
  try {
    const done: GoodRun[] = [];
    for (let run = 1; run <= runs; run++) {
      const version = `good-${run}`;
      const { end, why, counts, seconds } = await play(site, { version, kind: 'usual', withinMs });
      const of = (own: boolean): number =>
        Object.entries(counts.versions)
          .filter(([name]) => (name === version) === own)
          .reduce((sum, [, { errors }]) => sum + errors, 0);
      done.push({ end, seconds, errors: { candidate: of(true), live: of(false) }, lost: counts.lost, why });
      say(`healthy ${run} of ${runs}: ${end} after ${seconds.toFixed(0)} s`);
    }
    return done;
  } finally {
    await site.close();
  }
}
