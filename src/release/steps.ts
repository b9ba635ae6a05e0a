import type { ApprovePolicy, MirrorPolicy, ReleasePolicy, StepPolicy } from '../config/release.ts';
import { buckets } from '../audience/bucket.ts';
import type { Exposure } from '../audience/table.ts';
import type { Release, Size, Step } from './state.ts';

/** The steps of a strategy, in order: tests that no step names come first, and the last one is always `promote`. */
export function steps(policy: ReleasePolicy): readonly Step[] {
  const named = new Set(policy.steps.flatMap((step) => (step.kind === 'test' ? [step.test] : [])));
  const first = policy.tests
    .filter(({ name }) => !named.has(name))
    .map((test): Step => ({ kind: 'test', name: test.name, test }));
  return [
    ...first,
    ...policy.steps.flatMap((step) => compiled(step, policy)),
    ...gate(policy.promote),
    { kind: 'promote' },
  ];
}

function compiled(step: StepPolicy, { tests }: ReleasePolicy): readonly Step[] {
  if (step.kind !== 'test') return [step];
  const test = tests.find(({ name }) => name === step.test);
  return test === undefined ? [] : [{ kind: 'test', name: test.name, test }];
}

/** A rollback that has to start the old version first is never tested and never gated (invariant 3). */
export const rollbackSteps: readonly Step[] = [{ kind: 'promote' }];

/** A gate that anyone may open. */
export const byAnyone: ApprovePolicy = {
  kind: 'approve',
  role: null,
  by: null,
  fourEyes: false,
  expiresMs: null,
  onExpiry: 'abort',
};

function gate(promote: ReleasePolicy['promote']): readonly Step[] {
  if (promote.kind === 'manual') return [byAnyone];
  return promote.afterMs > 0 ? [{ kind: 'wait', ms: promote.afterMs }] : [];
}

/** Who is sent to the candidate from an `expose` step on: more of the same people, or others beside them. */
export function exposedAfter(
  before: readonly Exposure[],
  step: Step & { kind: 'expose' },
): readonly Exposure[] {
  const now = { to: step.to, width: widthOf(step.percent ?? 100) };
  return [...before.filter(({ to }) => !sameAudience(to, now.to)), now];
}

/** Thousandths of a percent. */
const widthOf = (percent: number): number => Math.round(percent * 1000);

const sameAudience = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.includes(name));

/**
 * How large the candidate has to be for the step under the cursor: it grows before people come (never after). How many
 * people a whole audience is cannot be known here: its step says so by `instances`, or few are enough.
 */
export function sizeFor({ steps: all, cursor }: Pick<Release, 'steps' | 'cursor'>): Size {
  let exposed: readonly Exposure[] = [];
  let share = 0;
  for (const step of all.slice(0, cursor + 1)) {
    if (step.kind === 'expose') exposed = exposedAfter(exposed, step);
    // What has grown for copies stays: people come next.
    share = Math.max(share, shareOf(exposed) + (step.kind === 'mirror' ? copied(step) : 0));
  }
  return share === 0 ? 'preview' : Math.min(share, 100);
}

const shareOf = (exposed: readonly Exposure[]): number =>
  exposed
    .filter(({ to, width }) => to.length === 0 || width < buckets)
    .reduce((sum, { width }) => sum + width / 1000, 0);

const copied = ({ of, percent }: MirrorPolicy): number => percent ?? (of.length === 0 ? 100 : 0);

/** For people: what the step is called. */
export function stepName(step: Step): string {
  switch (step.kind) {
    case 'test':
      return `test ${step.name}`;
    case 'member':
      return `${step.name} of ${step.app}`;
    case 'expose':
      return `expose ${whom(exposedAfter([], step))}`;
    case 'mirror':
      return `mirror ${copiesOf(step)}`;
    default:
      return step.kind;
  }
}

/** For people: which requests are copied. */
function copiesOf({ of, percent }: MirrorPolicy): string {
  const whose = of.length === 0 ? 'the requests' : `the requests of ${of.join(' and ')}`;
  return percent === null ? whose : `${percent} % of ${whose}`;
}

/** For people: who is exposed; empty when nobody is. */
export function whom(exposed: readonly Exposure[]): string {
  return exposed
    .map(({ to, width }) => {
      const share = width >= buckets ? '' : `${width / 1000} %`;
      const all = to.join(' and ');
      return to.length === 0 ? `${share} of the people` : share === '' ? all : `${share} of ${all}`;
    })
    .join(', ');
}
