-- The table of the first version. Both environments use it, each with a role of its own.

CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE,
  name text NOT NULL DEFAULT '',
  -- One more with each write: two writers who both get the same number have lost one of the two.
  revision int NOT NULL DEFAULT 1
);

GRANT SELECT, INSERT, UPDATE ON users TO app_blue, app_green;
