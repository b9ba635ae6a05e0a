-- full_name beside name, kept equal by a trigger for whoever writes either.

CREATE FUNCTION teal_sync_users_full_name() RETURNS trigger LANGUAGE plpgsql AS $teal$
BEGIN
  IF TG_OP = 'INSERT' AND (NEW.full_name IS NOT NULL) THEN
    NEW.name := (SELECT full_name FROM (SELECT NEW.*) AS written);
  ELSIF TG_OP = 'INSERT' THEN
    NEW.full_name := (SELECT name FROM (SELECT NEW.*) AS written);
  ELSIF NEW.full_name IS DISTINCT FROM OLD.full_name THEN
    NEW.name := (SELECT full_name FROM (SELECT NEW.*) AS written);
  ELSIF NEW.name IS DISTINCT FROM OLD.name OR (NEW.full_name IS NULL) THEN
    NEW.full_name := (SELECT name FROM (SELECT NEW.*) AS written);
  END IF;
  RETURN NEW;
END
$teal$;

BEGIN;
ALTER TABLE users
  ADD COLUMN full_name text;
ALTER TABLE users ADD CONSTRAINT users_full_name_is_set CHECK (full_name IS NOT NULL) NOT VALID;
CREATE TRIGGER teal_sync_users_full_name BEFORE INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION teal_sync_users_full_name();
COMMIT;

-- By hand: what only this version has. Undo keeps its values aside, and the next backfill brings them back.
ALTER TABLE users ADD COLUMN locale text;
