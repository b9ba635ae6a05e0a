import type { ActionView, BoardView, CommandResult } from '../../src/control/contract.ts';
import { connection, send } from './ask.ts';
import { told } from './told.ts';

/** Why it cannot be done now; null: it can. @param comment what would be said to it */
export function refusalNow({ refusal, needsReason }: ActionView, comment: string): ActionView['refusal'] {
  if (!connection.value.ok) return { says: 'Teal cannot be reached.', remedy: '' };
  if (refusal !== null) return refusal;
  if (needsReason && comment.trim() === '')
    return { says: 'Say why in the comment.', remedy: 'whoever built it reads it' };
  return null;
}

/** Says why something cannot be done, where people look for what came of it. */
export const tellRefusal = ({ says, remedy }: NonNullable<ActionView['refusal']>): void =>
  void (told.value = { ok: false, refusal: { message: says, remedy, code: 'wrong-state' } });

/** Has it done, of what the page has seen. @returns whether it was */
export async function act(
  action: ActionView,
  board: BoardView,
  { csrf, comment }: { readonly csrf: string | null; readonly comment: string },
): Promise<boolean> {
  const reason = comment.trim();
  const body = {
    ...action.body,
    ...(reason === '' ? {} : { reason }),
    ...(action.heedsSeen ? { seen: board.stamp } : {}),
  };
  const outcome = await send<CommandResult>(action.path, body, csrf);
  told.value = outcome.ok ? { ok: true, says: `${action.label}: ${outcome.value.did}.` } : outcome;
  return outcome.ok;
}
