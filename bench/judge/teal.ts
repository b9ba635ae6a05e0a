/** Teal's judge over different ramps, with the defaults. */
import { begin, step } from '../../src/judge/judge.ts';
import { defaults } from '../../src/judge/settings.ts';
import { decide, type Action } from '../../src/judge/verdict.ts';
import { Counter, type Past, type Request } from './people.ts';
import { Walk, type Replay, type Rule } from './rule.ts';
import { seconds } from './trace.ts';

const tickSeconds = 10;

export interface Ramp {
  readonly shares: readonly number[];
  /** Seconds per step; null: when the judge says so, and when it asks, a person says yes at once. */
  readonly every: number | null;
  /** Seconds with 5 % still on the old version; 0: none. */
  readonly holdBack: number;
}

const usual = [0.01, 0.05, 0.1, 0.25, 0.5];
const halfAnHour = 1800;

export const ramps = {
  gated: { shares: usual, every: null, holdBack: halfAnHour },
  timed: { shares: usual, every: 120, holdBack: halfAnHour },
  'timed, no hold-back': { shares: usual, every: 120, holdBack: 0 },
  'steps of 5': {
    shares: Array.from({ length: 10 }, (_, index) => (index + 1) / 20),
    every: 60,
    holdBack: halfAnHour,
  },
  'fixed 5 %': { shares: [0.05], every: Infinity, holdBack: 0 },
  'fixed 10 %': { shares: [0.1], every: Infinity, holdBack: 0 },
} as const satisfies Record<string, Ramp>;

export const teal = (name: keyof typeof ramps, past: Past): Rule => ({
  name: `Teal, ${name}`,
  replay: (trace, scenario) => release(new Walk(trace, scenario), ramps[name], past),
});

function release(walk: Walk, ramp: Ramp, past: Past): Replay {
  const counter = new Counter(past);
  let state = begin(defaults);
  let [stage, since] = [0, 0];
  // One object for all requests: there are hundreds of millions.
  const request: Request = { person: 0, bucket: 0, isNew: false, at: 0, share: 0 };
  const shares = ramp.holdBack > 0 ? [...ramp.shares, 0.95] : ramp.shares;
  for (let seq = 0; seq * tickSeconds < seconds; seq += 1) {
    const end = (seq + 1) * tickSeconds;
    const share = shares[stage] ?? 1;
    walk.to(end, share, (person, isNew, outcome, at) => {
      request.person = person;
      request.bucket = walk.trace.bucket[person] ?? 1;
      request.isNew = isNew;
      request.at = at;
      request.share = share;
      counter.see(request, outcome);
    });
    const holding = ramp.holdBack > 0 && stage === shares.length - 1;
    state = step(defaults, state, {
      seq,
      seconds: tickSeconds,
      stage: `${share}`,
      phase: holding ? 'watching' : 'stepping',
      strata: [counter.take(end, tickSeconds, share)],
      rules: [],
    });
    const { action } = decide(defaults, state);
    if (action === 'roll-back') return { rolledBackAt: end, promotedAt: null, harmed: walk.harmed };
    if (holding ? end - since >= ramp.holdBack : goesOn(ramp, action, end - since))
      [stage, since] = [stage + 1, end];
    if (stage === shares.length) return promoted(walk, end);
  }
  return { rolledBackAt: null, promotedAt: null, harmed: walk.harmed };
}

function goesOn({ every }: Ramp, action: Action, waited: number): boolean {
  if (every === null) return action === 'advance' || action === 'ask';
  return waited >= every && action !== 'freeze';
}

function promoted(walk: Walk, at: number): Replay {
  walk.to(seconds, 1);
  return { rolledBackAt: null, promotedAt: at, harmed: walk.harmed };
}
