-- When the old version is gone: name with it.

BEGIN;
DROP TRIGGER teal_sync_users_full_name ON users;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_full_name_is_set;
ALTER TABLE users ALTER COLUMN full_name SET DEFAULT '';
ALTER TABLE users DROP COLUMN name;
COMMIT;

DROP FUNCTION teal_sync_users_full_name();
