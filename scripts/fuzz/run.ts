import type { Verdict } from './compare.ts';
import { compareRequests } from './compare.ts';
import type { Case } from './generate.ts';
import { requestCase, responseCase } from './generate.ts';
import { Random } from './random.ts';
import type { Asked } from './responses.ts';
import { compareResponse } from './responses.ts';

/** Every fifth case is a response. */
const responseEvery = 5;

export interface Found {
  readonly seed: number;
  readonly index: number;
  readonly says: string;
  readonly crashed: boolean;
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
  /** Of a response case: what was asked. */
  readonly asked: Asked | null;
}

export interface Tally {
  cases: number;
  both: number;
  refused: number;
  incomplete: number;
  /** Accepted by both, with several requests and reads cut at random. */
  severalCut: number;
  readonly found: Found[];
}

export interface Range {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Stop after so many disagreements. */
  readonly most: number;
}

export function runCases({ seed, from, to, most }: Range): Tally {
  const tally: Tally = { cases: 0, both: 0, refused: 0, incomplete: 0, severalCut: 0, found: [] };
  for (let index = from; index < to && tally.found.length < most; index++) {
    const { made, asked } = caseOf(seed, index);
    tally.cases++;
    const verdict = judge(made, asked);
    if (verdict.kind === 'disagreement' || verdict.kind === 'crash') {
      tally.found.push({
        ...made,
        seed,
        index,
        asked,
        says: verdict.says,
        crashed: verdict.kind === 'crash',
      });
      continue;
    }
    tally[verdict.kind]++;
    if (verdict.kind === 'both' && verdict.messages > 1 && made.cuts.length > 0) tally.severalCut++;
  }
  return tally;
}

export function caseOf(seed: number, index: number): { readonly made: Case; readonly asked: Asked | null } {
  const random = new Random(seed, index);
  if (index % responseEvery !== 0) return { made: requestCase(random), asked: null };
  const asked = { method: random.chance(15) ? 'HEAD' : 'GET', minor: random.chance(15) ? 0 : 1 } as const;
  return { made: responseCase(random), asked };
}

/** One case, also one that was kept: a parser that throws has crashed, since in the router that ends a worker. */
export function judge(
  made: Case,
  asked: Asked | null,
): Verdict | { readonly kind: 'crash'; readonly says: string } {
  try {
    return asked === null ? compareRequests(made) : compareResponse(made, asked);
  } catch (error) {
    return { kind: 'crash', says: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
