import type { By } from './apps.ts';
import { statusAfter } from './api/status.ts';
import type { RollbackResult } from './contract.ts';
import type { Deps } from './deps.ts';
import { says } from './view/says.ts';

/**
 * Every app that has somewhere to go back to, in one store transaction and one routing table. Those that have not say
 * why, and hold up nobody.
 */
export async function rollbackAll(deps: Deps, by: By): Promise<RollbackResult> {
  const input = { type: 'rollback', reason: by.reason } as const;
  const decided = await deps.apps.submitEach(
    deps.apps.names().map((app) => ({ app, input })),
    by,
  );
  const apps = decided.map(async ({ app, decision }) => {
    const status = await statusAfter(deps, app);
    if (decision.refused) return { app: status, did: null, error: decision.refused.toJSON() };
    const did = decision.note ?? decision.events.map(says)[0] ?? 'nothing had to be done';
    return { app: status, did, error: null };
  });
  return { apps: await Promise.all(apps) };
}
