/**
 * What each kind of change does to the statements of the recorded corpus, known from the documentation of PostgreSQL and from what the
 * statements say. `breaks`: some statement of the corpus always fails afterwards · `depends`: some fails for some values or rows ·
 * `visible`: none fails, some gives or means something else · `safe`: nobody notices, but that a named prepared statement with `*` has to
 * be prepared again.
 */
export type Truth = 'breaks' | 'depends' | 'visible' | 'safe';

export const truths: readonly Truth[] = ['breaks', 'depends', 'visible', 'safe'];

export interface Kind {
  readonly name: string;
  readonly truth: Truth;
  readonly sql: string;
}

const kinds = (truth: Truth, all: Readonly<Record<string, string>>): readonly Kind[] =>
  Object.entries(all).map(([name, sql]) => ({ name, truth, sql }));

const breaks = kinds('breaks', {
  'drop a column': 'ALTER TABLE users DROP COLUMN nickname',
  'drop a table': 'DROP TABLE legacy',
  'drop a view': 'DROP VIEW active_users',
  'drop a materialized view': 'DROP MATERIALIZED VIEW order_totals',
  'drop a function': 'DROP FUNCTION discount(numeric)',
  'another argument of a function': `DROP FUNCTION discount(numeric);
    CREATE FUNCTION discount(amount numeric, rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT amount * rate'`,
  'a function whose body fails': `CREATE OR REPLACE FUNCTION greet(who text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'gone'; END $$`,
  'drop a sequence': 'DROP SEQUENCE ticket_seq',
  'drop a domain': 'ALTER TABLE contacts ALTER address TYPE text; DROP DOMAIN email',
  'rename a type': 'ALTER TYPE status RENAME TO order_status',
  'move a table to another schema': 'CREATE SCHEMA old; ALTER TABLE legacy SET SCHEMA old',
  'rename a schema': 'ALTER SCHEMA billing RENAME TO accounting',
  'rename a column': 'ALTER TABLE users RENAME COLUMN name TO full_name',
  'rename a table': 'ALTER TABLE contacts RENAME TO people',
  'rename a constraint': 'ALTER TABLE users RENAME CONSTRAINT users_email_key TO users_email_unique',
  'rename an enum value': "ALTER TYPE status RENAME VALUE 'paid' TO 'settled'",
  'a NOT NULL column without a default': 'ALTER TABLE legacy ADD COLUMN owner text NOT NULL',
  'drop a default of a NOT NULL column': 'ALTER TABLE users ALTER COLUMN active DROP DEFAULT',
  'NOT NULL where inserts leave the column out': 'ALTER TABLE contacts ALTER COLUMN tag SET NOT NULL',
  'text to jsonb': 'ALTER TABLE orders ALTER COLUMN note TYPE jsonb USING to_jsonb(note)',
  'integer to text': 'ALTER TABLE users ALTER COLUMN age TYPE text USING age::text',
  'a new column of type json': 'ALTER TABLE badges ADD COLUMN extra json',
  'drop a unique constraint that ON CONFLICT needs': 'DROP INDEX visits_user_path',
  'drop a primary key that GROUP BY needs': 'ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE',
  'a new column that makes a name ambiguous': 'ALTER TABLE orders ADD COLUMN email text',
  'a new column for INSERT … SELECT *': 'ALTER TABLE items ADD COLUMN gift boolean NOT NULL DEFAULT false',
  'take a right away': 'REVOKE UPDATE ON users FROM node_pg',
  'row security without a policy for inserts': `ALTER TABLE rooms ENABLE ROW LEVEL SECURITY; CREATE POLICY see ON rooms FOR SELECT USING (true)`,
  'a trigger that refuses': `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no more'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON legacy FOR EACH ROW EXECUTE FUNCTION refuse()`,
  'a view without one of its columns':
    'DROP VIEW active_users; CREATE VIEW active_users AS SELECT id, email FROM users WHERE active; GRANT SELECT ON active_users TO PUBLIC',
  'identity ALWAYS': 'ALTER TABLE contacts ALTER COLUMN id SET GENERATED ALWAYS',
  'a column that becomes computed': `ALTER TABLE users DROP COLUMN nickname; ALTER TABLE users ADD COLUMN nickname text GENERATED ALWAYS AS (lower(email)) STORED`,
  'detach a partition': 'ALTER TABLE events DETACH PARTITION events_2020',
});

