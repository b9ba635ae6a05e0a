import { applyEdits, fits, type Edit } from './edit.ts';
import { branch } from './branch.ts';
import { destructure } from './destructure.ts';
import { inlineConst } from './inline.ts';
import { vanish } from './jsx.ts';
import type { Json } from '../../config/features.ts';
import { hasMarkers, readMarker, restoreMarkers, type Marker } from './marker.ts';
import { mentionsOf } from './mentions.ts';
import { readCode, syntaxError, walk, type Code } from './program.ts';
import type { Outcome, Rule } from './rule.ts';
import { findSeeds, shortened, type Refusal, type Search, type Seed } from './seeds.ts';
import { simplify } from './simplify.ts';
import { runTogether } from './statements.ts';
import type { Exported } from './static-value.ts';
import { switchOver } from './switch.ts';
import { ts, type TS } from './syntax.ts';
import { removeUnused, unusedNames } from './unused.ts';
import { exportedValues, inlineWrapper } from './wrapper.ts';

/** What became of one file. */
export interface FileRemoval {
  readonly text: string;
  /** Calls of the flag that are gone. */
  readonly calls: number;
  readonly refusals: readonly Refusal[];
  /** Where a literal now stands in the flag's place, which no rule could take further. */
  readonly constants: readonly Left[];
  readonly exported: ReadonlyMap<string, Exported>;
}

export interface Left {
  readonly line: number;
  readonly what: string;
}

const rules: readonly Rule[] = [
  simplify,
  branch,
  switchOver,
  inlineConst,
  destructure,
  inlineWrapper,
  vanish,
];

/** Each round takes at least one marker further out or away; real files need a dozen. */
const mostRounds = 500;

/**
 * Takes a flag out of one file, as if it always had the value to keep: text in, text out. What it cannot do surely it leaves as it
 * was and says so; a place is a call, with all that depends on it.
 */
export function removeFromFile(path: string, text: string, search: Search): FileRemoval {
  const early = unreadable(path, text);
  if (early !== null) return untouched(text, [early]);
  const skipped = new Map<number, Refusal>();
  for (;;) {
    const attempt = rewrite(path, text, search, new Set(skipped.keys()));
    const fresh = attempt.refusals.filter(({ seed }) => seed === null || !skipped.has(seed));
    if (fresh.length === 0) return { ...attempt, refusals: [...skipped.values(), ...attempt.mentioned] };
    for (const refusal of fresh) {
      if (refusal.seed === null) return untouched(text, [...skipped.values(), refusal]);
      skipped.set(refusal.seed, refusal);
    }
  }
}

function untouched(text: string, refusals: readonly Refusal[]): FileRemoval {
  return { text, calls: 0, refusals, constants: [], exported: new Map() };
}

function unreadable(path: string, text: string): Refusal | null {
  const error = syntaxError(path, text);
  if (error !== null)
    return {
      line: error.line,
      column: error.column,
      what: error.says,
      why: 'the file has a syntax error',
      seed: null,
    };
  if (hasMarkers(text))
    return { line: 1, column: 1, what: '__teal_', why: 'the file uses names that Teal needs', seed: null };
  return null;
}

interface Attempt extends FileRemoval {
  readonly mentioned: readonly Refusal[];
}

function rewrite(path: string, text: string, search: Search, skip: ReadonlySet<number>): Attempt {
  const original = readCode(path, text);
  const seeds = findSeeds(original, search);
  const refused = seeds.flatMap(({ refusal }) => (refusal === null ? [] : [refusal]));
  const planted = seeds.filter(({ number, edit }) => edit !== null && !skip.has(number));
  const mentioned = mentionsOf(original, search, seeds);
  const before = unusedNames(original);
  const run = reduce(
    path,
    applyEdits(
      text,
      planted.map(({ edit }) => edit as Edit),
    ),
    search.keep,
    seeds,
  );
  if (run.refusals.length > 0) return { ...untouched(text, [...refused, ...run.refusals]), mentioned };
  const { text: restored, stuck } = restoreMarkers(run.text, search.keep);
  if (stuck.length > 0)
    return { ...untouched(text, [...refused, ...stuck.map((seed) => detailsUsed(seeds[seed]))]), mentioned };
  const clean = planted.length === 0 ? text : removeUnused(path, restored, { before });
  const broken = clean === text ? null : syntaxError(path, clean);
  if (broken !== null)
    throw new Error(`the removal broke the syntax of ${path}:${broken.line}: ${broken.says}`);
  return {
    text: clean,
    calls: planted.length,
    refusals: refused,
    mentioned,
    constants: run.constants,
    exported: run.exported,
  };
}

