import type { Mistake } from './mistakes.ts';

type Told = readonly [string | RegExp, string | RegExp, string | RegExp];

const row = (says: string, feature: string, path: string, [expected, got, remedy]: Told): Mistake => ({
  says,
  text: [
    'apps:',
    '  shop:',
    '    run: { process: { command: x } }',
    '    audiences: { beta: { percent: 5 } }',
    `    features: { ${feature} }`,
    '  blog: { hosts: [blog.example], run: { process: { command: x } } }',
  ].join('\n'),
  path: `apps.shop.features.${path}`,
  expected,
  got,
  remedy,
});

/** What can be wrong with features. */
export const featureMistakes: readonly Mistake[] = [
  row('a flag whose values are of two kinds', 'a: { default: false, on: @"yes", percent: 5 }', 'a.on', [
    'a boolean, as default is',
    'a string',
    /^write both alike/,
  ]),
  row('a flag without a value', 'a: { default: @null }', 'a.default', [
    /^true, false, a number/,
    'nothing',
    /^write a value/,
  ]),
  row('a flag that is on with nothing to be', 'a: @{ default: false, percent: 5 }', 'a', [
    /^a value `on`/,
    'none',
    'add on: true',
  ]),
  row(
    'a flag of a release with a percentage of its own',
    'a: { default: false, on: true, with: v2, percent: @5 }',
    'a.percent',
    ['with or percent', 'both', /^remove percent/],
  ),
  row(
    'a flag for an audience that is mistyped',
    'a: { default: false, on: true, for: [@betta] }',
    'a.for[0]',
    ['an audience of this app', 'betta', 'Did you mean `beta`?'],
  ),
  row('a flag that goes with another app', 'a: { default: false, on: true, with: @blog@v2 }', 'a.with', [
    'a version of shop',
    'blog@v2',
    /^write the feature below apps\.blog\.features/,
  ]),
  row('a day that there is not', 'a: { default: false, expires: @2027-02-30 }', 'a.expires', [
    /^a day/,
    /2027-02-30/,
    /^write year, month and day/,
  ]),
];
