/** One request each, made from the routes, a seed and a number: the same two make the same bytes. */
import fc from 'fast-check';
import { routeEntries } from '../../src/control/api/routes/routes.ts';
import { kinds, type Case, type Kind } from './case.ts';
import { makers } from './makers.ts';
import { routeAt } from './match.ts';
import { subjectOf, type World } from './subject.ts';

export function caseArbitrary(world: World): fc.Arbitrary<Case> {
  const build = fc
    .tuple(fc.constantFrom(...routeEntries), fc.constantFrom(...weighted))
    .chain(([[id, route], kind]) =>
      makers[kind](subjectOf(id, route, world)).map((made) => ({ kind, made })),
    );
  return build.map(({ kind, made: { target, ...rest } }) => ({
    ...rest,
    kind,
    route: routeAt(rest.method, target),
  }));
}

/** Case `index` of a seed. */
export function caseOf(all: fc.Arbitrary<Case>, seed: number, index: number): Case {
  // Far from each other for neighbours: a seed of fast-check is any 32-bit number.
  const mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) | 0;
  const [made] = fc.sample(all, { seed: mixed, numRuns: 1 });
  if (made === undefined) throw new Error('fast-check gave nothing');
  return made;
}

/** Right ones reach deepest; slow ones cost time. */
const weights: Readonly<Record<Kind, number>> = {
  valid: 60,
  nearly: 40,
  malformed: 12,
  huge: 2,
  truncated: 6,
  slow: 1,
  deep: 3,
  path: 14,
  query: 14,
  method: 8,
  encoding: 10,
  headers: 12,
  once: 10,
  role: 14,
  http: 8,
};
const weighted: readonly Kind[] = kinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));
