import type { Json } from '../../config/features.ts';
import { Exports } from './outside.ts';
import { packagesOf } from './packages.ts';
import { isSyntaxFile } from './program.ts';
import { pruneExports } from './prune.ts';
import { removeFromFile, type FileRemoval, type Left } from './remove-file.ts';
import type { Refusal } from './seeds.ts';
import { textReferences, type TextReference } from './text-references.ts';

export interface RemovalOrder {
  readonly flag: string;
  readonly keep: Json;
  /** The project's own functions that take a flag's name and give its value. */
  readonly calls: readonly string[];
  /** Of a package.json above the folder, for files that have none nearer. */
  readonly packages: readonly string[];
  /** Leave what is refused, and do the rest. */
  readonly partial: boolean;
}

type Texts = ReadonlyMap<string, string>;
type In<T> = T & { readonly file: string };

/** What removing a flag does to the files of a project: texts only, nothing is written. */
export interface Removal {
  /** New texts by path; empty when anything is refused and it is not to be done in part. */
  readonly changed: Texts;
  readonly calls: number;
  readonly refusals: readonly In<Refusal>[];
  /** Literals that stand where the flag was. */
  readonly constants: readonly In<Left>[];
  /** The name as text in what is there afterwards: comments, settings, other languages. */
  readonly left: readonly In<TextReference>[];
}

/** A function can call one of another file that calls one of a third …; chains are shorter than this. */
const mostRounds = 20;

/** @param texts every file by its path relative to the project */
export function planRemoval(texts: Texts, order: RemovalOrder): Removal {
  const exports = new Exports(texts);
  const results = new Map<string, FileRemoval>();
  const code = [...texts.keys()].filter(isSyntaxFile);
  let known = new Set(code.filter((file) => texts.get(file)?.includes(order.flag)));
  let wanted: readonly string[] = [...known, ...importersOf(known, texts, code)];
  for (let round = 0; round < mostRounds && wanted.length > 0; round++) {
    known = new Set();
    for (const file of new Set(wanted)) {
      const result = removeIn(file, { texts, exports, order });
      // Files that name the flag are looked at in no particular order: what they export may be wanted by one looked at before.
      if (result.exported.size > (results.get(file)?.exported.size ?? 0)) known.add(file);
      results.set(file, result);
      exports.set(file, result.exported);
    }
    wanted = importersOf(known, texts, code);
  }
  return conclude(texts, results, order);
}

interface Project {
  readonly texts: Texts;
  readonly exports: Exports;
  readonly order: RemovalOrder;
}

function removeIn(file: string, { texts, exports, order }: Project): FileRemoval {
  return removeFromFile(file, texts.get(file) ?? '', {
    flag: order.flag,
    keep: order.keep,
    calls: new Set(order.calls),
    packages: packagesOf(file, texts) ?? order.packages,
    outside: exports.seenFrom(file),
  });
}

/** Files that import one of these, directly or by files that only pass it on. By the last part of the path: one too many does no harm. */
function importersOf(files: ReadonlySet<string>, texts: Texts, code: readonly string[]): readonly string[] {
  const stems = new Set([...files].map(stemOf));
  const found = new Set<string>();
  for (let size = -1; size !== stems.size;) {
    size = stems.size;
    for (const file of code) {
      const text = texts.get(file) ?? '';
      if (found.has(file) || !importsOne(text, stems)) continue;
      found.add(file);
      if (/\bexport\s*(?:\*|\{[^}]*\})\s*from\b/.test(text)) stems.add(stemOf(file));
    }
  }
  return [...found];
}

function stemOf(file: string): string {
  const parts = file.replace(/\.[^./]+$/, '').split('/');
  const last = parts.at(-1) ?? '';
  return last === 'index' ? (parts.at(-2) ?? '.') : last;
}

function importsOne(text: string, stems: ReadonlySet<string>): boolean {
  if (stems.size === 0) return false;
  for (const [, specifier = ''] of text.matchAll(/\bfrom\s*['"](\.[^'"]*)['"]/g)) {
    const last = specifier.split('/').at(-1) ?? '';
    const isFolder = last === '.' || last === '..' || last === '';
    if (
      isFolder ||
      stems.has(last) ||
      stems.has(last.replace(/\.[^.]+$/, '')) ||
      /^index(?:\.\w+)?$/.test(last)
    )
      return true;
  }
  return false;
}

function conclude(texts: Texts, results: ReadonlyMap<string, FileRemoval>, order: RemovalOrder): Removal {
  const entries = [...results].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const refusals = entries.flatMap(([file, result]) => result.refusals.map((each) => ({ ...each, file })));
  const stopped = refusals.length > 0 && !order.partial;
  const done = stopped ? [] : entries;
  const rewritten = new Map(
    done.flatMap(([file, { text }]): [string, string][] => (text === texts.get(file) ? [] : [[file, text]])),
  );
  const changed = pruneExports(texts, rewritten, results, order.flag);
  return {
    changed,
    calls: done.reduce((sum, [, { calls }]) => sum + calls, 0),
    refusals,
    constants: done.flatMap(([file, { constants }]) => constants.map((each) => ({ ...each, file }))),
    left: [...texts].flatMap(([file, text]) =>
      textReferences(changed.get(file) ?? text, order.flag).map((each) => ({ ...each, file })),
    ),
  };
}
