import type { CommandBody, CommandName } from '../../control/contract.ts';
import { connectControl, type Client } from '../client.ts';
import { renderBlock } from '../render/block.ts';
import { renderDone } from '../render/result.ts';
import { waitTexts } from '../text.ts';
import { soleApp } from './app.ts';
import type { Context, ReasonFlags, Result } from './context.ts';
import { waitForRelease, type Goal } from './wait.ts';

export interface WaitFlags extends ReasonFlags {
  readonly wait?: boolean;
  readonly until?: 'ready' | 'live';
  readonly timeout?: number;
}

export interface ReleaseOrder {
  readonly command: CommandName;
  readonly app: string | undefined;
  readonly body: CommandBody;
  readonly goal: Goal;
}

/** Sends a command that moves a release, and waits for it when asked to. */
export async function orderRelease(
  context: Context,
  flags: WaitFlags,
  what: ReleaseOrder,
): Promise<Result | void> {
  const client = await connectControl(context, flags);
  const app = await soleApp(client, what.app);
  const waits = flags.wait === true || flags.until !== undefined;
  const after = waits ? await lastEvent(client, app) : 0;
  const result = await client.command(app, what.command, what.body);
  const release = result.app.release;
  if (!waits || release === null) {
    return {
      json: result,
      text: (view) => renderDone({ command: what.command, ...result, complete: false }, view),
    };
  }
  const { goal } = what;
  const waited = await waitForRelease(context, {
    client,
    app,
    release: release.id,
    goal,
    after,
    timeoutMs: flags.timeout,
    until: flags.until ?? 'live',
  });
  if (waited === null) return;
  if (waited.progress === 'ready') {
    const value = waitTexts.ready(app);
    return {
      json: { did: value, app: waited.app },
      text: (view) =>
        renderBlock(
          {
            state: 'ok',
            label: 'Ready',
            value,
            rows: [
              ['Preview', `teal preview ${app}`],
              ['Next', waited.app.next],
            ],
          },
          view,
        ),
    };
  }
  const done = { command: what.command, did: result.did, app: waited.app, complete: true };
  return { json: { did: result.did, app: waited.app }, text: (view) => renderDone(done, view) };
}

/** The number of the newest event, so that only what follows is told. */
async function lastEvent(client: Client, app: string): Promise<number> {
  return (await client.events({ app, limit: 1 }))[0]?.seq ?? 0;
}
