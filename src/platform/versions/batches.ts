// Enough to keep a disk busy; a tree of node_modules has tens of thousands of files, and open files are limited.
const atOnce = 32;

/** Maps over the items, some at a time, in order. The first error ends it. */
export async function inBatches<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map(map))));
  }
  return results;
}
