/**
 * A user's condition measured on the candidate at intervals, with a number of failures allowed; written from the documentation of Argo Rollouts
 * ("Analysis & Progressive Delivery"). Weights 20, 40, 60, 80 %, ten minutes each, then everybody. The analysis runs beside the steps,
 * which do not wait for it, and aborts when measurements that failed exceed the limit.
 */
import { Walk, type Rule } from './rule.ts';
import { seconds } from './trace.ts';

export interface Analysis {
  readonly name: string;
  readonly interval: number;
  /** Seconds of requests that a measurement sees. */
  readonly window: number;
  readonly success: number;
  readonly failureLimit: number;
  /** Seconds until the first measurement. */
  readonly start: number;
}

/** The example of the documentation: success rate ≥ 95 % every 5 min by `irate`, which sees the last two scrapes only, from the second step on. */
export const asDocumented: Analysis = {
  name: 'analysis every 5 min, success ≥ 95 %',
  interval: 300,
  window: 15,
  success: 0.95,
  failureLimit: 3,
  start: 600,
};

/** As strict as it may be set without sample sizes. */
export const tight: Analysis = {
  name: 'analysis every minute, success ≥ 99 %',
  interval: 60,
  window: 60,
  success: 0.99,
  failureLimit: 3,
  start: 60,
};

const weights = [0.2, 0.4, 0.6, 0.8];
const stepSeconds = 600;

export const analysis = ({ name, interval, window, success, failureLimit, start }: Analysis): Rule => ({
  name,
  replay: (trace, scenario) => {
    const walk = new Walk(trace, scenario);
    const steps = weights.length * stepSeconds;
    let failures = 0;
    for (let end = start; end <= steps; end += interval) {
      let [asked, failed] = [0, 0];
      // A step that ends between two measurements changes the weight there.
      for (const until of [...weights.keys()]
        .map((step) => step * stepSeconds)
        .filter((at) => at < end && at > end - interval))
        walk.to(until, weightAt(until - 1));
      walk.to(end, weightAt(end - 1), (_person, isNew, { fails }, at) => {
        if (!isNew || at < end - window) return;
        asked += 1;
        if (fails) failed += 1;
      });
      if (asked > 0 && 1 - failed / asked < success) failures += 1;
      if (failures > failureLimit) return { rolledBackAt: end, promotedAt: null, harmed: walk.harmed };
    }
    walk.to(steps, weightAt(steps - 1));
    walk.to(seconds, 1);
    return { rolledBackAt: null, promotedAt: steps, harmed: walk.harmed };
  },
});

const weightAt = (at: number): number => weights[Math.floor(at / stepSeconds)] ?? 1;
