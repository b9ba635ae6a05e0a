import type { Phase } from '../../../src/database/lint/phase.ts';
import type { ServerVersion } from '../../../src/database/sql/version.ts';

/** A migration, and what there is before it. */
export interface Case {
  readonly sql: string;
  /** Statements of an earlier migration. */
  readonly given?: string;
  /** Other phases of the same release. */
  readonly release?: Readonly<Partial<Record<Phase, string>>>;
  /** Default: expand; null: an ordinary migration. */
  readonly phase?: Phase | null;
  readonly version?: ServerVersion;
  readonly inTransaction?: boolean;
}

/** What a rule finds, the form that it proposes, and what only looks like it. */
export interface Examples {
  readonly bad: string | Case;
  readonly safe: string | Case;
  readonly near: string | Case;
}

const users =
  "CREATE TABLE users (id int PRIMARY KEY, name varchar(20) NOT NULL DEFAULT '', email text, age int);";
const contract = (sql: string, given = users): Case => ({ sql, given, phase: 'contract' });
const plain = (sql: string, given = users): Case => ({ sql, given, phase: null });

/** At least three for each rule; what they are of is told by a name that the rules have. */
export const examples: Readonly<Record<string, Examples>> = {
  'drop-column': {
    bad: 'ALTER TABLE users DROP COLUMN name;',
    safe: contract('ALTER TABLE users DROP COLUMN name;'),
    near: {
      sql: 'ALTER TABLE users DROP COLUMN nick;',
      phase: 'undo',
      release: { expand: 'ALTER TABLE users ADD COLUMN nick text;' },
    },
  },
  'drop-table': {
    bad: 'DROP TABLE users;',
    safe: contract('DROP TABLE users;'),
    near: 'CREATE TABLE scratch (id int); DROP TABLE scratch;',
  },
  'drop-view': {
    bad: 'DROP VIEW active_users;',
    safe: contract('DROP MATERIALIZED VIEW totals;'),
    near: 'CREATE VIEW v AS SELECT 1; DROP VIEW v;',
  },
  'drop-function': {
    bad: 'DROP FUNCTION price(int);',
    safe: contract('DROP FUNCTION price(int);'),
    near: {
      sql: 'DROP FUNCTION f();',
      phase: 'undo',
      release: { expand: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1';" },
    },
  },
  'drop-sequence': {
    bad: 'DROP SEQUENCE numbers;',
    safe: contract('DROP SEQUENCE numbers;'),
    near: 'CREATE SEQUENCE numbers; DROP SEQUENCE numbers;',
  },
  'drop-type': {
    bad: 'DROP TYPE mood;',
    safe: contract('DROP DOMAIN email;'),
    near: "CREATE TYPE mood AS ENUM ('sad'); DROP TYPE mood;",
  },
  'drop-schema': {
    bad: 'DROP SCHEMA billing;',
    safe: contract('DROP SCHEMA billing;'),
    near: 'CREATE SCHEMA billing; DROP SCHEMA billing;',
  },
  'drop-extension': {
    bad: 'DROP EXTENSION citext;',
    safe: contract('DROP EXTENSION citext;'),
    near: 'CREATE EXTENSION citext;',
  },
  'drop-database': {
    bad: contract('DROP DATABASE shop;'),
    safe: contract('DROP TABLE shop;'),
    near: "COMMENT ON DATABASE shop IS 'old';",
  },
  'drop-cascade': {
    bad: contract('DROP TABLE users CASCADE;'),
    safe: contract('DROP TABLE orders; DROP TABLE users;'),
    near: 'ALTER TABLE orders ADD CONSTRAINT o FOREIGN KEY (u) REFERENCES users ON DELETE CASCADE NOT VALID;',
  },
  'drop-index': {
    bad: contract('DROP INDEX users_email;'),
    safe: contract('DROP INDEX CONCURRENTLY users_email;'),
    near: 'CREATE TABLE t (a int); CREATE INDEX i ON t (a); DROP INDEX i;',
  },
  'rename-column': {
    bad: contract('ALTER TABLE users RENAME COLUMN name TO full_name;'),
    safe: 'ALTER TABLE users ADD COLUMN full_name varchar(20);',
    near: 'ALTER TABLE users ADD COLUMN nick text; ALTER TABLE users RENAME nick TO nickname;',
  },
  'rename-table': {
    bad: 'ALTER TABLE users RENAME TO people;',
    safe: 'BEGIN; ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people; COMMIT;',
    near: 'ALTER INDEX users_pkey RENAME TO people_pkey;',
  },
  'rename-constraint': {
    bad: 'ALTER TABLE users RENAME CONSTRAINT users_name_key TO users_names;',
    safe: "COMMENT ON CONSTRAINT users_name_key ON users IS 'names';",
    near: 'ALTER TRIGGER a ON users RENAME TO b;',
  },
  'rename-type': {
    bad: 'ALTER TYPE mood RENAME TO feeling;',
    safe: 'CREATE DOMAIN feeling AS mood;',
    near: "ALTER TYPE mood ADD VALUE 'great';",
  },
  'rename-schema': {
    bad: 'ALTER SCHEMA billing RENAME TO money;',
    safe: 'CREATE SCHEMA money; CREATE VIEW money.bills AS SELECT * FROM billing.bills;',
    near: 'CREATE SCHEMA a; ALTER SCHEMA a RENAME TO b;',
  },
  'rename-function': {
    bad: 'ALTER FUNCTION price(int) RENAME TO cost;',
    safe: "CREATE FUNCTION cost(int) RETURNS int LANGUAGE sql AS 'select $1';",
    near: 'ALTER FUNCTION price(int) STABLE;',
  },
  'rename-sequence': {
    bad: 'ALTER SEQUENCE numbers RENAME TO digits;',
    safe: 'CREATE SEQUENCE digits;',
    near: 'ALTER SEQUENCE numbers INCREMENT 2;',
  },
  'enum-rename-value': {
    bad: "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';",
    safe: "ALTER TYPE mood ADD VALUE 'blue';",
    near: "COMMENT ON TYPE mood IS 'sad or ok';",
  },
  'set-schema': {
    bad: 'ALTER TABLE users SET SCHEMA people;',
    safe: 'CREATE VIEW people.users AS SELECT * FROM users;',
    near: 'CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA people;',
  },
  'add-required-column': {
    bad: 'ALTER TABLE users ADD COLUMN born date NOT NULL;',
    safe: 'ALTER TABLE users ADD COLUMN born date;',
    near: "ALTER TABLE users ADD COLUMN born date NOT NULL DEFAULT '1970-01-01';",
  },
  'add-column': {
    bad: 'ALTER TABLE users ADD COLUMN born date;',
    safe: 'CREATE TABLE births (user_id int, born date);',
    near: 'CREATE TABLE births (user_id int); ALTER TABLE births ADD COLUMN born date;',
  },
  'json-column': {
    bad: 'ALTER TABLE users ADD COLUMN extra json;',
    safe: 'ALTER TABLE users ADD COLUMN extra jsonb;',
    near: 'ALTER TABLE users ADD COLUMN json text;',
  },
  'set-not-null': {
    bad: 'ALTER TABLE users ALTER email SET NOT NULL;',
    safe: contract('ALTER TABLE users ALTER email SET NOT NULL;'),
    near: 'CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL;',
  },
  'drop-not-null': {
    bad: 'ALTER TABLE users ALTER name DROP NOT NULL;',
    safe: contract('ALTER TABLE users ALTER name DROP NOT NULL;'),
    near: 'ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 1; ALTER TABLE users ALTER a DROP NOT NULL;',
  },
  'drop-default': {
    bad: 'ALTER TABLE users ALTER name DROP DEFAULT;',
    safe: contract('ALTER TABLE users ALTER name DROP DEFAULT;'),
    near: { given: users, sql: 'ALTER TABLE users ALTER email DROP DEFAULT;' },
  },
  'change-default': {
    bad: "ALTER TABLE users ALTER name SET DEFAULT 'nobody';",
    safe: contract("ALTER TABLE users ALTER name SET DEFAULT 'nobody';"),
    near: "ALTER TABLE users ADD COLUMN nick text; ALTER TABLE users ALTER nick SET DEFAULT '';",
  },
  'identity-always': {
    bad: 'ALTER TABLE users ALTER id ADD GENERATED ALWAYS AS IDENTITY;',
    safe: 'ALTER TABLE users ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;',
    near: contract('ALTER TABLE users ALTER id SET GENERATED ALWAYS;'),
  },
  'drop-generated': {
    bad: 'ALTER TABLE users ALTER full_name DROP EXPRESSION;',
    safe: contract('ALTER TABLE users ALTER full_name DROP EXPRESSION;'),
    near: 'ALTER TABLE users ALTER full_name SET STORAGE EXTERNAL;',
  },
  'change-type': {
    bad: { given: users, sql: 'ALTER TABLE users ALTER age TYPE bigint;' },
    safe: { given: users, sql: 'ALTER TABLE users ADD COLUMN age_long bigint;' },
    near: { given: users, sql: 'ALTER TABLE users ALTER name TYPE varchar(40);' },
  },
  'enum-add-value': {
    bad: "ALTER TYPE mood ADD VALUE 'great';",
    safe: contract("ALTER TYPE mood ADD VALUE 'great';"),
    near: "CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'great';",
  },
  'enum-value-in-transaction': {
    bad: "BEGIN; ALTER TYPE mood ADD VALUE 'great'; UPDATE users SET mood = 'great' WHERE id = 1; COMMIT;",
    safe: "ALTER TYPE mood ADD VALUE 'great'; BEGIN; UPDATE users SET mood = 'great' WHERE id = 1; COMMIT;",
    near: "BEGIN; ALTER TYPE mood ADD VALUE 'great'; COMMIT; UPDATE users SET mood = 'great' WHERE id = 1;",
  },
  'domain-constraint': {
    bad: 'ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;',
    safe: contract('ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;'),
    near: 'ALTER DOMAIN age VALIDATE CONSTRAINT c;',
  },
  'add-unique': {
    bad: 'CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);',
    safe: contract('CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);'),
    near: 'ALTER TABLE users ADD COLUMN nick text; CREATE UNIQUE INDEX CONCURRENTLY users_nick ON users (nick);',
  },
  'add-check': {
    bad: 'ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID;',
    safe: contract('ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID;'),
    near: { sql: 'ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT ENFORCED;', version: 18 },
  },
  'add-foreign-key': {
    bad: 'ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams NOT VALID;',
    safe: contract('ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams NOT VALID;'),
    near: 'ALTER TABLE users ADD COLUMN team int; ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams NOT VALID;',
  },
  'drop-constraint': {
    bad: 'ALTER TABLE users DROP CONSTRAINT users_email_key;',
    safe: contract('ALTER TABLE users DROP CONSTRAINT users_email_key;'),
    near: {
      given: 'CREATE TABLE users (age int, CONSTRAINT grown CHECK (age > 17));',
      sql: 'ALTER TABLE users DROP CONSTRAINT grown;',
    },
  },
  'drop-foreign-key': {
    bad: {
      given:
        'CREATE TABLE teams (id int PRIMARY KEY); CREATE TABLE users (team int CONSTRAINT member REFERENCES teams);',
      sql: 'ALTER TABLE users DROP CONSTRAINT member;',
      phase: 'contract',
    },
    safe: contract(
      'ALTER TABLE users DROP CONSTRAINT grown;',
      'CREATE TABLE users (age int, CONSTRAINT grown CHECK (age > 17));',
    ),
    near: 'CREATE TABLE t (a int CONSTRAINT t_fk REFERENCES u); ALTER TABLE t DROP CONSTRAINT t_fk;',
  },
  'foreign-key-without-index': {
    bad: 'ALTER TABLE users ADD COLUMN team int REFERENCES teams;',
    safe: 'ALTER TABLE users ADD COLUMN team int; CREATE INDEX CONCURRENTLY users_team ON users (team); ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (team) REFERENCES teams NOT VALID;',
    near: 'ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (told_nowhere) REFERENCES teams NOT VALID;',
  },
  'replace-function': {
    bad: "CREATE OR REPLACE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'select 2';",
    safe: "CREATE FUNCTION price_2(int) RETURNS int LANGUAGE sql AS 'select 2';",
    near: "CREATE OR REPLACE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';",
  },
  'function-overload': {
    bad: {
      given: "CREATE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'select 2';",
      sql: "CREATE FUNCTION price(bigint) RETURNS int LANGUAGE sql AS 'select 2';",
    },
    safe: {
      given: "CREATE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'select 2';",
      sql: "CREATE FUNCTION long_price(bigint) RETURNS int LANGUAGE sql AS 'select 2';",
    },
    near: "CREATE FUNCTION price(bigint) RETURNS int LANGUAGE sql AS 'select 2';",
  },
  'replace-view': {
    bad: 'CREATE OR REPLACE VIEW active AS SELECT * FROM users WHERE age > 1;',
    safe: 'CREATE VIEW active_2 AS SELECT * FROM users WHERE age > 1;',
    near: 'CREATE VIEW active AS SELECT 1; CREATE OR REPLACE VIEW active AS SELECT 2;',
  },
  'add-trigger': {
    bad: 'CREATE TRIGGER sync BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();',
    safe: contract('CREATE TRIGGER sync BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();'),
    near: 'CREATE TABLE t (a int); CREATE TRIGGER sync BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();',
  },
  'add-rule': {
    bad: 'CREATE RULE quiet AS ON DELETE TO users DO INSTEAD NOTHING;',
    safe: 'CREATE VIEW people AS SELECT * FROM users; CREATE RULE quiet AS ON DELETE TO people DO INSTEAD NOTHING;',
    near: contract('CREATE RULE quiet AS ON DELETE TO users DO INSTEAD NOTHING;'),
  },
  'disable-trigger': {
    bad: 'ALTER TABLE users DISABLE TRIGGER ALL;',
    safe: "SET session_replication_role = 'replica';",
    near: 'ALTER TABLE users ENABLE TRIGGER ALL;',
  },
  revoke: {
    bad: 'REVOKE SELECT ON users FROM app;',
    safe: contract('REVOKE SELECT ON users FROM app;'),
    near: 'GRANT SELECT ON users TO app;',
  },
  'missing-grant': {
    bad: 'CREATE TABLE a (id int); CREATE TABLE b (id int); GRANT SELECT ON a TO app;',
    safe: 'CREATE TABLE a (id int); CREATE TABLE b (id int); GRANT SELECT ON a, b TO app;',
    near: 'CREATE TABLE a (id int);',
  },
  'row-security': {
    bad: 'ALTER TABLE users ENABLE ROW LEVEL SECURITY;',
    safe: contract('ALTER TABLE users ENABLE ROW LEVEL SECURITY;'),
    near: 'ALTER TABLE users DISABLE ROW LEVEL SECURITY;',
  },
  'do-block': {
    bad: 'DO $$ BEGIN DROP TABLE users; END $$;',
    safe: 'CREATE TABLE a (id int);',
    near: 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DROP TABLE users; END $$;',
  },
  'detach-partition': {
    bad: 'ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY;',
    safe: contract('ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY;'),
    near: 'ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES IN (1);',
  },
  'detach-partition-locks': {
    bad: contract('ALTER TABLE logs DETACH PARTITION logs_1;'),
    safe: contract('ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY;'),
    near: 'CREATE TABLE logs (a int) PARTITION BY LIST (a); ALTER TABLE logs DETACH PARTITION logs_1;',
  },
  'create-partition-locks': {
    bad: 'CREATE TABLE logs_9 PARTITION OF logs FOR VALUES IN (9);',
    safe: 'CREATE TABLE logs_9 (LIKE logs INCLUDING ALL); ALTER TABLE logs ATTACH PARTITION logs_9 FOR VALUES IN (9);',
    near: 'CREATE TABLE logs (a int) PARTITION BY LIST (a); CREATE TABLE logs_9 PARTITION OF logs FOR VALUES IN (9);',
  },
  'add-column-blocks': {
    bad: 'ALTER TABLE users ADD COLUMN key uuid DEFAULT gen_random_uuid();',
    safe: 'ALTER TABLE users ADD COLUMN key uuid; ALTER TABLE users ALTER key SET DEFAULT gen_random_uuid();',
    near: 'ALTER TABLE users ADD COLUMN made timestamptz DEFAULT now();',
  },
  'change-type-blocks': {
    bad: contract('ALTER TABLE users ALTER age TYPE bigint;'),
    safe: 'ALTER TABLE users ADD COLUMN age_long bigint;',
    near: contract('ALTER TABLE users ALTER name TYPE text;'),
  },
  'set-not-null-blocks': {
    bad: contract('ALTER TABLE users ALTER email SET NOT NULL;'),
    safe: contract(
      'ALTER TABLE users ADD CONSTRAINT e CHECK (email IS NOT NULL) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT e; ALTER TABLE users ALTER email SET NOT NULL;',
    ),
    near: contract('ALTER TABLE users ALTER name SET NOT NULL;'),
  },
  'add-constraint-blocks': {
    bad: contract('ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0);'),
    safe: contract(
      'ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c;',
    ),
    near: contract('ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX users_email;'),
  },
  'domain-constraint-blocks': {
    bad: contract('ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0);'),
    safe: contract(
      'ALTER DOMAIN age ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID; ALTER DOMAIN age VALIDATE CONSTRAINT c;',
    ),
    near: 'ALTER DOMAIN age DROP CONSTRAINT c;',
  },
  'create-index-blocks': {
    bad: 'CREATE INDEX users_email ON users (email);',
    safe: 'CREATE INDEX CONCURRENTLY users_email ON users (email);',
    near: 'CREATE TABLE t (a int); CREATE INDEX t_a ON t (a);',
  },
  'reindex-blocks': {
    bad: 'REINDEX TABLE users;',
    safe: 'REINDEX TABLE CONCURRENTLY users;',
    near: 'CREATE TABLE t (a int); REINDEX TABLE t;',
  },
  'partition-blocks': {
    bad: 'ALTER TABLE logs ATTACH PARTITION full_of_rows FOR VALUES IN (1);',
    safe: 'CREATE TABLE logs_1 (LIKE logs); ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES IN (1);',
    near: 'CREATE TABLE logs_2 PARTITION OF logs FOR VALUES IN (2);',
  },
  'rewrite-blocks': {
    bad: contract('VACUUM FULL users;'),
    safe: contract('VACUUM users;'),
    near: 'REFRESH MATERIALIZED VIEW CONCURRENTLY totals;',
  },
  'several-tables-locked': {
    bad: 'BEGIN; ALTER TABLE users ADD COLUMN a int; ALTER TABLE orders ADD COLUMN a int; COMMIT;',
    safe: 'BEGIN; ALTER TABLE users ADD COLUMN a int; COMMIT; BEGIN; ALTER TABLE orders ADD COLUMN a int; COMMIT;',
    near: 'BEGIN; ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int; COMMIT;',
  },
  'work-after-lock': {
    bad: 'BEGIN; ALTER TABLE users ADD COLUMN a int; UPDATE users SET a = 1 WHERE a IS NULL; COMMIT;',
    safe: {
      sql: 'UPDATE users SET a = 1 WHERE a IS NULL;',
      phase: 'backfill',
      release: { expand: 'ALTER TABLE users ADD COLUMN a int;' },
    },
    near: "BEGIN; ALTER TABLE users ADD COLUMN a int; INSERT INTO settings VALUES ('a', 1); COMMIT;",
  },
  'nested-transaction': {
    bad: 'BEGIN; BEGIN; COMMIT;',
    safe: 'BEGIN; SAVEPOINT a; COMMIT;',
    near: 'BEGIN; COMMIT; BEGIN; COMMIT;',
  },
  'uncommitted-transaction': {
    bad: 'BEGIN; CREATE TABLE t (a int);',
    safe: 'BEGIN; CREATE TABLE t (a int); COMMIT;',
    near: 'CREATE TABLE t (a int);',
  },
  'concurrently-in-transaction': {
    bad: plain('BEGIN; CREATE INDEX CONCURRENTLY i ON users (email); COMMIT;'),
    safe: plain('BEGIN; COMMIT; CREATE INDEX CONCURRENTLY i ON users (email);'),
    near: { sql: 'REFRESH MATERIALIZED VIEW CONCURRENTLY totals;', phase: null, inTransaction: true },
  },
  'index-if-not-exists': {
    bad: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (email);',
    safe: 'DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON users (email);',
    near: 'CREATE TABLE t (a int); CREATE INDEX IF NOT EXISTS i ON t (a);',
  },
  'lock-timeout': {
    bad: plain('ALTER TABLE users ADD COLUMN a int;'),
    safe: plain("SET lock_timeout = '200ms'; ALTER TABLE users ADD COLUMN a int;"),
    near: 'ALTER TABLE users ADD COLUMN a int;',
  },
  'mass-write': {
    bad: 'UPDATE users SET age = 1;',
    safe: { sql: 'UPDATE users SET age = 1 WHERE age IS NULL;', phase: 'backfill' },
    near: 'CREATE TABLE t (a int); UPDATE t SET a = 1;',
  },
  truncate: {
    bad: 'TRUNCATE users;',
    safe: 'CREATE TABLE users_2 (a int);',
    near: 'CREATE TABLE t (a int); TRUNCATE t;',
  },
  'backfill-schema': {
    bad: { sql: 'ALTER TABLE users ADD COLUMN a int;', phase: 'backfill' },
    safe: { sql: 'ALTER TABLE users VALIDATE CONSTRAINT c;', phase: 'backfill' },
    near: 'ALTER TABLE users ADD COLUMN a int;',
  },
  'contract-adds': {
    bad: contract('ALTER TABLE users ADD COLUMN a int;'),
    safe: 'ALTER TABLE users ADD COLUMN a int;',
    near: contract('ALTER TABLE users ALTER email SET NOT NULL;'),
  },
  'undo-adds': {
    bad: { sql: 'ALTER TABLE users ADD COLUMN name text;', phase: 'undo' },
    safe: {
      sql: 'ALTER TABLE users DROP COLUMN nick;',
      phase: 'undo',
      release: { expand: 'ALTER TABLE users ADD COLUMN nick text;' },
    },
    near: { sql: 'CREATE TABLE teal_saved_users_nick (id int PRIMARY KEY, nick text);', phase: 'undo' },
  },
  'server-too-old': {
    bad: { sql: 'ALTER TABLE users ADD COLUMN b int GENERATED ALWAYS AS (age * 2) VIRTUAL;', version: 17 },
    safe: { sql: 'ALTER TABLE users ADD COLUMN b int GENERATED ALWAYS AS (age * 2) VIRTUAL;', version: 18 },
    near: { sql: 'ALTER TABLE users ADD COLUMN b int GENERATED ALWAYS AS (age * 2) STORED;', version: 14 },
  },
};
