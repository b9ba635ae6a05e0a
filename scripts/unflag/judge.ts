import { removeFromFile } from '../../src/features/code/remove-file.ts';
import { nothingOutside } from '../../src/features/code/static-value.ts';
import { programOf, type Program } from './program.ts';
import { flag } from './style.ts';
import { compile, runProgram, type Conditions, type Seen } from './world.ts';

/** Each program is run in so many worlds, in which conditions and values differ. */
const worlds = 4;

export type Verdict =
  | { readonly kind: 'same' | 'refused' | 'broken' }
  | { readonly kind: 'difference' | 'syntax-error' | 'crash'; readonly says: string; readonly text: string };

export interface Judged {
  readonly program: Program;
  readonly verdict: Verdict;
  /** Of a refusal: why, in words. */
  readonly why: readonly string[];
}

/**
 * Removes the flag from one program and compares what both do, the original with the flag fixed. What is refused is compared as well,
 * with what was done in part: there the flag still answers.
 */
export async function judge(seed: number, index: number): Promise<Judged> {
  const program = programOf(seed, index);
  const { text, style } = program;
  const search = { flag, keep: style.value, calls: new Set<string>(), packages: [], outside: nothingOutside };
  let after: string;
  let why: readonly string[];
  try {
    const removal = removeFromFile('main.tsx', text, search);
    after = removal.text;
    why = removal.refusals.map((refusal) => refusal.why);
  } catch (error) {
    const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { program, verdict: { kind: 'crash', says, text }, why: [] };
  }
  const verdict = await compare(program, after, why.length > 0);
  return { program, verdict, why };
}

async function compare(program: Program, after: string, refused: boolean): Promise<Verdict> {
  const { text, style } = program;
  const before = compile(text);
  let compiled: string;
  try {
    compiled = compile(after);
  } catch (error) {
    return { kind: 'syntax-error', says: String(error), text: after };
  }
  let broken = 0;
  for (let world = 0; world < worlds; world++) {
    const conditions: Conditions = { style, seed: world * 7919 + 1, latency: world % 3, gone: false };
    const one = await runProgram(before, conditions);
    if (one.broken) {
      broken++;
      continue;
    }
    const two = await runProgram(compiled, { ...conditions, gone: !refused });
    const says = difference(one, two, style.sdk !== 'server');
    if (says !== null) return { kind: 'difference', says: `in world ${world}: ${says}`, text: after };
  }
  if (broken === worlds) return { kind: 'broken' };
  return { kind: refused ? 'refused' : 'same' };
}

/**
 * What differs, or null. Where the flag comes at once, everything happens in the same order. Where it has to be waited for, what runs at the
 * same time is interleaved by how long that takes; within each task, and where tasks are waited for, the order holds.
 */
function difference(one: Seen, two: Seen, ordered: boolean): string | null {
  if (one.result !== two.result) return `it ${one.result}, then it ${two.result}`;
  if (ordered) return firstDifference('the order', one.order, two.order);
  for (const task of new Set([...one.logs.keys(), ...two.logs.keys()])) {
    const says = firstDifference(task, one.logs.get(task) ?? [], two.logs.get(task) ?? []);
    if (says !== null) return says;
  }
  return null;
}

function firstDifference(name: string, one: readonly string[], two: readonly string[]): string | null {
  const at = one.findIndex((line, index) => line !== two[index]);
  if (at === -1 && one.length === two.length) return null;
  const place = at === -1 ? one.length : at;
  return `${name}, entry ${place}: ${one[place] ?? 'nothing'} became ${two[place] ?? 'nothing'}`;
}
