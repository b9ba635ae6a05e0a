import type { ActionView } from '../../src/control/contract.ts';
import { refusalNow } from '../live/act.ts';

/** A button that says what it does, or why it cannot. */
export function Act({
  action,
  comment,
  busy,
  act,
}: {
  readonly action: ActionView;
  readonly comment: string;
  readonly busy: string | null;
  readonly act: (action: ActionView) => void;
}) {
  const { id, label, does } = action;
  const refusal = refusalNow(action, comment);
  const why = refusal === null ? does : `${refusal.says} ${refusal.remedy}`;
  return (
    <span class={`act ${id}`}>
      <button
        type="button"
        id={`act-${id}`}
        aria-disabled={refusal !== null}
        aria-describedby={`why-${id}`}
        aria-busy={busy === id}
        {...(id === 'rollback' ? { 'data-key': 'r' } : {})}
        onClick={() => act(action)}
      >
        {label}
      </button>
      <span class="why" id={`why-${id}`} role="tooltip">
        {why}
      </span>
    </span>
  );
}