function detailsUsed(seed: Seed | undefined): Refusal {
  return {
    line: seed?.line ?? 1,
    column: seed?.column ?? 1,
    what: shortened(seed?.node.getText() ?? ''),
    why: 'more than the value of its details is used, such as the reason or the variant',
    seed: seed?.number ?? null,
  };
}

interface Reduced {
  readonly text: string;
  readonly refusals: readonly Refusal[];
  readonly constants: readonly Left[];
  readonly exported: ReadonlyMap<string, Exported>;
}

/** Applies rules until none has anything to say. */
function reduce(path: string, text: string, keep: Json, seeds: readonly Seed[]): Reduced {
  let current = text;
  for (let round = 0; round < mostRounds; round++) {
    const code = readCode(path, current);
    const markers = markersIn(code, keep);
    const edits: Edit[] = [];
    const refusals: Refusal[] = [];
    for (const marker of markers) {
      const outcome = firstOutcome(marker, { code, keep });
      if (outcome === null) continue;
      if ('why' in outcome) refusals.push(refusalOf(outcome, marker, code, seeds));
      else if (fits(edits, outcome) && !runTogether(current, edits, outcome)) edits.push(...outcome);
    }
    if (refusals.length > 0) return { text, refusals, constants: [], exported: new Map() };
    if (edits.length === 0)
      return {
        text: current,
        refusals: [],
        constants: constantsIn(code, markers, seeds),
        exported: exportedValues(code, keep),
      };
    current = applyEdits(current, edits);
  }
  throw new Error(`the rules never came to an end in ${path}`);
}

function firstOutcome(marker: Marker, rewriting: { readonly code: Code; readonly keep: Json }): Outcome {
  for (const rule of rules) {
    const outcome = rule(marker, rewriting);
    if (outcome !== null) return outcome;
  }
  return null;
}

function markersIn(code: Code, keep: Json): readonly Marker[] {
  const found: Marker[] = [];
  walk(code.source, (node) => {
    const marker = readMarker(node, keep);
    if (marker !== null) found.push(marker);
  });
  return found;
}

function refusalOf(
  { why, at }: { readonly why: string; readonly at: TS.Node },
  { seed }: Marker,
  code: Code,
  seeds: readonly Seed[],
): Refusal {
  const found = seeds[seed];
  return { line: found?.line ?? 1, column: found?.column ?? 1, what: headOf(at, code), why, seed };
}

/** The first line of a construct, as the file has it by now. */
function headOf(node: TS.Node, code: Code): string {
  const text = node.getText(code.source).split('\n')[0] ?? '';
  return shortened(text.replaceAll(/__teal_\w+?__/g, 'the flag'));
}

/** What is an argument, an operand or a result now, and was the flag; lines are those of the call in the text before. */
function constantsIn(code: Code, markers: readonly Marker[], seeds: readonly Seed[]): readonly Left[] {
  return markers.map(({ node, seed, value }) => {
    const text = holder(node).getText(code.source).split('\n')[0] ?? '';
    const literal = JSON.stringify(value);
    return { line: seeds[seed]?.line ?? 1, what: shortened(text.replaceAll(/__teal_\w+?__/g, literal)) };
  });
}

function holder(node: TS.Node): TS.Node {
  let at = node;
  while (!ts.isStatement(at) && !ts.isClassElement(at) && !ts.isSourceFile(at.parent)) at = at.parent;
  return at;
}
