-- When the new version is gone, and before the old one is alone again. In one transaction: a trigger without
-- its columns would fail every write.

BEGIN;
DROP TRIGGER teal_sync_users_full_name ON users;
ALTER TABLE users
  DROP COLUMN full_name;
COMMIT;

DROP FUNCTION teal_sync_users_full_name();

ALTER TABLE users DROP COLUMN locale;
