/**
 * A fixed limit on the candidate's own success rate, looked at once a minute; written from the documentation of Flagger (docs/gitbook: "Canary
 * analysis", "Deployment strategies"). Every minute the rate of the last minute has to be at least 99 %, or it is a failed check and the
 * weight stays; nobody asked is a failed check as well. Failed checks only add up. At the begin of a minute the release goes back when they have
 * reached the threshold. Weights 5, 10, …, 50, then everybody; nothing is watched after that. No delay of scraping is charged.
 */
import { Walk, type Rule } from './rule.ts';
import { seconds } from './trace.ts';

const interval = 60;
const limit = 0.99;
const [stepWeight, maxWeight] = [0.05, 0.5];

export const fixedThreshold = (threshold: number): Rule => ({
  name: `fixed threshold once a minute, ${threshold} strikes`,
  replay: (trace, scenario) => {
    const walk = new Walk(trace, scenario);
    let [weight, strikes] = [stepWeight, 0];
    for (let end = interval; end <= seconds; end += interval) {
      let [asked, failed] = [0, 0];
      walk.to(end, weight, (_person, isNew, { fails }) => {
        if (!isNew) return;
        asked += 1;
        if (fails) failed += 1;
      });
      if (strikes >= threshold) return { rolledBackAt: end, promotedAt: null, harmed: walk.harmed };
      if (asked === 0 || 1 - failed / asked < limit) strikes += 1;
      else if (weight < maxWeight - 1e-9) weight += stepWeight;
      else {
        // One more interval in which the promotion is carried out.
        walk.to(end + interval, weight);
        walk.to(seconds, 1);
        return { rolledBackAt: null, promotedAt: end + interval, harmed: walk.harmed };
      }
    }
    return { rolledBackAt: null, promotedAt: null, harmed: walk.harmed };
  },
});
