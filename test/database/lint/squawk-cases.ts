/** A rule of squawk, with ours about the same, and the statements that both are about. */
export interface Shared {
  readonly theirs: string;
  readonly ours: readonly string[];
  readonly about: RegExp;
}

const all = /./;
const shares = (theirs: string, about: RegExp, ...ours: readonly string[]): Shared => ({
  theirs,
  ours,
  about,
});

export const shared: readonly Shared[] = [
  shares('adding-field-with-default', /ADD COLUMN .*(DEFAULT|GENERATED)/, 'add-column-blocks'),
  shares('adding-foreign-key-constraint', /REFERENCES/, 'add-constraint-blocks', 'add-column-blocks'),
  shares('adding-not-nullable-field', all, 'set-not-null'),
  shares('adding-required-field', all, 'add-required-column'),
  shares('adding-serial-primary-key-field', /PRIMARY KEY/, 'add-constraint-blocks', 'add-column-blocks'),
  shares('ban-alter-domain-with-add-constraint', all, 'domain-constraint'),
  shares('ban-concurrent-index-creation-in-transaction', all, 'concurrently-in-transaction'),
  shares('ban-drop-column', all, 'drop-column'),
  shares('ban-drop-database', all, 'drop-database'),
  shares('ban-drop-not-null', all, 'drop-not-null'),
  shares('ban-drop-table', all, 'drop-table'),
  shares('ban-truncate-cascade', /TRUNCATE/, 'drop-cascade'),
  shares('ban-uncommitted-transaction', all, 'uncommitted-transaction'),
  shares('changing-column-type', all, 'change-type'),
  shares(
    'constraint-missing-not-valid',
    /ADD CONSTRAINT \w+ (CHECK|FOREIGN)/,
    'add-constraint-blocks',
    'work-after-lock',
  ),
  shares('disallowed-unique-constraint', /UNIQUE/, 'add-constraint-blocks', 'add-column-blocks'),
  shares('identifier-too-long', all, 'identifier-too-long'),
  shares('renaming-column', all, 'rename-column'),
  shares('renaming-table', all, 'rename-table'),
  shares('require-concurrent-index-creation', all, 'create-index-blocks'),
  shares('require-concurrent-index-deletion', all, 'drop-index'),
  shares('require-concurrent-partition-detach', all, 'detach-partition-locks'),
  shares('require-concurrent-reindex', all, 'reindex-blocks'),
  shares('require-lock-timeout', all, 'lock-timeout'),
  shares('transaction-nesting', all, 'nested-transaction'),
];

