import { useSignal } from '@preact/signals';
import type { ActionView, BoardView } from '../../src/control/contract.ts';
import { act, refusalNow, tellRefusal } from '../live/act.ts';
import { Act } from './act.tsx';

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
  const press = async (action: ActionView): Promise<void> => {
    const refusal = refusalNow(action, comment.value);
    if (refusal !== null) return tellRefusal(refusal);
    if (busy.value !== null) return;
    busy.value = action.id;
    if (await act(action, board, { csrf, comment: comment.value })) comment.value = '';
    busy.value = null;
    await done();
  };
  const [back, ...others] = board.actions;
  const useful = others.filter(
    // What asks first does so where it can be read what it is about.
    ({ id, refusal, confirm }) => confirm === null && (refusal === null || usual.has(id)),
  );
  const pressing = { comment: comment.value, busy: busy.value, act: (each: ActionView) => void press(each) };
  return (
    <div class="actions" role="group" aria-label="What can be done">
      {back === undefined ? null : <Act action={back} {...pressing} />}
      <div class="others">
        {useful.map((action) => (
          <Act key={action.id} action={action} {...pressing} />
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
