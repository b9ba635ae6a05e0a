import { row, type Mistake } from './mistakes.ts';

const shop = (run: string, more = ''): string => `apps:\n  shop:\n    run: ${run}${more}\n`;
const address = 'a host and a port such as 10.0.0.1:8080, shop-{version}.internal:80, [fd00::1]:8080';

/** Of `run`, and of servers that run already. */
export const staticMistakes: readonly Mistake[] = [
  row('an app that runs nowhere', shop('@{}'), 'apps.shop.run', [
    'process, or static for servers that run already',
    'neither',
    'add process: { command: node server.js }',
  ]),
  row(
    'an app that runs twice',
    shop('@{ process: { command: x }, static: { versions: { v1: ["10.0.0.1:80"] } } }'),
    'apps.shop.run',
    ['process or static', 'both', /^remove one of them/],
  ),
  row('no servers at all', shop('{ static: @{} }'), 'apps.shop.run.static', [
    'servers of at least one version',
    'none',
    'add versions: { v1: [10.0.0.1:8080] }',
  ]),
  row(
    'a version without servers',
    shop('{ static: { versions: { v1: @[] } } }'),
    'apps.shop.run.static.versions.v1',
    ['at least one address', 'an empty list', 'add one'],
  ),
  row(
    'servers that are those of every version',
    shop('{ static: { addresses: [@"shop.internal:80"] } }'),
    'apps.shop.run.static.addresses[0]',
    ['a server of one version', 'shop.internal:80 for all', /^put \{version\} into its name/],
  ),
  row(
    'a server without a port',
    shop('{ static: { versions: { v1: [@"10.0.0.1"] } } }'),
    'apps.shop.run.static.versions.v1[0]',
    [address, '"10.0.0.1"', 'write 10.0.0.1:8080'],
  ),
  row(
    'a server as a URL',
    shop('{ static: { versions: { v1: [@"http://10.0.0.1:80"] } } }'),
    'apps.shop.run.static.versions.v1[0]',
    [address, '"http://10.0.0.1:80"', 'write 10.0.0.1:8080'],
  ),
  row(
    'roles beside servers',
    shop('{ static: { versions: { v1: ["10.0.0.1:80"] } } }', '\n    roles:\n      @jobs: { command: x }'),
    'apps.shop.roles.jobs',
    ['no roles beside run.static', 'jobs', /^remove it/],
  ),
];
