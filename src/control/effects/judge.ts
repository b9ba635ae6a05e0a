import type { Tick } from '../../judge/facts.ts';
import { step, type JudgeState } from '../../judge/judge.ts';
import type { Settings } from '../../judge/settings.ts';
import type { Effect } from '../../release/effects.ts';
import { judging, type Judging } from '../../release/judging.ts';
import type { Release } from '../../release/state.ts';
import type { Counted } from '../../metrics/counted.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { added, noMemory, type JudgeMemory, type TickRecord } from '../judge/memory.ts';
import { frameOf, settingsOf } from '../judge/settings.ts';
import { unknown, verdictOf } from '../judge/verdict.ts';
import { pause } from '../pause.ts';

/** One release's judge at work. */
interface Bench {
  readonly deps: Deps;
  readonly app: string;
  readonly release: string;
  readonly signal: AbortSignal;
}

interface Now {
  readonly judging: Judging;
  readonly release: Release;
}

/**
 * Compares the people on both sides once per tick, and tells the release what follows, from the first who are exposed until the old
 * environment is given up. A tick is counted, judged and stored before anybody hears of it; so a Teal that was killed at any point neither
 * repeats nor skips one: it asks the routers for the first that is not stored, who give it again, and says again what it said last.
 */
export async function judge(
  deps: Deps,
  app: string,
  { release }: Effect & { kind: 'judge' },
  signal: AbortSignal,
): Promise<void> {
  const bench: Bench = { deps, app, release, signal };
  let before = nowOf(bench);
  let memory = before === null ? null : await remembered(bench, before);
  if (memory?.last) await tell(bench, memory.last);
  let heardAt = performance.now();
  while (before !== null && memory !== null && !signal.aborted) {
    await pause(before.judging.tickMs, signal);
    const now = nowOf(bench);
    if (now === null || signal.aborted) return;
    const counted = await countedBy(bench, memory.state.next);
    if (counted === null) await withoutCounts(bench, { now, memory, ms: performance.now() - heardAt });
    else {
      heardAt = performance.now();
      memory = await judged(bench, memory, { before, now, counted });
      if (memory.last !== null) await tell(bench, memory.last);
    }
    before = nowOf(bench);
  }
}

function nowOf({ deps, app, release }: Bench): Now | null {
  const state = deps.apps.state(app);
  const found = judging(state);
  return found === null || state.release === null || found.release !== release
    ? null
    : { judging: found, release: state.release };
}

/** As it was after the last tick, also by another Teal; or from the beginning. */
async function remembered({ deps, app, release }: Bench, now: Now): Promise<JudgeMemory> {
  const stored = await deps.store.evidence.memory(app, release);
  if (stored !== null) return stored.memory as JudgeMemory;
  const policy = now.release.build.spec.judge;
  if (policy == null) throw new Error(`${release} is judged without a policy`);
  const { before } = await deps.router.past(app);
  const { alpha, beta, limits } = policy;
  return noMemory({ candidate: now.release.colour, policy: { alpha, beta, limits }, before }, now.judging);
}

type Known = Counted & { readonly lost: boolean };

/** Null when the routers do not answer: that says nothing about the candidate. */
async function countedBy({ deps, app, release, signal }: Bench, seq: number): Promise<Known | null> {
  try {
    return await deps.router.count({ app, release, seq });
  } catch (error) {
    if (!signal.aborted) deps.log.warn({ app, release, error }, 'nothing could be counted; trying again');
    return null;
  }
}

interface Looked {
  /** When the tick began, and when it ended. */
  readonly before: Now;
  readonly now: Now;
  readonly counted: Known;
}

async function judged(bench: Bench, memory: JudgeMemory, looked: Looked): Promise<JudgeMemory> {
  const { deps, app, release, signal } = bench;
  const { before, now, counted } = looked;
  // A tick in which another step began is of neither: it adds evidence, and lets nothing pass.
  const whole = before.judging.stage === now.judging.stage && before.judging.cursor === now.judging.cursor;
  const frame = frameOf(whole ? now.judging : before.judging);
  const tick: Tick = {
    seq: counted.seq,
    seconds: counted.seconds,
    stage: before.judging.stage,
    phase: whole ? now.judging.phase : 'watching',
    strata: counted.strata,
    rules: await deps.rules(deps.apps.state(app), signal),
  };
  const settings = settingsOf(memory.ground, frame);
  const { taken, state, lost } = stepped(bench, settings, { state: memory.state, tick, lost: counted.lost });
  const verdict = verdictOf(settings, state);
  const sums = added(memory.sums, { ...counted, lost });
  const last = { verdict, cursor: now.judging.cursor };
  const after: JudgeMemory = { ...memory, frame, state, last, sums };
  const { sampled, requests, failed, anonymous } = counted;
  const data: TickRecord = { tick: taken, frame, lost, sampled, requests, failed, anonymous, verdict };
  await deps.store.evidence.save({ app, release, seq: tick.seq, at: deps.now(), data, memory: after });
  return after;
}

interface Step {
  readonly state: JudgeState;
  readonly tick: Tick;
  readonly lost: boolean;
}

/** Counts that cannot be are as good as none: they are left out, said to be lost, and never stand in the way of the next ones. */
function stepped(
  { deps, app, release }: Bench,
  settings: Settings,
  { state, tick, lost }: Step,
): { readonly taken: Tick; readonly state: JudgeState; readonly lost: boolean } {
  try {
    return { taken: tick, state: step(settings, state, tick), lost };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    deps.log.error({ app, release, error }, 'these counts cannot be; the judge goes on without them');
    const taken = { ...tick, strata: [] };
    return { taken, state: step(settings, state, taken), lost: true };
  }
}

/** A router without counts never takes anybody back; but nobody waits for ever for evidence that does not come. */
async function withoutCounts(
  bench: Bench,
  { now, memory, ms }: { readonly now: Now; readonly memory: JudgeMemory; readonly ms: number },
): Promise<void> {
  const { phase, maxMs, cursor } = now.judging;
  if (phase !== 'stepping' || ms < maxMs) return;
  await tell(bench, { verdict: unknown(memory.last?.verdict ?? null, ms / 1000), cursor });
}

async function tell(
  { deps, app, release }: Bench,
  { verdict, cursor }: NonNullable<JudgeMemory['last']>,
): Promise<void> {
  await deps.apps.submit(app, { type: 'verdict', release, cursor, verdict }, teal);
}
