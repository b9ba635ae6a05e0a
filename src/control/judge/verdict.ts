import type { Settings } from '../../judge/settings.ts';
import type { JudgeState } from '../../judge/judge.ts';
import { sentence } from '../../judge/says.ts';
import { judge } from '../../judge/verdict.ts';
import type { Verdict } from '../../release/verdict.ts';

/** What the judge says now, as the release takes it. */
export function verdictOf(settings: Settings, state: JudgeState): Verdict {
  const found = judge(settings, state);
  const { action, because, subject, guarantee, log, metrics, needed } = found;
  return {
    action,
    because,
    subject,
    sentence: sentence(settings, state, found),
    guarantee,
    log,
    seq: state.next - 1,
    seconds: state.seconds,
    people: state.people,
    metrics,
    needed,
  };
}

/** Where nothing can be counted nothing is known, in either direction: after the time for evidence a person is asked. */
export const unknown = (last: Verdict | null, seconds: number): Verdict => ({
  guarantee: 'no comparison: absolute limits only',
  log: 0,
  seq: -1,
  seconds: 0,
  people: { candidate: 0, live: 0 },
  metrics: [],
  needed: null,
  ...last,
  action: 'ask',
  because: 'time',
  subject: null,
  sentence: `nothing could be counted for ${Math.round(seconds)} s: the router gives no counts; not enough to go on without a person`,
});
