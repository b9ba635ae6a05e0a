import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/cli/client.ts';
import type { AppStatus } from '../../src/control/contract.ts';
import type { Move, Placebo } from './analysis.ts';
import { epochNow } from './clock.ts';
import { app, source } from './installation.ts';

/** Length of each window whose latencies are compared. */
export const windowMs = 500;
/** Before a window: what a poll or the end of the last step has stirred up has settled by then. */
const quietMs = 250;
const pollMs = 50;
const waitMs = 30_000;

/** One way there and back, each with a placebo before it. */
export interface Cycle {
  readonly moves: readonly Move[];
  readonly placebos: readonly Placebo[];
}

/** Everyone on v1, for the first time. */
export async function begin(client: Client): Promise<void> {
  await client.command(app, 'deploy', { version: 'v1', from: source, promote: 'auto' });
  await until(
    client,
    'v1 is live',
    ({ release }) => release?.ended === true && release.status === 'completed',
  );
}

/** v2 into the idle environment, switch to it, roll back, and wait until the idle environment is empty again. */
export async function cycle(client: Client): Promise<Cycle> {
  await client.command(app, 'deploy', { version: 'v2', from: source, promote: 'manual' });
  await until(client, 'v2 waits for approval', ({ release }) => release?.step?.name === 'approve');
  const first = await placebo(client);
  const there = await move(client, { kind: 'switch', from: 'v1', to: 'v2' });
  await until(
    client,
    'v2 is live and v1 is drained',
    ({ release }) => release?.status === 'promoted' && release.drain !== null,
  );
  const second = await placebo(client);
  const back = await move(client, { kind: 'rollback', from: 'v2', to: 'v1' });
  await until(
    client,
    'v2 is gone',
    ({ release, environments }) =>
      release?.status === 'rolled-back' && (environments.blue === null || environments.green === null),
  );
  return { moves: [there, back], placebos: [first, second] };
}

/** A window in which nothing is asked, and after it a question to the API that changes nothing. */
async function placebo(client: Client): Promise<Placebo> {
  await sleep(quietMs);
  const windowAt = epochNow();
  await sleep(windowMs);
  const at = epochNow();
  await client.app(app);
  const answeredAt = epochNow();
  await sleep(quietMs);
  return { windowAt, at, answeredAt };
}

async function move(client: Client, what: Pick<Move, 'kind' | 'from' | 'to'>): Promise<Move> {
  // The request is written after this, the command accepted later still: both are in the time to switch.
  const at = epochNow();
  await client.command(app, what.kind === 'switch' ? 'promote' : 'rollback', {});
  const answeredAt = epochNow();
  // Nothing is asked while the window lasts.
  await sleep(windowMs);
  return { ...what, at, answeredAt };
}

async function until(client: Client, what: string, holds: (status: AppStatus) => boolean): Promise<void> {
  for (const deadline = performance.now() + waitMs; ; await sleep(pollMs)) {
    const status = await client.app(app);
    if (holds(status)) return;
    if (performance.now() < deadline) continue;
    throw new Error(
      `after ${waitMs / 1000} s not so: ${what}; the release: ${JSON.stringify(status.release)}`,
    );
  }
}
