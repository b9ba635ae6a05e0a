import type { ReleasePolicy } from '../config/config.ts';
import type { Step } from './state.ts';

/** The steps of a strategy, in order; the last one is always `promote`. */
export function steps(policy: ReleasePolicy): readonly Step[] {
  const tests = policy.tests.map((test): Step => ({ kind: 'test', name: test.name, test }));
  return [...tests, ...gate(policy.promote), { kind: 'promote' }];
}

/** A rollback that has to start the old version first is never tested and never gated (invariant 3). */
export const rollbackSteps: readonly Step[] = [{ kind: 'promote' }];

function gate(promote: ReleasePolicy['promote']): readonly Step[] {
  if (promote.kind === 'manual') return [{ kind: 'approve' }];
  return promote.afterMs > 0 ? [{ kind: 'wait', ms: promote.afterMs }] : [];
}

/** For people: what the step is called. */
export const stepName = (step: Step): string => (step.kind === 'test' ? `test ${step.name}` : step.kind);
