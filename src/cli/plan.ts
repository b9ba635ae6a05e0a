import path from 'node:path';
import { connectControl } from './client.ts';
import { renderPlan } from './render/plan.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';

export interface PlanFlags extends CommonFlags {
  readonly log?: string;
  readonly promote?: 'auto' | 'manual';
}

/** Shows what a deploy would do, and does none of it. Exit code 1 when it would be refused. */
export async function plan(this: Context, flags: PlanFlags, app: string, version: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const result = await client.plan(app, {
    version,
    ...(flags.promote === undefined ? {} : { promote: flags.promote }),
    // The control plane has another working directory.
    ...(flags.log === undefined ? {} : { log: path.resolve(this.cwd, flags.log) }),
  });
  return {
    json: result,
    text: (view) => renderPlan(result, view),
    exit: result.refused.length > 0 ? 1 : 0,
  };
}
