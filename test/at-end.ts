import type { TestContext } from 'node:test';

const endings = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs after the test, last registered first (what lives in a folder goes before the folder), also when an earlier one fails. */
export function atEnd(t: TestContext, run: () => unknown): void {
  const known = endings.get(t);
  if (known !== undefined) {
    known.push(run);
    return;
  }
  const all = [run];
  endings.set(t, all);
  t.after(async () => {
    const errors: unknown[] = [];
    for (const each of all.toReversed()) {
      try {
        await each();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  });
}
