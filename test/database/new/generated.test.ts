// What is written, without a server: that it is clean by our own rules, and that names and mistakes are what they should be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lint, schemaOf } from '../../../src/database/lint/lint.ts';
import { addForeignKey, addUnique } from '../../../src/database/new/constraints.ts';
import { changeType, renameColumn, split } from '../../../src/database/new/columns.ts';
import {
  columnNamed,
  fitting,
  identifier,
  identifiers,
  quoted,
  tableNamed,
} from '../../../src/database/new/names.ts';
import { drop } from '../../../src/database/new/drop.ts';
import type { Generated } from '../../../src/database/new/generated.ts';

import { renameTable } from '../../../src/database/new/rename-table.ts';
import { setNotNull } from '../../../src/database/new/set-not-null.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { TealError } from '../../../src/errors.ts';

const parser = await loadParser();
const schema = `
  CREATE TABLE users (id int PRIMARY KEY, name varchar(40) NOT NULL DEFAULT '', email text, age int, fax text NOT NULL);
  CREATE UNIQUE INDEX users_name_idx ON users (name);
  CREATE TABLE orders (id int PRIMARY KEY, user_id int);
  CREATE TABLE events (id int, day int, kind varchar(9), user_id int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE INDEX events_kind ON events (kind);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
  CREATE TABLE events_2 (LIKE events) PARTITION BY LIST (kind);
  CREATE TABLE parts.odd PARTITION OF events_2 DEFAULT;
  ALTER TABLE ONLY events ATTACH PARTITION events_2 FOR VALUES FROM (10) TO (20);
  CREATE TABLE days (day int NOT NULL) PARTITION BY LIST (day);
  CREATE TABLE days_1 PARTITION OF days FOR VALUES IN (1);
  CREATE TABLE alone (id int, day int) PARTITION BY LIST (day);
`;
const known = schemaOf([{ path: '1.sql', text: schema }], parser);
const indexed = schemaOf(
  [
    {
      path: '1.sql',
      text: `\\restrict x
${schema} CREATE INDEX alone_id ON alone (id);`,
    },
  ],
  parser,
);
const options = { default: "''" };

const made: Readonly<Record<string, Generated>> = {
  'rename-column': renameColumn(columnNamed('users.name'), 'full_name', options, known),
  'rename-column with names that need quotes': renameColumn(
    columnNamed('Shop."""x.User".name'),
    'order',
    { type: 'text', key: ['Key', 'select'] },
    known,
  ),
  'change-type': changeType(columnNamed('users.age'), { to: 'bigint', as: 'age_long' }, {}, known),
  split: split(
    columnNamed('users.email'),
    ['box', 'host'],
    { up: ["split_part(email, '@', 1)", "split_part(email, '@', 2)"], down: "box || '@' || host" },
    known,
  ),
  'rename-table': renameTable(tableNamed('users'), 'people', ['app']),
  'set-not-null': setNotNull(columnNamed('users.email'), "'nobody@' || id"),
  'add-unique': addUnique(columnNamed('users.email'), false),
  'add-unique --now': addUnique(columnNamed('users.email'), true),
  'add-fk': addForeignKey(columnNamed('orders.user_id'), columnNamed('users.id')),
  'rename-column of a partitioned table': renameColumn(
    columnNamed('events.kind'),
    'sort',
    { key: ['id', 'day'] },
    known,
  ),
  'add-unique of a partitioned table': addUnique(columnNamed('days.day'), false, known),
  'add-unique --now of a partitioned table': addUnique(columnNamed('days.day'), true, known),
  'add-fk of a partitioned table': addForeignKey(
    columnNamed('events.user_id'),
    columnNamed('users.id'),
    known,
  ),
  'drop index of a partitioned table': drop('index', 'events_kind', undefined, known),
  'drop column': drop('column', 'users.fax', "''", known),
  'drop table': drop('table', 'billing.users', undefined, known),
  'drop index': drop('index', 'users_name_idx', undefined, known),
  'drop function': drop('function', 'price(int)', undefined, known),
};

