import { row, type Mistake } from './mistakes.ts';

/** Two apps, the second with more lines, and a group. */
const grouped = (group: string, more = '', first = ''): string =>
  [
    `groups: ${group}`,
    'apps:',
    '  storefront:',
    '    hosts: [a.test]',
    '    run: { process: { command: node server.js } }',
    ...(first === '' ? [] : [`    ${first}`]),
    '  api:',
    '    hosts: [b.test]',
    '    run: { process: { command: node server.js } }',
    ...(more === '' ? [] : [`    ${more}`]),
  ].join('\n');

const exposing = 'release: { steps: [{ expose: { percent: 5 } }] }';

export const groupMistakes: readonly Mistake[] = [
  row('a group of one', grouped('{ shop: @[api] }'), 'groups.shop', [
    'at least two apps',
    'one',
    'add another, or remove the group',
  ]),
  row('an app of a group that there is not', grouped('{ shop: [storefront, @apy] }'), 'groups.shop[1]', [
    'an app of this file',
    '"apy"',
    'Did you mean `api`?',
  ]),
  row('an app twice in a group', grouped('{ shop: [storefront, api, @api] }'), 'groups.shop[2]', [
    'each app once, in one group',
    '"api" again',
    /^name it once; see groups\.shop\[1\]/,
  ]),
  row(
    'an app in two groups',
    grouped(
      '{ shop: [storefront, api], more: [@api, blog] }',
      'paths: [/]\n  blog:\n    hosts: [c.test]\n    run: { process: { command: node server.js } }',
    ),
    'groups.more[0]',
    ['each app once, in one group', '"api" again', /see groups\.shop\[1\]/],
  ),
  row('a group that is called like an app', grouped('{ @api: [storefront, api] }'), 'groups.api', [
    /^a name that no app has/,
    '"api"',
    /^call the group apis/,
  ]),
  row(
    'apps of a group with other steps',
    grouped('{ shop: [storefront, api] }', 'release: @{ steps: [{ wait: 1m }] }'),
    'apps.api.release',
    [
      /^the same expose, wait and approve steps.*as storefront/,
      'others',
      /tests, warm and mirror steps are its own/,
    ],
  ),
  row(
    'apps of a group that know people by other things',
    grouped(
      '{ shop: [storefront, api] }',
      `identity: @{ sources: [{ cookie: uid }] }\n    ${exposing}`,
      exposing,
    ),
    'apps.api.identity',
    [/^the same identity as storefront/, 'another', /YAML anchor/],
  ),
];
