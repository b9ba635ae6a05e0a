import type { CommandBody, CommandName } from '../../control/contract.ts';
import { connectControl } from '../client.ts';
import { renderDone } from '../render/result.ts';
import { soleApp } from './app.ts';
import type { CommonFlags, Context, Result } from './context.ts';

export interface Order {
  readonly command: CommandName;
  /** Null: the only one there is. */
  readonly app: string | undefined;
  readonly body: CommandBody;
}

/** Sends one command to the control plane and tells what came of it. */
export async function order(context: Context, flags: CommonFlags, what: Order): Promise<Result> {
  const client = await connectControl(context, flags);
  const app = await soleApp(client, what.app);
  const result = await client.command(app, what.command, what.body);
  return {
    json: result,
    text: (view) => renderDone({ command: what.command, ...result, complete: false }, view),
  };
}

/** The part of a body that is there only when given. */
export function because(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
