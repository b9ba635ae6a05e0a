import { TealError } from '../../errors.ts';
import { defaults } from '../../judge/settings.ts';
import { eventMetrics } from '../../judge/judge.ts';
import type { StoredTick } from '../../store/evidence.ts';
import type { CourseView, EvidenceView, StandingView } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import type { JudgeMemory, TickRecord } from './memory.ts';

/**
 * What a release was judged by: as of its last tick, and how it came to that. The last release there is evidence of when none is named.
 * @returns null when none is named and nothing was ever judged. @throws TealError `app-unknown`, `usage` for a release without evidence
 */
export async function evidenceOf(
  deps: Deps,
  app: string,
  release: string | undefined,
): Promise<EvidenceView | null> {
  known(deps, app);
  const { evidence } = deps.store;
  const kept = await evidence.releases(app);
  const name = release ?? kept[0];
  if (name === undefined) return null;
  const standing = await standingOf(deps, app, name);
  if (standing === null) throw noEvidence(app, name, kept);
  return { ...standing, course: courseOf(await evidence.ticks(app, name)) };
}

/** The same as of its last tick alone: its cost does not grow with the hours that a release takes. @returns null when there is none */
export async function standingOf(
  { store }: Pick<Deps, 'store'>,
  app: string,
  release: string,
): Promise<StandingView | null> {
  const stored = await store.evidence.memory(app, release);
  const memory = stored?.memory as JudgeMemory | undefined;
  if (stored === null || memory?.last == null) return null;
  const { ground, state, last, sums } = memory;
  const says = new Map(defaults.metrics.map((metric) => [metric.id, metric.says]));
  return {
    app,
    release,
    at: stored.at,
    candidate: ground.candidate,
    verdict: last.verdict,
    metrics: last.verdict.metrics.map((metric) => ({ ...metric, says: says.get(metric.id) ?? metric.id })),
    rules: state.rules,
    promise: { alpha: ground.policy.alpha, beta: ground.policy.beta, freeze: defaults.freeze },
    limits: ground.policy.limits,
    personMinutes: minutesOf(memory),
    counted: sums,
  };
}

/** Minutes in which people were active, by side: of those who have not failed yet, as the first metric has them. */
function minutesOf({ state }: JudgeMemory): EvidenceView['personMinutes'] {
  const first = state.events[eventMetrics(defaults.metrics)[0]?.id ?? ''];
  return { candidate: first?.candidate.exposed ?? 0, live: first?.live.exposed ?? 0 };
}

/** The ticks after which the judge said something else than before, the first and the last. */
function courseOf(ticks: readonly StoredTick[]): readonly CourseView[] {
  const all = ticks.map(({ at, data }): CourseView => {
    const { tick, verdict, lost } = data as TickRecord;
    const { seq, seconds, action, log, sentence } = verdict;
    return { seq, at, seconds, stage: tick.stage, action, log, sentence, lost };
  });
  return all.filter((each, index) => {
    const before = all[index - 1];
    return (
      before === undefined ||
      index === all.length - 1 ||
      each.action !== before.action ||
      each.stage !== before.stage
    );
  });
}

function noEvidence(app: string, release: string, kept: readonly string[]): TealError {
  return new TealError('usage', `There is no evidence of ${release}.`, {
    remedy:
      kept.length === 0
        ? `nothing was judged yet: judge: on for ${app} in teal.yaml`
        : `there is some of: ${kept.join(', ')}`,
    details: { app, release },
  });
}
