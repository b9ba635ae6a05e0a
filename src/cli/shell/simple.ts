import type { CommandBody, CommandName } from '../../control/contract.ts';
import { connectControl } from '../client.ts';
import { renderGroupDone } from '../render/group.ts';
import { renderDone } from '../render/result.ts';
import type { CommonFlags, Context, Result } from './context.ts';
import { send, soleTarget, type Ordered } from './target.ts';

export interface Order {
  readonly command: CommandName;
  /** Or a group; undefined: the only one there is. */
  readonly app: string | undefined;
  readonly body: CommandBody;
}

/** Sends one command to the control plane and tells what came of it. */
export async function order(context: Context, flags: CommonFlags, what: Order): Promise<Result> {
  const client = await connectControl(context, flags);
  return begun(what.command, await send(client, await soleTarget(client, what.app), what));
}

/** What has been begun, and goes on. */
export function begun(command: CommandName, ordered: Ordered): Result {
  const { result } = ordered;
  return {
    json: result,
    text: (view) =>
      ordered.kind === 'app'
        ? renderDone({ command, ...ordered.result, complete: false }, view)
        : renderGroupDone({ command, ...ordered.result, complete: false }, view),
  };
}

/** The part of a body that is there only when given. */
export function because(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
