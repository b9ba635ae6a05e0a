import { setTimeout as pause } from 'node:timers/promises';
import type { Status } from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';

/** How often it is asked whether the control plane has ended. */
const askEveryMs = 100;
/** Past any drain but one that is meant to last for long; whoever waits for that one looks again. */
const longestMs = 600_000;

/**
 * Waits until a control plane that was told to stop is there no more.
 * @throws TealError `timed-out` with what still ran when it was last asked
 */
export async function untilEnded(
  client: Pick<Client, 'status' | 'config'>,
  waitMs: number = longestMs,
): Promise<void> {
  const until = performance.now() + waitMs;
  let last: Status | null = null;
  while (performance.now() < until) {
    try {
      last = await client.status();
    } catch (error) {
      if (error instanceof TealError && error.code === 'control-unavailable') return;
    }
    await pause(askEveryMs);
  }
  const left = stillRuns(last);
  throw new TealError('timed-out', `${client.config} has not ended within ${waitMs / 1000} s: ${left.says}`, {
    remedy: 'It goes on stopping. Look with: teal status',
    details: { router: left.router, instances: left.instances },
  });
}

interface Left {
  readonly says: string;
  readonly router: boolean | null;
  readonly instances: readonly string[] | null;
}

function stillRuns(last: Status | null): Left {
  if (last === null) return { says: 'it does not say what still runs', router: null, instances: null };
  const instances = last.apps
    .flatMap(({ environments }) => Object.values(environments))
    .flatMap((environment) => environment?.instances.map(({ id }) => id) ?? []);
  const router = last.router !== null;
  const what = [router ? 'the router' : '', instances.length > 0 ? instances.join(', ') : ''].filter(Boolean);
  return { says: `what still runs is ${['the control plane', ...what].join(', ')}`, router, instances };
}
