/** Sends cases, several at a time, and looks at what comes back. */
import type { RouteId } from '../../src/control/api/routes/routes.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case, Kind } from './case.ts';
import { caseArbitrary, caseOf } from './cases.ts';
import { mistakes, type Answer } from './conform.ts';
import { answerMs, exchange, send, type Outcome } from './send.ts';
import { stopping, tour, type Stop } from './tour.ts';
import type { Searched } from './world.ts';

export interface Found {
  readonly index: number;
  readonly kind: Kind | 'tour' | 'traffic' | 'process';
  readonly says: string;
  readonly bytes: Buffer;
}

export interface Tally {
  requests: number;
  readonly byKind: Map<Kind | 'tour', number>;
  readonly byStatus: Map<number | 'none', number>;
  /** Operations that have been answered with success. */
  readonly succeeded: Set<string>;
  readonly found: Found[];
  readonly ms: number[];
}

export interface Running {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Asks for every operation once, rightly, first of all; and at the end for the end. */
  readonly touring?: boolean;
  /** How long an answer may take. */
  readonly limitMs?: number;
  /** Ends it early. */
  readonly enough?: (found: readonly Found[]) => boolean;
}

/** So many at a time: more than the control plane has threads, less than would only measure the machine. */
const atOnce = 8;
const restoreEvery = 250;
const mostFound = 100;

export async function run(
  searched: Searched,
  { seed, from, to, touring = false, limitMs = answerMs, enough }: Running,
): Promise<Tally> {
  const all = caseArbitrary(searched.world);
  const tally: Tally = {
    requests: 0,
    byKind: new Map(),
    byStatus: new Map(),
    succeeded: new Set(),
    found: [],
    ms: [],
  };
  const tell = (stop: Stop): void => {
    count(tally, { kind: 'tour', route: stop.id }, stop.outcome);
    tally.found.push(
      ...stop.says.map((says) => ({ index: -1, kind: 'tour' as const, says, bytes: stop.bytes })),
    );
  };
  if (touring) await tour(searched, tell);
  let next = from;
  const satisfied = enough ?? ((found: readonly Found[]): boolean => found.length >= mostFound);
  const over = (): boolean => next >= to || searched.ended() !== null || satisfied(tally.found);
  const worker = async (): Promise<void> => {
    while (!over()) {
      const index = next++;
      if (index % restoreEvery === 0) await searched.restore().catch(() => undefined);
      const made = caseOf(all, seed, index);
      const says = await one(searched, made, { limitMs, tally });
      tally.found.push(...says.map((text) => ({ index, kind: made.kind, says: text, bytes: made.bytes })));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  await aftermath(searched, tally, next);
  if (touring && searched.ended() === null) tell(await stopping(searched));
  return tally;
}

async function one(
  { socket }: Searched,
  made: Case,
  { limitMs, tally }: { readonly limitMs: number; readonly tally: Tally },
): Promise<readonly string[]> {
  const outcome = await send(socket, made, limitMs);
  count(tally, made, outcome);
  const said = judged(made, outcome);
  if (!made.twice || outcome.answer === null) return said;
  const again = await send(socket, made, limitMs);
  count(tally, made, again);
  return [...said, ...same(outcome.answer, again.answer)];
}

function count(
  tally: Tally,
  { kind, route }: { readonly kind: Kind | 'tour'; readonly route: RouteId | null },
  { answer, ms }: Outcome,
): void {
  const add = <K>(map: Map<K, number>, key: K): void => void map.set(key, (map.get(key) ?? 0) + 1);
  tally.requests += 1;
  tally.ms.push(ms);
  add(tally.byKind, kind);
  add(tally.byStatus, answer?.status ?? 'none');
  if (answer?.status === 200 && route !== null) tally.succeeded.add(route);
}

function judged(made: Case, { answer, late, bad }: Outcome): readonly string[] {
  if (bad !== null) return [`not HTTP: ${bad}`];
  // Who has gone, or has said half a sentence, need not be answered; but must not be kept waiting either.
  if (answer === null) return late || made.how === 'whole' || made.how === 'drip' ? ['no answer'] : [];
  if (made.how === 'cut') return answer.status === 500 ? [`500: ${answer.body}`] : [];
  const wrong = mistakes(made.route, made.method, streamed(answer));
  const accepted =
    !made.acceptable && answer.status < 400
      ? [`${answer.status} for ${made.kind === 'role' ? 'who may only look' : 'what is to be refused'}`]
      : [];
  return [...wrong, ...accepted];
}

/** Whole lines of what was left in the middle. */
function streamed(answer: Answer): Answer {
  if (!(answer.headers.get('content-type') ?? '').includes('ndjson')) return answer;
  return { ...answer, body: answer.body.slice(0, answer.body.lastIndexOf('\n') + 1) };
}

/** A second time it is the same. What was refused before it was tried is looked at anew. */
function same(first: Answer, second: Answer | null): readonly string[] {
  if (first.status >= 500) return [];
  if (second === null || second.status !== first.status || second.body !== first.body)
    return [`sent again with its key: ${second?.status ?? 'no answer'} instead of ${first.status}`];
  const replayed = second.headers.get('idempotency-replayed') === 'true';
  return first.status === 200 && !replayed ? ['sent again with its key, it was done again'] : [];
}

async function aftermath(searched: Searched, tally: Tally, index: number): Promise<void> {
  const add = (kind: Found['kind'], says: string): void =>
    void tally.found.push({ index, kind, says, bytes: Buffer.alloc(0) });
  await sleep(300);
  const ended = searched.ended();
  if (ended !== null) {
    add('process', ended);
    return;
  }
  await exchange(searched.socket, 'GET', '/healthz').catch((error: unknown) => add('process', String(error)));
  const { sent, failed } = searched.traffic.live;
  if (failed > 0 || sent === 0) add('traffic', `${failed} of ${sent} requests of the app failed meanwhile`);
}
