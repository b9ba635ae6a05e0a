/**
 * The candidate a person most likely meant, or null when none is close. Another spelling of the same words
 * (`stopSignal`, `stop_signal`) always counts; otherwise one edit per three letters is near enough.
 */
export function didYouMean(word: string, candidates: readonly string[]): string | null {
  const plain = kebab(word);
  let best: string | null = null;
  let least = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(plain, kebab(candidate), least);
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

function kebab(word: string): string {
  // Nobody mistypes a word this long: cut, so that a hostile key costs nothing.
  return word
    .slice(0, 64)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/[_\s]/g, '-')
    .toLowerCase();
}

/** Edits (insert, remove, replace, swap of neighbours) from one word to the other; `limit` stands for "that many or more". */
function distance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let older: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      const swapped = row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) edits = Math.min(edits, at(older, column - 2) + 1);
      current.push(edits);
    }
    older = previous;
    previous = current;
  }
  return Math.min(limit, at(previous, to.length));
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
