import { useSignal } from '@preact/signals';
import type { ActionView, BoardView, CommandResult } from '../../src/control/contract.ts';
import { connection, send } from '../live/ask.ts';
import { told } from '../live/told.ts';

/** What can be done, each with why it cannot where it cannot; Roll back first, always in the same place. */
export function Actions({
  board,
  csrf,
  done,
}: {
  readonly board: BoardView;
  readonly csrf: string | null;
  readonly done: () => Promise<void>;
}) {
  const comment = useSignal('');
  const busy = useSignal<string | null>(null);
  const act = async (action: ActionView): Promise<void> => {
    const refusal = refusalOf(action, comment.value);
    if (refusal !== null) {
      told.value = {
        ok: false,
        refusal: { message: refusal.says, remedy: refusal.remedy, code: 'wrong-state' },
      };
      return;
    }
    if (busy.value !== null) return;
    busy.value = action.id;
    const reason = comment.value.trim();
    const body = {
      ...action.body,
      ...(reason === '' ? {} : { reason }),
      ...(action.heedsSeen ? { seen: board.stamp } : {}),
    };
    const outcome = await send<CommandResult>(action.path, body, csrf);
    told.value = outcome.ok ? { ok: true, says: `${action.label}: ${outcome.value.did}.` } : outcome;
    if (outcome.ok) comment.value = '';
    busy.value = null;
    await done();
  };
  const [back, ...others] = board.actions;
  const useful = others.filter(({ id, refusal }) => refusal === null || usual.has(id));
  return (
    <div class="actions" role="group" aria-label="What can be done">
      {back === undefined ? null : <Act action={back} comment={comment.value} busy={busy.value} act={act} />}
      <div class="others">
        {useful.map((action) => (
          <Act key={action.id} action={action} comment={comment.value} busy={busy.value} act={act} />
        ))}
      </div>
      <input
        class="comment scripted"
        type="text"
        maxLength={500}
        placeholder="Comment, for the history"
        aria-label="Comment, for the history"
        value={comment.value}
        onInput={({ currentTarget }) => (comment.value = currentTarget.value)}
      />
    </div>
  );
}

/** They stay where they are, also when they cannot be done. */
const usual: ReadonlySet<string> = new Set(['approve', 'reject', 'promote', 'pause', 'resume', 'abort']);

function refusalOf({ refusal, needsReason }: ActionView, comment: string): ActionView['refusal'] {
  if (refusal !== null) return refusal;
  if (needsReason && comment.trim() === '')
    return { says: 'Say why in the comment.', remedy: 'whoever built it reads it' };
  return null;
}

function Act({
  action,
  comment,
  busy,
  act,
}: {
  readonly action: ActionView;
  readonly comment: string;
  readonly busy: string | null;
  readonly act: (action: ActionView) => Promise<void>;
}) {
  const { id, label, does } = action;
  const refusal = connection.value.ok
    ? refusalOf(action, comment)
    : { says: 'Teal cannot be reached.', remedy: '' };
  const why = refusal === null ? does : `${refusal.says} ${refusal.remedy}`;
  return (
    <span class={`act ${id}`}>
      <button
        type="button"
        aria-disabled={refusal !== null}
        aria-describedby={`why-${id}`}
        aria-busy={busy === id}
        {...(id === 'rollback' ? { 'data-key': 'r' } : {})}
        onClick={() => void act(action)}
      >
        {label}
      </button>
      <span class="why" id={`why-${id}`} role="tooltip">
        {why}
      </span>
    </span>
  );
}
