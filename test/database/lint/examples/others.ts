import { contract, plain, type Examples } from './example.ts';

/** Rules about code, rights and partitions, and about what blocks, transactions, phases and files. */
export const others: Readonly<Record<string, Examples>> = {
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
  'partitioned-concurrently': {
    bad: {
      given: 'CREATE TABLE logs (a int) PARTITION BY LIST (a);',
      sql: 'CREATE INDEX CONCURRENTLY logs_a ON logs (a);',
    },
    safe: {
      given:
        'CREATE TABLE logs (a int) PARTITION BY LIST (a); CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);',
      sql: 'CREATE INDEX logs_a ON ONLY logs (a); CREATE INDEX CONCURRENTLY logs_1_a ON logs_1 (a); ALTER INDEX logs_a ATTACH PARTITION logs_1_a;',
    },
    near: contract(
      'DROP INDEX CONCURRENTLY logs_a;',
      'CREATE TABLE logs (a int); CREATE INDEX logs_a ON logs (a); CREATE TABLE more (a int) PARTITION BY LIST (a);',
    ),
  },
  'partitioned-using-index': {
    bad: contract(
      'ALTER TABLE logs ADD CONSTRAINT logs_key UNIQUE USING INDEX logs_key;',
      'CREATE TABLE logs_1 (a int); ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES IN (1);',
    ),
    safe: contract(
      'CREATE UNIQUE INDEX logs_key ON ONLY logs (a);',
      'CREATE TABLE logs (a int) PARTITION BY LIST (a);',
    ),
    near: contract(
      'ALTER TABLE logs_1 ADD CONSTRAINT logs_key UNIQUE USING INDEX logs_key;',
      'CREATE TABLE logs_1 (a int); ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES IN (1);',
    ),
  },
  'still-used': {
    bad: contract(
      'ALTER TABLE users DROP COLUMN name;',
      'CREATE TABLE users (id int, name text); CREATE VIEW named AS SELECT u.id, upper(u.name) FROM users u;',
    ),
    safe: contract(
      'BEGIN; DROP VIEW named; ALTER TABLE users DROP COLUMN name; CREATE VIEW named AS SELECT id FROM users; COMMIT;',
      'CREATE TABLE users (id int, name text); CREATE VIEW named AS SELECT u.id, upper(u.name) FROM users u;',
    ),
    near: contract(
      'ALTER TABLE users DROP COLUMN name;',
      'CREATE TABLE users (id int, name text); CREATE TABLE pets (name text); CREATE VIEW named AS SELECT u.id FROM users u, LATERAL (SELECT name FROM pets) AS p;',
    ),
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
