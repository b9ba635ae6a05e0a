/** Lines shown around a change, as every tool that reads such diffs expects. */
const contextLines = 3;

interface Change {
  readonly kind: ' ' | '-' | '+';
  readonly text: string;
}

/** A unified diff of one file, with the headers that `git apply` and `patch -p1` read; empty when nothing differs. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return '';
  const changes = compareLines(splitLines(before), splitLines(after));
  return [`--- a/${file}`, `+++ b/${file}`, ...hunksOf(changes)].join('\n');
}

/** A last line without a line break is another line than one with it. */
function splitLines(text: string): readonly string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function compareLines(before: readonly string[], after: readonly string[]): readonly Change[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before.at(-1 - tail) === after.at(-1 - tail)
  )
    tail++;
  const same = (lines: readonly string[]): readonly Change[] => lines.map((text) => ({ kind: ' ', text }));
  return [
    ...same(before.slice(0, head)),
    ...shortestScript(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ];
}

/** The shortest list of deletions and insertions: E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986. */
function shortestScript(before: readonly string[], after: readonly string[]): readonly Change[] {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let distance = 0; distance <= before.length + after.length; distance++) {
    trace.push(new Map(furthest));
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      let x = startOf(furthest, diagonal, distance);
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++;
      furthest.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return scriptOf(trace, before, after);
    }
  }
  return [];
}

function cameFrom(
  furthest: ReadonlyMap<number, number>,
  diagonal: number,
  distance: number,
): { readonly from: number; readonly down: boolean } {
  const above = furthest.get(diagonal + 1) ?? 0;
  const below = furthest.get(diagonal - 1) ?? 0;
  const down = diagonal === -distance || (diagonal !== distance && below < above);
  return { from: down ? above : below, down };
}

/** Goes down from the diagonal above, or right from the one below, whichever has come further. */
function startOf(furthest: ReadonlyMap<number, number>, diagonal: number, distance: number): number {
  const { from, down } = cameFrom(furthest, diagonal, distance);
  return down ? from : from + 1;
}

function scriptOf(
  trace: readonly ReadonlyMap<number, number>[],
  before: readonly string[],
  after: readonly string[],
): readonly Change[] {
  const script: Change[] = [];
  let x = before.length;
  let y = after.length;
  for (let distance = trace.length - 1; distance > 0; distance--) {
    const { from, down } = cameFrom(trace[distance] ?? new Map<number, number>(), x - y, distance);
    const fromY = from - (x - y) - (down ? 1 : -1);
    for (; x > from && y > fromY; x--, y--) script.push({ kind: ' ', text: before[x - 1] ?? '' });
    if (down) script.push({ kind: '+', text: after[--y] ?? '' });
    else script.push({ kind: '-', text: before[--x] ?? '' });
  }
  for (; x > 0; x--) script.push({ kind: ' ', text: before[x - 1] ?? '' });
  return script.toReversed();
}

function hunksOf(changes: readonly Change[]): readonly string[] {
  const lines: string[] = [];
  let index = 0;
  let old = 1;
  let fresh = 1;
  while (index < changes.length) {
    if (changes[index]?.kind === ' ') {
      index++;
      old++;
      fresh++;
      continue;
    }
    const from = Math.max(0, index - contextLines);
    const to = endOfHunk(changes, index);
    const hunk = changes.slice(from, to);
    const lead = index - from;
    const counts = {
      old: hunk.filter(({ kind }) => kind !== '+').length,
      fresh: hunk.filter(({ kind }) => kind !== '-').length,
    };
    lines.push(`@@ -${rangeOf(old - lead, counts.old)} +${rangeOf(fresh - lead, counts.fresh)} @@`);
    lines.push(...hunk.map(({ kind, text }) => kind + text));
    old += counts.old - lead;
    fresh += counts.fresh - lead;
    index = to;
  }
  return lines;
}

function rangeOf(start: number, count: number): string {
  // A range of no lines names the line before it.
  return count === 1 ? String(start) : `${count === 0 ? start - 1 : start},${count}`;
}

/** Changes with fewer same lines between them than would be shown around both are one hunk. */
function endOfHunk(changes: readonly Change[], first: number): number {
  let last = first;
  for (let at = first; at < changes.length && at - last <= 2 * contextLines; at++)
    if (changes[at]?.kind !== ' ') last = at;
  return Math.min(changes.length, last + 1 + contextLines);
}
