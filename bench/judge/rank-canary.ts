/**
 * A rank test on one point a minute, against a baseline of equal size: 10 % each, judged after 30 and after 60 minutes over everything since the
 * start, as Spinnaker's guide advises (50 points, hours, a fresh baseline). A success ends after the hour, so nobody is promoted within it.
 */
import { isHigh } from './rank-test.ts';
import { Walk, type Rule } from './rule.ts';
import { seconds } from './trace.ts';

const share = 0.1;
const judged = [1800, 3600];

export const rankTest: Rule = {
  name: 'rank test after 30 and 60 min',
  replay: (trace, scenario) => {
    const walk = new Walk(trace, scenario);
    const points: { candidate: number[]; live: number[] } = { candidate: [], live: [] };
    for (let end = 60; end <= seconds; end += 60) {
      const sides = { candidate: { asked: 0, failed: 0 }, live: { asked: 0, failed: 0 } };
      walk.to(end, share, (person, isNew, { fails }) => {
        if (!isNew && (trace.bucket[person] ?? 1) >= 2 * share) return;
        const side = sides[isNew ? 'candidate' : 'live'];
        side.asked += 1;
        if (fails) side.failed += 1;
      });
      for (const side of ['candidate', 'live'] as const) {
        const { asked, failed } = sides[side];
        if (asked > 0) points[side].push(failed / asked);
      }
      if (judged.includes(end) && isHigh(points.candidate, points.live))
        return { rolledBackAt: end, promotedAt: null, harmed: walk.harmed };
    }
    return { rolledBackAt: null, promotedAt: null, harmed: walk.harmed };
  },
};
