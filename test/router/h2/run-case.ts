import type { Case, Step } from './case.ts';
import { ping } from './frames.ts';
import type { Outcome, Verdict } from './outcome.ts';
import { judge, probe } from './outcome.ts';
import type { Seen } from './peer.ts';
import { Peer } from './peer.ts';

export interface Result {
  readonly id: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** By RFC 7540, where that asked for more. */
  readonly before: 'passed' | 'failed' | 'skipped';
  /** For one that did not pass: what came instead. */
  readonly came: string;
}

export interface Patience {
  /** Only a failure waits that long. */
  readonly patienceMs: number;
}

const usual: Patience = { patienceMs: 8000 };
/**
 * An error comes before the answer to a PING that is sent later: who answers that, and for this long says nothing more,
 * has not minded. Longer than the late path takes, so that its answer is told of.
 */
const silenceMs = 500;

/** What may take its time. */
const answers: ReadonlySet<Outcome['kind']> = new Set(['answered', 'data', 'ping', 'settings acknowledged']);

/** Runs one case on a connection of its own. @throws Error when the server cannot be talked to at all */
async function runCase(port: number, each: Case, { patienceMs }: Patience): Promise<Result> {
  using peer = new Peer(port);
  const { id, expect } = each;
  const before = each.before ?? expect;
  if (each.raw !== true) await peer.greet(each.settings ?? [], patienceMs);
  if (each.skip?.(peer.limits) === true) {
    return { id, result: 'skipped', before: 'skipped', came: 'the server sets no such limit' };
  }
  const since = peer.seen.length;
  const seen = () => peer.seen.slice(since);
  const missed = await send(peer, each.send, { seen, patienceMs });
  if (missed !== null) return { id, result: 'failed', before: 'failed', came: missed };
  const graceMs = expect.some(({ kind }) => answers.has(kind)) ? patienceMs : silenceMs;
  await settle(peer, () => isOpen(expect, seen()) || isOpen(before, seen()), { patienceMs, graceMs });
  return {
    id,
    result: verdict(expect, seen()) === 'met' ? 'passed' : 'failed',
    before: verdict(before, seen()) === 'met' ? 'passed' : 'failed',
    came: seen().map(told).join(', ') || 'nothing',
  };
}

async function send(
  peer: Peer,
  steps: readonly Step[],
  { seen, patienceMs }: Patience & { readonly seen: () => readonly Seen[] },
): Promise<string | null> {
  for (const step of steps) {
    if (typeof step === 'function') {
      for (const bytes of step(peer.limits)) peer.send(bytes);
    } else if (typeof step === 'string' || Buffer.isBuffer(step)) {
      peer.send(step);
    } else {
      const kind = step.until === 'data' ? 'data' : 'end';
      const come = () => seen().some((each) => each.kind === kind && each.stream === step.stream);
      if (!(await peer.until(come, patienceMs))) return `${step.until} never came`;
    }
  }
  return null;
}

/** Waits until it is decided, or nothing more is to be expected. */
async function settle(
  peer: Peer,
  open: () => boolean,
  { patienceMs, graceMs }: Patience & { readonly graceMs: number },
): Promise<void> {
  peer.send(ping(probe));
  const goneOn = () => peer.seen.some((each) => each.kind === 'ping' && each.ack && each.text === probe);
  await peer.until(() => !open() || goneOn(), patienceMs);
  await peer.until(() => !open(), graceMs);
}

function isOpen(outcomes: readonly Outcome[], seen: readonly Seen[]): boolean {
  return verdict(outcomes, seen) === 'open';
}

function verdict(outcomes: readonly Outcome[], seen: readonly Seen[]): Verdict {
  const verdicts = outcomes.map((outcome) => judge(outcome, seen));
  if (verdicts.includes('met')) return 'met';
  return verdicts.includes('open') ? 'open' : 'refuted';
}

function told(seen: Seen): string {
  switch (seen.kind) {
    case 'settings':
      return seen.ack ? 'SETTINGS acknowledged' : 'SETTINGS';
    case 'ping':
      return seen.ack ? 'PING answered' : 'PING';
    case 'goaway':
      return `GOAWAY ${seen.code}`;
    case 'reset':
      return `RST_STREAM ${seen.stream} ${seen.code}`;
    case 'fields':
      return `HEADERS ${seen.stream} ${seen.fields.find(([name]) => name === ':status')?.[1] ?? ''}`;
    case 'data':
      return `DATA ${seen.stream} (${seen.octets})`;
    case 'end':
      return `END_STREAM ${seen.stream}`;
    case 'other':
      return `a frame of type ${seen.type}`;
    case 'closed':
      return 'closed';
  }
}

/** As many at a time as a machine of two cores takes without delay. */
const atOnce = 24;

/** Runs all of them, in no order; the results are in theirs. */
export async function runCases(
  port: number,
  all: readonly Case[],
  patience: Patience = usual,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) {
      const each = all[index] as Case;
      results[index] = await runCase(port, each, patience).catch((error: unknown): Result => {
        return { id: each.id, result: 'failed', before: 'failed', came: String(error) };
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