for (const [name, files] of Object.entries(made)) {
  for (const version of [14, 18] as const) {
    test(`${name} is clean by our own rules (PostgreSQL ${version})`, () => {
      const { findings } = lint(
        [
          { path: 'db/1.sql', text: schema, silent: true },
          ...Object.entries(files).map(([phase, text]) => ({ path: `db/7/${phase}.sql`, text })),
        ],
        { parser, version, inTransaction: false },
      );
      const told = findings.filter(({ level }) => level !== 'note');
      assert.deepEqual(
        told.map(({ rule, file, line, what }) => `${file}:${line} ${rule}: ${what}`),
        [],
      );
    });
  }
}

test('the new column gets the type, the NOT NULL and the index of the old one', () => {
  const { expand, contract } = made['rename-column'] ?? { expand: '', contract: '' };
  assert.match(expand, /ADD COLUMN full_name varchar\(40\);/);
  assert.match(expand, /CHECK \(full_name IS NOT NULL\) NOT VALID;/);
  assert.match(expand, /CREATE UNIQUE INDEX CONCURRENTLY users_idx_full_name ON users \(full_name\);/);
  assert.match(contract, /ALTER COLUMN full_name SET DEFAULT '';/);
});

test('what cannot be known is asked for', () => {
  const refused: readonly (readonly [() => unknown, RegExp, RegExp])[] = [
    [
      () => renameColumn(columnNamed('users.nick'), 'n', {}, known),
      /type of users\.nick is not known/,
      /--type text/,
    ],
    [() => renameColumn(columnNamed('users.name'), 'n', {}, known), /users\.name has a default/, /--default/],
    [() => columnNamed('name'), /"name" names no column/, /users\.name/],
    [() => columnNamed('a.b.c.d'), /names no column/, /schema\.table\.column/],
    [() => tableNamed('a..b'), /names no table/, /users/],
    [() => columnNamed('users."name'), /names no column/, /"User Accounts"\."userName"/],
    [() => columnNamed('users.na"me'), /names no column/, /in quotes/],
    [() => tableNamed('"users"x'), /names no table/, /in quotes/],
    [() => tableNamed('""'), /names no table/, /in quotes/],
    [() => identifier('a.b'), /"a\.b" is no name/, /in quotes/],
    [
      () => addUnique(columnNamed('alone.day'), false, known),
      /which partitions it has/,
      /--schema schema\.sql/,
    ],
    [
      () => renameColumn(columnNamed('alone.id'), 'key', {}, indexed),
      /which partitions it has/,
      /PARTITION OF/,
    ],
    [() => addUnique(columnNamed('events.id'), false, known), /partitioned by day/, /table of its own/],
    [() => renameColumn(columnNamed('events.day'), 'date', {}, known), /never drops/, /new table/],
    [
      () => split(columnNamed('users.email'), ['a', 'b'], { up: ['x'] }, known),
      /2 columns need 2 expressions/,
      /--down/,
    ],
    [() => drop('column', 'users.fax', undefined, known), /NOT NULL and has no default/, /--default/],
  ];
  for (const [run, message, remedy] of refused)
    assert.throws(
      run,
      (error) =>
        error instanceof TealError &&
        error.code === 'usage' &&
        message.test(error.message) &&
        remedy.test(error.remedy),
    );
});

test('names are read as SQL quotes them, or as they are', () => {
  assert.deepEqual(columnNamed('"User Accounts"."userName"'), {
    schema: null,
    table: 'User Accounts',
    column: 'userName',
  });
  assert.deepEqual(columnNamed('Shop."a.b".c'), { schema: 'Shop', table: 'a.b', column: 'c' });
  assert.deepEqual(columnNamed('public.users.E mail'), { schema: null, table: 'users', column: 'E mail' });
  assert.deepEqual(identifiers('id, "a,b" , Key'), ['id', 'a,b', 'Key']);
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (table, column) => {
      const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
      assert.deepEqual(columnNamed(`${quote(table)}.${quote(column)}`), { schema: null, table, column });
      assert.equal(identifier(quote(column)), column);
    }),
  );
});

test('names are quoted where SQL needs it, and stay apart when they are long', () => {
  assert.deepEqual(['users', 'User', 'user', 'a"b', 'größe', '1a'].map(quoted), [
    'users',
    '"User"',
    '"user"',
    '"a""b"',
    '"größe"',
    '"1a"',
  ]);
  const long = 'ä'.repeat(40);
  assert(Buffer.byteLength(fitting(long)) <= 63);
  assert.notEqual(fitting(`${long}1`), fitting(`${long}2`));
  assert.equal(fitting('short'), 'short');
});
