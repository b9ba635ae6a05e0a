-- All that this version asks of its database. Columns are named, so that one more changes no answer.

-- name: sign-up
INSERT INTO users (email, name) VALUES ($1, $2) RETURNING email, name, revision;

-- name: sign-up-unnamed
INSERT INTO users (email) VALUES ($1) RETURNING email, name, revision;

-- name: put
INSERT INTO users (email, name) VALUES ($1, $2)
ON CONFLICT (email) DO UPDATE SET name = excluded.name, revision = users.revision + 1
RETURNING email, name, revision;

-- name: rename
UPDATE users SET name = $2, revision = revision + 1 WHERE email = $1 RETURNING email, name, revision;

-- name: touch
UPDATE users SET revision = revision + 1 WHERE email = $1 RETURNING email, name, revision;

-- name: find
SELECT email, name, revision FROM users WHERE email = $1;
