import type { ReleaseEvent } from '../../release/events.ts';
import type { StoredEvent, Store } from '../../store/store.ts';
import type { ReleaseRow } from './contract.ts';

/** As many events as are read at once. */
const page = 1000;
/** A release with more than these has had months of approvals; what is left of it is shown without its beginning's details. */
const mostPages = 20;
const defaultRows = 50;
const mostRows = 200;

/** The releases of an app, newest first; each with its position, before which the next page begins. */
export async function releasesOf(
  store: Pick<Store, 'recent'>,
  app: string,
  {
    limit = defaultRows,
    before,
  }: { readonly limit?: number | undefined; readonly before?: number | undefined },
): Promise<readonly ReleaseRow[]> {
  const wanted = Math.min(limit, mostRows);
  const rows: ReleaseRow[] = [];
  let later: StoredEvent[] = [];
  let at = before;
  for (let turn = 0; turn < mostPages && rows.length < wanted; turn++) {
    const events = await store.recent({
      stream: app,
      limit: page,
      ...(at === undefined ? {} : { before: at }),
    });
    for (const event of events) {
      later.push(event);
      if (event.type !== 'release-started') continue;
      rows.push(rowOf(event, later.toReversed()));
      later = [];
    }
    at = events.at(-1)?.seq;
    if (events.length < page) break;
  }
  return rows.slice(0, wanted);
}

type Data = { readonly [K in ReleaseEvent['type']]: Omit<Extract<ReleaseEvent, { type: K }>, 'type'> };

const dataOf = <K extends ReleaseEvent['type']>(event: StoredEvent, _type: K): Data[K] =>
  event.data as Data[K];

function rowOf(started: StoredEvent, events: readonly StoredEvent[]): ReleaseRow {
  const { release, kind, build, from, colour, actor } = dataOf(started, 'release-started');
  const row: Writable<ReleaseRow> = {
    seq: started.seq,
    id: release,
    kind,
    version: build.version,
    from,
    colour,
    actor: actor ?? started.actor,
    startedAt: started.at,
    endedAt: null,
    outcome: 'running',
    why: started.reason,
    stepsPassed: 0,
    approvals: [],
    verdict: null,
    harmed: null,
    differences: [],
  };
  for (const event of events) tell(row, event);
  return row;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function tell(row: Writable<ReleaseRow>, event: StoredEvent): void {
  const { at, actor, reason } = event;
  switch (event.type as ReleaseEvent['type']) {
    case 'candidate-ready':
    case 'switch-started':
      row.differences = dataOf(event, 'candidate-ready').differences;
      return;
    case 'step-passed': {
      const { verdict, skipped, approved, name } = dataOf(event, 'step-passed');
      if (!skipped) row.stepsPassed += 1;
      if (approved === true || (name === 'approve' && !skipped))
        row.approvals = [...row.approvals, { actor, at, reason }];
      if (verdict !== undefined) judged(row, verdict);
      return;
    }
    case 'judged':
      judged(row, dataOf(event, 'judged').verdict);
      return;
    case 'switched':
      if (row.outcome === 'running') row.outcome = 'live';
      return;
    case 'abort-started':
    case 'rollback-started': {
      const { why, verdict } = dataOf(event, 'abort-started');
      row.outcome = event.type === 'abort-started' ? 'aborted' : 'rolled back';
      row.why = why;
      row.endedAt = at;
      if (verdict !== undefined) judged(row, verdict);
      return;
    }
    case 'settled':
    case 'window-closed':
    case 'superseded':
      row.endedAt ??= at;
      if (row.outcome === 'live') row.outcome = 'completed';
      return;
    default:
  }
}

type Verdict = Data['judged']['verdict'];

function judged(row: Writable<ReleaseRow>, { sentence, metrics }: Verdict): void {
  row.verdict = sentence;
  const harmed = metrics.flatMap((metric) => metric.harmed ?? []);
  if (harmed.length > 0) row.harmed = Math.max(0, Math.round(Math.max(...harmed)));
}
