-- All that this version asks of its database. `name` has become `full_name`, and `locale` is new.

-- name: sign-up
INSERT INTO users (email, full_name, locale) VALUES ($1, $2, $3)
RETURNING email, full_name AS name, locale, revision;

-- name: sign-up-unnamed
INSERT INTO users (email) VALUES ($1) RETURNING email, full_name AS name, locale, revision;

-- name: put
INSERT INTO users (email, full_name, locale) VALUES ($1, $2, $3)
ON CONFLICT (email) DO UPDATE
  SET full_name = excluded.full_name, locale = coalesce(excluded.locale, users.locale), revision = users.revision + 1
RETURNING email, full_name AS name, locale, revision;

-- name: rename
UPDATE users SET full_name = $2, locale = coalesce($3, locale), revision = revision + 1 WHERE email = $1
RETURNING email, full_name AS name, locale, revision;

-- name: touch
UPDATE users SET revision = revision + 1 WHERE email = $1 RETURNING email, full_name AS name, locale, revision;

-- name: find
SELECT email, full_name AS name, locale, revision FROM users WHERE email = $1;
