import { contract, users, type Examples } from './example.ts';

/** Rules about tables, their columns and constraints, and what is dropped or renamed. */
export const tables: Readonly<Record<string, Examples>> = {
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
};