const depends = kinds('depends', {
  'NOT NULL where programs may write NULL':
    "UPDATE users SET bio = '' WHERE bio IS NULL; ALTER TABLE users ALTER COLUMN bio SET DEFAULT '', ALTER COLUMN bio SET NOT NULL",
  'a unique constraint': 'ALTER TABLE contacts ADD CONSTRAINT contacts_phone_key UNIQUE (phone)',
  'an exclusion constraint':
    'ALTER TABLE rooms ADD CONSTRAINT rooms_name_excl EXCLUDE USING hash (name WITH =)',
  'a check': 'ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age >= 0 AND age < 200)',
  'a check that is not valid yet':
    'ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total < 100000) NOT VALID',
  'a foreign key':
    'ALTER TABLE visits ADD CONSTRAINT visits_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID',
  'a shorter varchar': 'ALTER TABLE contacts ALTER COLUMN tag TYPE varchar(5)',
  'bigint to integer': 'ALTER TABLE visits ALTER COLUMN big TYPE integer',
  'a constraint of a domain': "ALTER DOMAIN email ADD CONSTRAINT email_at CHECK (VALUE LIKE '%@%') NOT VALID",
});

const visible = kinds('visible', {
  'integer to bigint': 'ALTER TABLE billing.invoices ALTER COLUMN amount TYPE bigint',
  'a column that may be NULL now': 'ALTER TABLE users ALTER COLUMN name DROP NOT NULL',
  'a new enum value': "ALTER TYPE mood ADD VALUE 'thrilled'",
  'another default': 'ALTER TABLE users ALTER COLUMN active SET DEFAULT false',
  'timestamp to timestamptz': 'ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz',
  'json to jsonb': 'ALTER TABLE settings ALTER COLUMN value TYPE jsonb USING value::jsonb',
  'a view with another filter':
    'CREATE OR REPLACE VIEW active_users AS SELECT id, email, name FROM users WHERE active AND age > 18',
  'row security that hides rows':
    'ALTER TABLE legacy ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON legacy USING (id < 0) WITH CHECK (true)',
  'another body of a function':
    "CREATE OR REPLACE FUNCTION discount(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT amount * 0.8'",
  'a function that fits better':
    "CREATE FUNCTION greet(who varchar) RETURNS text LANGUAGE sql AS 'SELECT who'",
  'a trigger that changes values': `CREATE FUNCTION upper_code() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code := upper(NEW.code); RETURN NEW; END $$;
    CREATE TRIGGER upper_code BEFORE INSERT ON legacy FOR EACH ROW EXECUTE FUNCTION upper_code()`,
});

const safe = kinds('safe', {
  'a new column': 'ALTER TABLE users ADD COLUMN city text',
  'a new column with a constant default': "ALTER TABLE visits ADD COLUMN source text NOT NULL DEFAULT 'web'",
  'a longer varchar': 'ALTER TABLE contacts ALTER COLUMN tag TYPE varchar(80)',
  'a new index': 'CREATE INDEX CONCURRENTLY orders_note ON orders (note)',
  'another name of an index': 'ALTER INDEX orders_placed RENAME TO orders_placed_at',
  'a new table': 'CREATE TABLE carts (id bigserial PRIMARY KEY, user_id integer REFERENCES users (id))',
  'a NOT NULL column that a trigger fills in': `ALTER TABLE legacy ADD COLUMN owner text;
    CREATE FUNCTION legacy_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.owner := coalesce(NEW.owner, 'nobody'); RETURN NEW; END $$;
    CREATE TRIGGER legacy_owner BEFORE INSERT OR UPDATE ON legacy FOR EACH ROW EXECUTE FUNCTION legacy_owner();
    UPDATE legacy SET owner = owner; ALTER TABLE legacy ALTER COLUMN owner SET NOT NULL`,
  'a view by the new name': 'CREATE VIEW people AS SELECT * FROM contacts; GRANT ALL ON people TO PUBLIC',
  'a table renamed behind a view of its old name': `BEGIN; ALTER TABLE legacy RENAME TO codes; CREATE VIEW legacy AS SELECT * FROM codes;
    GRANT ALL ON legacy TO PUBLIC; COMMIT`,
});

/** 33 that always break something, 9 that depend on rows or values, 11 that programs notice, 9 that nobody has to mind. */
export const matrix: readonly Kind[] = [...breaks, ...depends, ...visible, ...safe];
