import { databaseStatus } from '../../database/run/status.ts';
import { addressOf } from './address.ts';
import type { Work } from './work.ts';

/** Whether a step of the phase has run, now or before. What a command has done nobody knows. @throws TealError `database-unavailable` */
export async function hasRun({ app, effect }: Work): Promise<boolean> {
  const { policy, phase, migration } = effect;
  if (policy.url === null) return true;
  const { migrations } = await databaseStatus(addressOf(app, policy.url));
  const phases = migrations.find((each) => each.migration === migration.name)?.phases ?? [];
  // What was undone begins anew.
  if (phase === 'expand' && phases.some((each) => each.phase === 'undo' && each.state === 'done'))
    return false;
  return phases.some((each) => each.phase === phase && (each.done > 0 || each.at !== null));
}