/** Ordinary migrations, each about one thing. */
export const samples: readonly string[] = [
  'ALTER TABLE users ADD COLUMN a int;',
  'ALTER TABLE users ADD COLUMN a int DEFAULT 5;',
  'ALTER TABLE users ADD COLUMN a timestamptz DEFAULT now();',
  'ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid();',
  'ALTER TABLE users ADD COLUMN a double precision DEFAULT random();',
  'ALTER TABLE users ADD COLUMN a bigint GENERATED ALWAYS AS (id * 2) STORED;',
  'ALTER TABLE users ADD COLUMN a int NOT NULL;',
  'ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 1;',
  'ALTER TABLE users ADD COLUMN a int UNIQUE;',
  'ALTER TABLE users ADD COLUMN a bigserial PRIMARY KEY;',
  'ALTER TABLE users ADD COLUMN a int REFERENCES teams (id);',
  'ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams (id);',
  'ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams (id) NOT VALID;',
  'ALTER TABLE users VALIDATE CONSTRAINT f;',
  'ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0);',
  'ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID;',
  'ALTER TABLE users ADD CONSTRAINT u UNIQUE (email);',
  'ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX users_email;',
  'ALTER TABLE users ADD PRIMARY KEY (id);',
  'ALTER TABLE users ALTER COLUMN email SET NOT NULL;',
  'ALTER TABLE users ALTER COLUMN email DROP NOT NULL;',
  'ALTER TABLE users ALTER COLUMN age TYPE bigint;',
  'ALTER TABLE users ALTER COLUMN age TYPE text;',
  'CREATE TABLE t (a varchar(10)); ALTER TABLE t ALTER COLUMN a TYPE bigint USING a::bigint;',
  'ALTER TABLE users DROP COLUMN email;',
  'ALTER TABLE users RENAME COLUMN email TO mail;',
  'ALTER TABLE users RENAME TO people;',
  'BEGIN; ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people; COMMIT;',
  'ALTER TABLE users RENAME CONSTRAINT a TO b;',
  'DROP TABLE users;',
  'DROP TABLE users CASCADE;',
  'DROP DATABASE shop;',
  'TRUNCATE users;',
  'TRUNCATE users CASCADE;',
  'DROP INDEX users_email;',
  'DROP INDEX CONCURRENTLY users_email;',
  'CREATE INDEX i ON users (email);',
  'CREATE INDEX CONCURRENTLY i ON users (email);',
  'CREATE UNIQUE INDEX i ON users (email);',
  'CREATE TABLE t (a int); CREATE INDEX i ON t (a);',
  'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);',
  'CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN a;',
  'BEGIN; CREATE INDEX CONCURRENTLY i ON users (email); COMMIT;',
  'BEGIN; DROP INDEX CONCURRENTLY i; COMMIT;',
  'BEGIN; CREATE TABLE t (a int);',
  'BEGIN; BEGIN; COMMIT;',
  'REINDEX TABLE users;',
  'REINDEX TABLE CONCURRENTLY users;',
  'REINDEX INDEX i;',
  'REINDEX (CONCURRENTLY false) INDEX i;',
  'REINDEX (CONCURRENTLY 0, VERBOSE) INDEX i;',
  'REINDEX (CONCURRENTLY) INDEX i;',
  'VACUUM (FULL off) users;',
  'VACUUM FULL users;',
  'VACUUM users;',
  'CLUSTER users USING users_pkey;',
  'ALTER TABLE logs DETACH PARTITION logs_1;',
  'ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY;',
  'ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0);',
  'ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;',
  'ALTER DOMAIN age DROP CONSTRAINT c;',
  `CREATE TABLE t (${'a'.repeat(64)} int);`,
  `CREATE TABLE t (${'a'.repeat(63)} int);`,
  "SET lock_timeout = '1s'; SET statement_timeout = '5s'; ALTER TABLE users ADD COLUMN a int;",
  "SET lock_timeout = '1s'; SET statement_timeout = '5s'; ALTER TABLE users DROP COLUMN a;",
  'ALTER TABLE users ALTER COLUMN age SET DEFAULT 1;',
  'ALTER TABLE users ALTER COLUMN age DROP DEFAULT;',
  'CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES users (id));',
  "ALTER TYPE mood ADD VALUE 'ok' AFTER 'sad';",
  'BEGIN; ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams (id) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT f; COMMIT;',
  'ALTER TABLE users VALIDATE CONSTRAINT c; ALTER TABLE users ALTER COLUMN email SET NOT NULL; ALTER TABLE users DROP CONSTRAINT c;',
  'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES users (id);',
  'ALTER TABLE users ADD CONSTRAINT users_pk PRIMARY KEY USING INDEX users_pk_idx;',
  'ALTER TABLE users DROP CONSTRAINT users_pkey, ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id;',
  'ALTER DOMAIN age SET NOT NULL;',
  'ALTER DOMAIN age VALIDATE CONSTRAINT c;',
  'SELECT 1; COMMIT;',
  'UPDATE users SET age = 1;',
  'SELECT 1;',
];

const longNames = (test: string, ...numbers: readonly number[]): readonly string[] =>
  numbers.map((number) => `require_timeout_settings ${test} ${number}`);

const newTables = 'A table that the same file has made is nobody’s yet.';

