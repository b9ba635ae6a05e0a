import { connectControl } from './client.ts';
import { renderChanges } from './render/changes.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';

export interface ApplyFlags extends CommonFlags {
  readonly dryRun?: boolean;
}

/** Shows how teal.yaml differs from what is in force, and puts it in force. */
export async function apply(this: Context, flags: ApplyFlags): Promise<Result> {
  const client = await connectControl(this, flags);
  const result = await client.apply({
    // Elsewhere it is the file that lies there.
    ...(client.elsewhere ? {} : { file: client.config }),
    ...(flags.dryRun === true ? { dryRun: true } : {}),
  });
  return { json: result, text: (view) => renderChanges(result, view) };
}
