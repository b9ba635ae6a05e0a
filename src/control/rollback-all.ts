import type { By } from './apps.ts';
import { statusesAfter } from './api/status.ts';
import type { RollbackResult } from './contract.ts';
import type { Asked, Decision } from '../release/decision.ts';
import { rollbackAll as rollbackEach, type GroupDecision } from '../release/group-orders.ts';
import type { AppState } from '../release/state.ts';
import type { Deps } from './deps.ts';
import { didOf, noteOf } from './view/did.ts';

/**
 * Every app that has somewhere to go back to, in one store transaction and one routing table. Those that have not say
 * why, and hold up nobody.
 */
export async function rollbackAll(deps: Deps, by: By): Promise<RollbackResult> {
  let answers: ReadonlyMap<string, Decision> = new Map();
  const decide = (states: readonly AppState[], asked: Asked): GroupDecision => {
    answers = rollbackEach(states, { ...asked, reason: by.reason });
    const done = [...answers].flatMap(([app, answer]) => (answer.refused ? [] : [[app, answer] as const]));
    return { decisions: new Map(done) };
  };
  await deps.apps.decide(() => deps.apps.names(), decide, by);
  const statusOf = await statusesAfter(deps);
  const apps = [...answers].map(([app, decision]) => {
    const status = statusOf(app);
    if (decision.refused) return { app: status, did: null, note: null, error: decision.refused.toJSON() };
    return { app: status, did: didOf(decision), note: noteOf(decision), error: null };
  });
  return { apps };
}
