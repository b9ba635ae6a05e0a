import type { ApprovePolicy, ReleasePolicy, StepPolicy } from '../config/config.ts';
import type { Exposure, Release, Size, Step } from './state.ts';

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

/** Who is sent to the candidate from an `expose` step on: audiences are added, a percentage replaces the one before. */
export const exposureAfter = (before: Exposure, step: Step & { kind: 'expose' }): Exposure => ({
  to: [...new Set([...before.to, ...step.to])],
  percent: Math.max(before.percent, step.percent ?? 0),
});

/** How large the candidate has to be for the step under the cursor: it grows before people come (never after). */
export function sizeFor(release: Pick<Release, 'steps' | 'cursor'>): Size {
  const shares = release.steps
    .slice(0, release.cursor + 1)
    .flatMap((step) => (step.kind === 'expose' ? [step.percent ?? 0] : []));
  const share = Math.max(0, ...shares);
  return share === 0 ? 'preview' : share;
}

/** For people: what the step is called. */
export function stepName(step: Step): string {
  switch (step.kind) {
    case 'test':
      return `test ${step.name}`;
    case 'expose':
      return `expose ${[...step.to, ...(step.percent === null ? [] : [`${step.percent} %`])].join(' + ')}`;
    default:
      return step.kind;
  }
}
