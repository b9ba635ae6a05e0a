import type { BadRun } from './figures.ts';
import { openSite, type Stage } from './installation.ts';
import { play } from './release.ts';

/** Longer than any that was worth the name. */
const withinMs = 180_000;

/** A version of which a fifth of all requests fail, at 5 % of 2 000 people with 50 requests a second. */
export async function badRuns({ runs, say, signal }: Stage): Promise<readonly BadRun[]> {
  const site = await openSite(
    {
      people: 2000,
      rps: 50,
      release: ['steps: [{ expose: { percent: 5 } }, { expose: { percent: 50 } }]', 'rollback-window: 5s'],
      errors: { bad: 0.2 },
    },
    signal,
  );
  try {
    const done: BadRun[] = [];
    for (let run = 1; run <= runs; run++) {
      const version = `bad-${run}`;
      const { end, exposedAt, decidedAt, why, counts } = await play(site, { version, kind: 'bad', withinMs });
      const own = counts.versions[version];
      const since = (from: number | null | undefined): number | null =>
        from == null || decidedAt === null ? null : (decidedAt - from) / 1000;
      done.push({
        end,
        harmed: own?.harmed ?? 0,
        exposedSeconds: since(exposedAt),
        detectedSeconds: since(own?.firstErrorAt),
        lost: counts.lost,
        why,
      });
      say(`bad ${run} of ${runs}: ${end}, ${own?.harmed ?? 0} people harmed`);
    }
    return done;
  } finally {
    await site.close();
  }
}