/** Where one finds what the other does not. */
export const differences: readonly {
  readonly rule: string;
  readonly sql: readonly string[];
  /** Of squawk's own examples: file and test, with a number where a test has several. */
  readonly own?: readonly string[];
  readonly reason: string;
}[] = [
  {
    rule: 'adding-field-with-default',
    sql: [],
    own: ['adding_field_with_default default_random_with_args_err'],
    reason: 'A function of a known name with arguments that it does not take: the server has none.',
  },
  {
    rule: 'adding-foreign-key-constraint',
    sql: [
      'ALTER TABLE users ADD COLUMN a int REFERENCES teams (id);',
      'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES users (id);',
    ],
    reason: 'In a new column or table there is nothing to check: the locks are held for a moment, and told.',
  },
  {
    rule: 'ban-alter-domain-with-add-constraint',
    sql: ['ALTER DOMAIN age SET NOT NULL;'],
    own: ['ban_alter_domain_with_add_constraint ok'],
    reason: 'NOT NULL of a domain is a constraint like the others.',
  },
  {
    rule: 'ban-concurrent-index-creation-in-transaction',
    sql: ['BEGIN; DROP INDEX CONCURRENTLY i; COMMIT;'],
    own: ['ban_concurrent_index_creation_in_transaction assuming_in_transaction_ok'],
    reason:
      'The server refuses to drop one concurrently in a transaction too, and any as the only statement of a file, when the migration tool begins a transaction for each.',
  },
  {
    rule: 'ban-drop-column',
    sql: ['CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN a;'],
    reason: newTables,
  },
  {
    rule: 'changing-column-type',
    sql: ['CREATE TABLE t (a varchar(10)); ALTER TABLE t ALTER COLUMN a TYPE bigint USING a::bigint;'],
    reason: `${newTables} And a type that only gets wider (\`varchar(20)\` to \`varchar(40)\`, where the files tell the first) changes nothing for programs.`,
  },
  {
    rule: 'constraint-missing-not-valid',
    sql: [
      'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);',
      'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES users (id);',
    ],
    reason: newTables,
  },
  {
    rule: 'renaming-table',
    sql: ['BEGIN; ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people; COMMIT;'],
    reason: 'A view that takes the name over in the same transaction: no statement misses it.',
  },
  {
    rule: 'require-concurrent-index-creation',
    sql: ['CREATE TABLE t (a int); CREATE INDEX i ON t (a);'],
    reason: newTables,
  },
  {
    rule: 'require-concurrent-index-deletion',
    sql: ['BEGIN; DROP INDEX CONCURRENTLY i; COMMIT;', 'DROP INDEX CONCURRENTLY users_email;'],
    own: [
      'require_concurrent_index_deletion drop_index_concurrently_ok',
      'require_concurrent_index_deletion regression_false_positive_drop_type_ok',
    ],
    reason:
      'Without its index the old version is slow, however it was dropped: before contract that is told too.',
  },
  {
    rule: 'require-concurrent-reindex',
    sql: ['REINDEX (CONCURRENTLY 0, VERBOSE) INDEX i;', 'REINDEX (CONCURRENTLY false) INDEX i;'],
    own: ['require_concurrent_reindex reindex_system_ok'],
    reason:
      '`CONCURRENTLY false` blocks; so does what is done to the server’s own tables, where nothing else is possible.',
  },
  {
    rule: 'require-lock-timeout',
    sql: [
      'ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;',
      'ALTER DOMAIN age DROP CONSTRAINT c;',
      'ALTER DOMAIN age VALIDATE CONSTRAINT c;',
      'ALTER TABLE users VALIDATE CONSTRAINT f;',
      "ALTER TYPE mood ADD VALUE 'ok' AFTER 'sad';",
      'BEGIN; CREATE INDEX CONCURRENTLY i ON users (email); COMMIT;',
      'BEGIN; DROP INDEX CONCURRENTLY i; COMMIT;',
      'CREATE INDEX CONCURRENTLY i ON users (email);',
      'CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);',
      'CREATE TABLE t (a int); ALTER TABLE t DROP COLUMN a;',
      'CREATE TABLE t (a int); CREATE INDEX i ON t (a);',
      'CREATE TABLE t (a varchar(10)); ALTER TABLE t ALTER COLUMN a TYPE bigint USING a::bigint;',
      'DROP DATABASE shop;',
      'DROP INDEX CONCURRENTLY users_email;',
      'REINDEX (CONCURRENTLY) INDEX i;',
      'REINDEX TABLE CONCURRENTLY users;',
      'VACUUM (FULL off) users;',
      'VACUUM users;',
    ],
    own: [
      ...longNames('lock_kind_for_statement_variants', 3, 5, 7, 9, 13, 15),
      ...longNames('lock_kind_for_alter_table_variants', 4, 5, 6, 7, 8, 9, 10),
      ...longNames('lock_kind_for_explicit_lock_modes', 3, 5, 6, 9),
      ...longNames('lock_kind_for_reindex_concurrently_options', 1, 2),
      ...longNames('lock_kind_for_vacuum_full_options', 1, 5, 6, 7, 8, 9, 10),
      'require_timeout_settings err_vacuum_full_false_uses_non_full_lock',
      'require_timeout_settings err_other_ddl_operations',
      'require_timeout_settings err_comment_on_explains_lock_impact',
      'require_timeout_settings err_lock_access_share_uses_correct_article',
      'require_timeout_settings fix_multiple_ddl_statements',
    ],
    reason: 'Asked for only where the lock is one that reads or writes of a table in use have to wait for.',
  },
];
