import { row, type Mistake } from './mistakes.ts';

/** A right file whose app has a database that is more or less right. */
const database = (...lines: readonly string[]): string =>
  [
    'apps:',
    '  shop:',
    '    run: { process: { command: x } }',
    '    database:',
    ...lines.map((line) => `      ${line}`),
  ].join('\n');

const at = 'apps.shop.database';
const url = 'url: env:SHOP_ADMIN_URL';
const served = (...lines: readonly string[]): string => database(url, 'migrations: db', ...lines);
const commands = (...lines: readonly string[]): string => database('run: { expand: migrate }', ...lines);

const withUrl: readonly Mistake[] = [
  row('a database without work', database(url).replace('database:', '@database:'), at, [
    'migrations or run',
    'nothing to do',
    /^add migrations: db, or run:/,
  ]),
  row(
    'an address with a password',
    database('url: @postgres://a:hunter22@db/shop', 'migrations: db'),
    `${at}.url`,
    [/^env:NAME, file:/, '"a URL with a password"', /write env:NAME or file:\/path/],
  ),
  row('an address that is none', database('url: @localhost', 'migrations: db'), `${at}.url`, [
    /^env:NAME, file:/,
    '"localhost"',
    /^name where the address is: env:/,
  ]),
  row(
    'another kind of database',
    database('url: @mysql://a:hunter22@db/shop', 'migrations: db'),
    `${at}.url`,
    [/^env:NAME, file:/, '"a URL"', /^name where the address is: env:/],
  ),
  row('a file of SQLite', database('url: @sqlite', 'migrations: db'), `${at}.url`, [
    /^env:NAME, file:/,
    '"sqlite"',
    /do the work with run/,
  ]),
  row(
    'an address as variables are written',
    database('url: @{ secret: env:SHOP_ADMIN_URL }', 'migrations: db'),
    `${at}.url`,
    [/^env:NAME, file:/, '"a map"', 'write it without the map: env:SHOP_ADMIN_URL'],
  ),
  row('a mistyped url', database('@uri: env:A', 'migrations: db'), `${at}.uri`, [
    /^one of the keys url, migrations/,
    /"uri"/,
    'Did you mean `url`?',
  ]),
  row('a mistyped key', served('@lock_timeout: 1s'), `${at}.lock_timeout`, [
    /^one of the keys/,
    /lock_timeout/,
    'Did you mean `lock-timeout`?',
  ]),
  row('a folder from the root', database(url, 'migrations: @/srv/db'), `${at}.migrations`, [
    'a folder in each version, such as db',
    '"/srv/db"',
    /^write it relative/,
  ]),
  row('a folder beside the version', database(url, 'migrations: @db/../../db'), `${at}.migrations`, [
    /^a folder in each version/,
    /db/,
    /^put it into the version/,
  ]),
  row('a folder of one version', database(url, 'migrations: @"{version}/db"'), `${at}.migrations`, [
    /^a folder in each version/,
    /version/,
    /^write it without placeholders/,
  ]),
  row('one role for both', served('roles: { blue: app, green: @app }'), `${at}.roles.green`, [
    'another role than blue has',
    '"app"',
    /apps\.shop\.database\.roles\.blue \(line 7\)$/,
  ]),
  row('a role that is missing', served('@roles: { blue: app }'), `${at}.roles.green`, [
    'the key green',
    'nothing',
    /./,
  ]),
  row('a mistyped choice', served('contract: @atuo'), `${at}.contract`, [
    'one of auto, manual',
    '"atuo"',
    'Did you mean `auto`?',
  ]),
  row('a phase that there is not', served('run: { @expnd: x }'), `${at}.run.expnd`, [
    /^one of the keys expand, backfill, undo, contract/,
    /expnd/,
    'Did you mean `expand`?',
  ]),
  row(
    'a lock that is waited for longer than it is tried',
    served('lock-timeout: @20m'),
    `${at}.lock-timeout`,
    ['less than lock-deadline (10m)', '20m', /everybody who uses the table/],
  ),
  row('coverage as a part', served('proof: { min-coverage: @0.98 }'), `${at}.proof.min-coverage`, [
    'per cent, as a number from 1 to 100',
    '0.98',
    'write 98: it is per cent',
  ]),
  row('coverage with a sign', served('proof: { min-coverage: @98% }'), `${at}.proof.min-coverage`, [
    /^per cent/,
    '"98%"',
    'write 98',
  ]),
  row('a proof that is none', served('proof: @false'), `${at}.proof`, [
    'on, off, or a map of keys',
    'false',
    'write off',
  ]),
  row('a shadow that is mistyped', served('proof: { shadow: @pg-lite }'), `${at}.proof.shadow`, [
    /^one of auto, createdb, pglite, in-place, or env:NAME/,
    '"pg-lite"',
    'Did you mean `pglite`?',
  ]),
  row('errors as a part', served('pause-at: { errors: @0.05 }'), `${at}.pause-at.errors`, [
    /^per cent, as a number from 0\.1 to 100, or none/,
    '0.05',
    'write 5: it is per cent',
  ]),
  row('a corpus elsewhere', served('proof: { corpus: [@../queries.sql] }'), `${at}.proof.corpus[0]`, [
    /^a file in each version/,
    /queries/,
    /^put it into the version/,
  ]),
  row('an undo that nothing does', database(url, 'run: { expand: x }', 'undo: @auto'), `${at}.undo`, [
    'run.undo beside it',
    'nothing that undoes',
    'add it, or remove undo',
  ]),
];

const alone: readonly Mistake[] = [
  row('no url, no work', database('contract: manual').replace('database:', '@database:'), at, [
    'a command in run, since there is no url',
    'nothing to do',
    /^add run: .*or url: env:/,
  ]),
  ...(
    [
      ['migrations', 'db', '"db"'],
      ['roles', '{ blue: a, green: b }', 'a map of keys'],
      ['batch', '1s', '"1s"'],
      ['pause-at', '{ errors: 1 }', 'a map of keys'],
      ['proof', '{ shadow: pglite }', 'a map of keys'],
      ['lock-timeout', '1s', '"1s"'],
    ] as const
  ).map(([key, value, got]) =>
    row(`${key} without a url`, commands(`${key}: @${value}`), `${at}.${key}`, [
      'url beside it: without one, commands do all the work',
      got,
      'add url: env:DATABASE_URL, of a PostgreSQL; or remove it',
    ]),
  ),
  row(
    'a database on the wrong level',
    'apps:\n  shop:\n    run: { process: { command: x } }\n    @migrations: db',
    'apps.shop.migrations',
    [/^one of the keys/, /migrations/, 'it belongs at database.migrations'],
  ),
];

export const databaseMistakes: readonly Mistake[] = [...withUrl, ...alone].map((each) => ({
  ...each,
  says: `database: ${each.says}`,
}));
