/**
 * Rows by ranges of their primary key: every row is looked at once, in the order of an index, however few the condition finds. The
 * range's end and what was done are one transaction, so each range is done exactly once, also over a kill. Rows that come after the
 * beginning are the trigger's, or the default's: the last key of the beginning is the end, else it might never come.
 *
 * Without a primary key it goes by pages. A row that is written anew moves and may be met again, so there has to be a condition that
 * no longer finds it.
 */
import { TealError } from '../../errors.ts';
import { inTransaction, patiently, patientlyAsk, type Doing } from './attempt.ts';
import { etaOf, firstBatch, nextSize, restAfter } from './batch-plan.ts';
import { keyBehind, keyOf, lastKey, rangeOf, type Key } from './key.ts';
import { recordStep, type Progress, type StepRecord } from './ledger.ts';
import { patienceOf } from './options.ts';
import { doneOf } from './run-transaction.ts';
import type { BatchStep } from './step.ts';
import type { Throttle } from './throttle.ts';
import { pause } from './wait.ts';

const usualBatchMs = 100;

export async function runBatches(
  doing: Doing<BatchStep>,
  before: StepRecord | undefined,
  throttle: Throttle,
): Promise<void> {
  const { options, place, held, step } = doing;
  const key = await patientlyAsk(doing, () => keyOf(held.connection, step.table));
  checkKey(doing, key);
  let progress = before?.progress ?? (await patientlyAsk(doing, () => beginning(doing, key)));
  const target = options.batchMs ?? usualBatchMs;
  for (let size = firstBatch, isLast = false; !isLast;) {
    await throttle(doing);
    const startedAt = performance.now();
    let next: Batch | undefined;
    await patiently(doing, async (tries) => {
      // Who waited for a row waits for fewer of them.
      next = await batch(doing, {
        key,
        progress,
        size: tries === 1 ? size : Math.max(1, Math.ceil(size / 4)),
      });
    });
    const took = performance.now() - startedAt;
    if (next === undefined) return;
    progress = next.progress;
    isLast = next.isLast;
    size = nextSize(size, took, target);
    const { seen, total, changed, spent } = progress;
    options.tell({
      type: 'progress',
      step: place.step,
      seen,
      total,
      changed,
      etaMs: etaOf(seen, total, spent),
    });
    if (!isLast) await pause(restAfter(took), options.signal);
  }
}

function checkKey({ step }: Doing<BatchStep>, key: Key): asserts key is Exclude<Key, { by: 'nothing' }> {
  const why =
    key.by === 'nothing'
      ? key.why
      : key.by === 'page' && step.condition === null
        ? 'it has no primary key, and the statement no WHERE, so a row could be met twice'
        : null;
  if (why === null) return;
  throw new TealError('migration-invalid', `${key.table} cannot be filled in batches: ${why}`, {
    remedy:
      'Write a WHERE that finds only what is left to do; or put the statement between BEGIN and COMMIT, where it runs in one piece.',
    details: { table: key.table, statement: step.what },
  });
}

async function beginning({ held }: Doing, key: Exclude<Key, { by: 'nothing' }>): Promise<Progress> {
  const end = key.by === 'columns' ? await lastKey(held.connection, key) : [String(key.total)];
  return { last: null, end, seen: 0, total: key.total, changed: 0, spent: 0 };
}

interface Batch {
  readonly progress: Progress;
  readonly isLast: boolean;
}

interface Next {
  readonly key: Exclude<Key, { by: 'nothing' }>;
  readonly progress: Progress;
  readonly size: number;
}

async function batch(doing: Doing<BatchStep>, next: Next): Promise<Batch> {
  const { held, place, step, options } = doing;
  const startedAt = performance.now();
  let done: Batch | undefined;
  await inTransaction(doing, patienceOf(options).lockTimeoutMs, async () => {
    const range = await rangeFor(doing, next);
    const changed = range === null ? 0 : await change(doing, range);
    const { progress } = next;
    const isLast = range === null || range.isLast;
    done = {
      isLast,
      progress: {
        ...progress,
        last: range === null ? progress.last : range.upTo,
        seen: progress.seen + (range?.rows ?? 0),
        changed: progress.changed + changed,
        spent: progress.spent + performance.now() - startedAt,
      },
    };
    await recordStep(held.connection, place, {
      ...doneOf(step),
      state: isLast ? 'done' : 'started',
      progress: done.progress,
    });
  });
  return done as Batch;
}

interface Range {
  readonly sql: string;
  readonly values: readonly string[];
  readonly upTo: readonly string[];
  readonly isLast: boolean;
  readonly rows: number;
}

/** The rows of the next batch; null: there are none. */
async function rangeFor(
  { held, step }: Doing<BatchStep>,
  { key, progress, size }: Next,
): Promise<Range | null> {
  const { last, end } = progress;
  if (end === null) return null;
  if (key.by === 'page') {
    const from = Number(last?.[0] ?? 0);
    // A page holds dozens of rows, or a hundred.
    const to = Math.min(Number(end[0]), from + Math.max(1, Math.ceil(size / 50)));
    const ctid = `${aliasIn(step)}.ctid`;
    const sql = `${ctid} >= '(${from},0)'::tid AND ${ctid} < '(${to},0)'::tid`;
    return { sql, values: [], upTo: [String(to)], isLast: to >= Number(end[0]), rows: to - from };
  }
  const bounds = { after: last, upTo: end };
  const behind = await keyBehind(held.connection, key, { bounds, rows: size });
  const upTo = behind ?? end;
  const { sql, values } = rangeOf(key, aliasIn(step), { after: last, upTo });
  return {
    sql,
    values,
    upTo,
    isLast: behind === null,
    rows: behind === null ? Math.max(0, key.total - progress.seen) : size,
  };
}

const aliasIn = ({ alias }: BatchStep): string => `"${alias.replaceAll('"', '""')}"`;

/** @returns how many rows were changed */
async function change({ held, step }: Doing<BatchStep>, { sql, values }: Range): Promise<number> {
  const condition = step.condition === null ? sql : `(${step.condition}\n) AND ${sql}`;
  const [row] = await held.connection.query<{ changed: number }>(
    // A comment may end what stands in front.
    `WITH changed AS (${step.head}\nWHERE ${condition} RETURNING 1) SELECT count(*)::int AS changed FROM changed`,
    values,
  );
  return row?.changed ?? 0;
}
