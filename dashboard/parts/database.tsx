import type { BoardView, MigrationView } from '../../src/control/contract.ts';
import { now } from '../live/clock.ts';
import { Confirmed } from './confirmed.tsx';
import { Proof } from './proof.tsx';
import { Stages } from './stages.tsx';
import { duration } from './units.ts';

/** The database on its way from what the old version needs to what the new one does. */
export function Database({
  board,
  csrf,
  done,
}: {
  readonly board: BoardView;
  readonly csrf: string | null;
  readonly done: () => Promise<void>;
}) {
  const { migration } = board.status;
  if (migration === null) return null;
  const { name, version, round, failed, proofs, olds } = migration;
  return (
    <section class="panel database" aria-labelledby="database">
      <h2 id="database">
        Database <code>{name}</code>
      </h2>
      <Stages migration={migration} />
      {failed === null ? <Now migration={migration} /> : <Failed migration={migration} error={failed} />}
      <Confirmed board={board} csrf={csrf} done={done} />
      {proofs.contract === undefined ? null : <Proof proof={proofs.contract} before="contract" />}
      {proofs.expand === undefined ? null : <Proof proof={proofs.expand} before="expand" />}
      <p class="faint">
        Came with <code>{version}</code>
        {round > 1 ? `, begun ${round} times` : ''}.
        {olds.length === 0 ? null : (
          <>
            {' '}
            Only know the schema of before: <code>{olds.join(', ')}</code>.
          </>
        )}
      </p>
    </section>
  );
}

/** Why it stands, what helps, and what commands have said. */
function Failed({
  migration: { says },
  error: { message, remedy },
}: {
  readonly migration: MigrationView;
  readonly error: NonNullable<MigrationView['failed']>;
}) {
  const [, ...output] = message.split('\n');
  return (
    <div class="notice bad" role="alert">
      <p>
        {says} <span>{remedy}</span>
      </p>
      {output.length === 0 ? null : <pre tabIndex={0}>{output.join('\n')}</pre>}
    </div>
  );
}

/** What it does at this moment, how far it is, and how long that takes. */
function Now({ migration: { says, until, progress } }: { readonly migration: MigrationView }) {
  const { seen = null, total = null } = progress ?? {};
  return (
    <div class="now">
      <p class={progress?.state === 'paused' ? 'held' : ''}>
        {says}
        {until === null ? '' : `: ${duration(until - now.value)} left`}
      </p>
      {seen === null || total === null || total <= 0 ? null : (
        <progress max={total} value={Math.min(seen, total)} aria-label="Rows that are done" />
      )}
    </div>
  );
}
