import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ActionView, BoardView } from '../../src/control/contract.ts';
import { act, refusalNow, tellRefusal } from '../live/act.ts';
import { Act } from './act.tsx';

/** Buttons for what nothing brings back: each asks first, in its place. */
export function Confirmed({
  board,
  csrf,
  done,
}: {
  readonly board: BoardView;
  readonly csrf: string | null;
  readonly done: () => Promise<void>;
}) {
  const asking = useSignal<string | null>(null);
  const busy = useSignal<string | null>(null);
  const actions = board.actions.filter(({ confirm }) => confirm !== null);
  // Nobody is left with a question whose answer would be refused.
  const asked = actions.find((each) => each.id === asking.value && refusalNow(each, '') === null) ?? null;
  const close = (): void => {
    const id = asking.value;
    asking.value = null;
    document.getElementById(`act-${id}`)?.focus();
  };
  const press = (action: ActionView): void => {
    const refusal = refusalNow(action, '');
    if (refusal !== null) tellRefusal(refusal);
    else if (busy.value === null) asking.value = action.id;
  };
  const go = async (action: ActionView): Promise<void> => {
    busy.value = action.id;
    close();
    await act(action, board, { csrf, comment: '' });
    busy.value = null;
    await done();
  };
  if (actions.length === 0) return null;
  return (
    <div class="confirmed">
      {actions.map((action) => (
        <Act key={action.id} action={action} comment="" busy={busy.value} act={press} />
      ))}
      {asked === null ? null : (
        <Question says={asked.confirm ?? ''} yes={asked.label} no={close} go={() => void go(asked)} />
      )}
    </div>
  );
}

function Question({
  says,
  yes,
  no,
  go,
}: {
  readonly says: string;
  readonly yes: string;
  readonly no: () => void;
  readonly go: () => void;
}) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <div
      class="question"
      role="alertdialog"
      aria-label={yes}
      aria-describedby="question"
      onKeyDown={({ key }) => {
        if (key === 'Escape') no();
      }}
    >
      <p id="question">{says}</p>
      <button type="button" ref={first} onClick={no}>
        Not now
      </button>
      <button type="button" class="danger" onClick={go}>
        {yes} now
      </button>
    </div>
  );
}
