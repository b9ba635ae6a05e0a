import { TealError } from '../../errors.ts';
import type { Command } from '../../release/input.ts';
import type { By } from '../apps.ts';
import type { CommandBody, CommandName, CommandResult } from '../contract.ts';
import { deploy } from '../deploy.ts';
import type { Deps } from '../deps.ts';
import type { JudgeMemory } from '../judge/memory.ts';
import { known } from '../known.ts';
import { rotateKeys } from '../rotate-keys.ts';
import { didOf, noteOf } from '../view/did.ts';
import { statusAfter } from './status.ts';

/** Does what was asked, and says what was done. Resolves as soon as it is on disk; what follows is in the events. */
export async function command(
  deps: Deps,
  app: string,
  asked: { name: CommandName; body: CommandBody; by: By; signal: AbortSignal },
): Promise<CommandResult> {
  known(deps, app);
  if (asked.name === 'deploy') {
    const done = await deploy(deps, app, asked.body, asked);
    return { ...done, app: await statusAfter(deps, app) };
  }
  const decision =
    asked.name === 'rotate-keys'
      ? await rotateKeys(deps, app, asked.by)
      : await deps.apps.submit(
          app,
          await withEvidence(deps, app, toCommand(asked.name, asked.body)),
          asked.by,
        );
  return { did: didOf(decision), note: noteOf(decision), app: await statusAfter(deps, app) };
}

/** An approval holds what the judge said at that moment, which the release may know only as it was some ticks before. */
async function withEvidence(deps: Deps, app: string, order: Command): Promise<Command> {
  const { release } = deps.apps.state(app);
  if (order.type !== 'approve' || release === null) return order;
  const stored = await deps.store.evidence.memory(app, release.id);
  const last = (stored?.memory as JudgeMemory | undefined)?.last;
  return last == null ? order : { ...order, verdict: last.verdict };
}

export function toCommand(name: Exclude<CommandName, 'deploy' | 'rotate-keys'>, body: CommandBody): Command {
  switch (name) {
    case 'promote':
      return { type: 'promote', full: body.full ?? false };
    case 'approve':
      return { type: 'approve', step: needed(body.step, 'step') };
    case 'reject':
      return {
        type: 'reject',
        step: needed(body.step, 'step'),
        reason: needed(body.reason, 'reason'),
      };
    case 'freeze':
      return { type: 'freeze', reason: body.reason ?? null };
    case 'unfreeze':
      return { type: 'unfreeze' };
    case 'abort':
      return { type: 'abort', reason: body.reason ?? null };
    case 'rollback':
      return { type: 'rollback', reason: body.reason ?? null };
    case 'retry':
    case 'pause':
    case 'resume':
    case 'restart':
    case 'remove':
    case 'contract':
    case 'undo':
      return { type: name };
    case 'scale':
      return { type: 'scale', role: body.role ?? null, instances: needed(body.instances, 'instances') };
    case 'maintenance':
      return { type: 'maintenance', message: needed(body.on, 'on') ? (body.message ?? 'Back soon.') : null };
  }
}

function needed<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  throw new TealError('usage', `${name} is missing.`, {
    remedy: `send it in the body: {"${name}": …}`,
    details: { name },
  });
}
