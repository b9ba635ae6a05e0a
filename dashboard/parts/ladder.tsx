import type { ReleaseView, Rung } from '../../src/control/contract.ts';
import { now } from '../live/clock.ts';
import { duration, moment } from './units.ts';

const states: Readonly<Record<Rung['state'], string>> = {
  passed: 'passed',
  skipped: 'skipped',
  failed: 'failed',
  current: 'under way',
  ahead: 'to come',
  dropped: 'not reached',
};

const asks = ({ kind }: Rung): string =>
  kind === 'database' ? 'waits for somebody' : 'waits for an approval';

/** The way of a release, step by step. */
export function Ladder({
  rungs,
  release,
}: {
  readonly rungs: readonly Rung[];
  readonly release: ReleaseView | null;
}) {
  if (release === null) return <p class="empty">Nothing was deployed yet.</p>;
  return (
    <>
      <p class="faint">
        by {release.actor},{' '}
        <time dateTime={new Date(release.startedAt).toISOString()}>{moment(release.startedAt)}</time>
      </p>
      <ol class="ladder">
        {rungs.map((rung, index) => (
          <li
            key={index}
            class={`rung ${rung.state} ${rung.kind}`}
            {...(rung.state === 'current' ? { 'aria-current': 'step' as const } : {})}
          >
            <span class="what">{rung.name}</span>
            <span class="when">
              <span class="state">{rung.asks ? asks(rung) : states[rung.state]}</span>
              <Timer rung={rung} paused={release.pausedAt !== null} />
            </span>
            <Doing rung={rung} />
            <Approved rung={rung} />
            <Output rung={rung} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Timer({
  rung: { state, startedAt, endedAt, endsAt },
  paused,
}: {
  readonly rung: Rung;
  readonly paused: boolean;
}) {
  if (state === 'current') {
    if (paused) return <span class="timer">paused</span>;
    if (endsAt !== null) {
      const total = startedAt === null ? 0 : endsAt - startedAt;
      const left = Math.max(0, endsAt - now.value);
      return (
        <span class="timer">
          {total > 0 ? (
            <progress
              max={1000}
              value={Math.round((1 - left / total) * 1000)}
              aria-label="Time that is over"
            />
          ) : null}
          {duration(left)} left
        </span>
      );
    }
    return startedAt === null ? null : <span class="timer">{duration(now.value - startedAt)}</span>;
  }
  if (endedAt === null || startedAt === null) return null;
  return <span class="timer">{duration(endedAt - startedAt)}</span>;
}

/** What the database does, or waits for. */
function Doing({ rung: { says, part, name } }: { readonly rung: Rung }) {
  if (says === null) return null;
  return (
    <p class="by faint">
      {part === null ? null : (
        <progress max={1000} value={Math.round(part * 1000)} aria-label={`${name}: what is done`} />
      )}
      {says}
    </p>
  );
}

function Approved({ rung: { actor, reason, by, asks, kind } }: { readonly rung: Rung }) {
  if (actor !== null)
    return (
      <p class="by">
        by {actor}
        {reason === null ? '' : `: “${reason}”`}
      </p>
    );
  if (kind !== 'approve' && (!asks || kind === 'database')) return null;
  return <p class="by faint">{by === null ? 'by anyone who is approver' : `by ${by.join(' or ')}`}</p>;
}

function Output({ rung: { output, error } }: { readonly rung: Rung }) {
  if (error !== null)
    return (
      <details open>
        <summary>{error.message.split('\n', 1)[0]}</summary>
        <pre tabIndex={0}>{error.message}</pre>
        <p class="faint">{error.remedy}</p>
      </details>
    );
  if (output === null || output.trim() === '') return null;
  return (
    <details>
      <summary>output</summary>
      <pre tabIndex={0}>{output}</pre>
    </details>
  );
}
