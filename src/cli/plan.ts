import path from 'node:path';
import type { PlanResult } from '../control/contract.ts';
import { connectControl, type Client } from './client.ts';
import { versionsOf } from './deploy.ts';
import { renderPlan } from './render/plan.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { withAppOrGroup } from './shell/target.ts';

export interface PlanFlags extends CommonFlags {
  readonly log?: string;
  readonly promote?: 'auto' | 'manual';
}

/** Shows what a deploy would do, and does none of it. Exit code 1 when it would be refused. */
export async function plan(
  this: Context,
  flags: PlanFlags,
  app: string,
  ...versions: readonly string[]
): Promise<Result> {
  const client = await connectControl(this, flags);
  const wanted = versionsOf(app, versions);
  const rest = {
    ...(flags.promote === undefined ? {} : { promote: flags.promote }),
    ...(flags.log === undefined ? {} : { log: await logOf(client, path.resolve(this.cwd, flags.log)) }),
  };
  const ofGroup = async (): Promise<Result> => {
    const plans = await client.groupPlan(app, { ...wanted, ...rest });
    return {
      json: plans,
      text: (view) => plans.map((one) => renderPlan(one, view)).join('\n\n'),
      exit: plans.some(({ refused }) => refused.length > 0) ? 1 : 0,
    };
  };
  if (!('version' in wanted)) return ofGroup();
  return withAppOrGroup<Result, Result>(client, app, {
    app: async () => shown(await client.plan(app, { ...wanted, ...rest })),
    group: ofGroup,
  });
}

/** The control plane has another working directory, or another disk. */
async function logOf(client: Client, file: string): Promise<string> {
  if (!client.elsewhere) return file;
  const { sendFile } = await import('./shell/pack.ts');
  return await sendFile(client, file);
}

function shown(result: PlanResult): Result {
  return {
    json: result,
    text: (view) => renderPlan(result, view),
    exit: result.refused.length > 0 ? 1 : 0,
  };
}
