/** All SQL of the SQLite store, and its schema. */

/** "Teal" in ASCII, in the header of the file: a database of another program is never touched. */
export const applicationId = 0x54_65_61_6c;

/** Version of the schema below. A file with a higher one was written by a newer Teal and is refused. */
export const schemaVersion = 4;

/** Since version 2. */
const evidence = `
  -- What the judge of a release knows after its last tick.
  CREATE TABLE judge (
    stream TEXT NOT NULL,
    release TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    memory TEXT NOT NULL,
    PRIMARY KEY (stream, release)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tick (
    stream TEXT NOT NULL,
    release TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (stream, release, seq)
  ) STRICT, WITHOUT ROWID;
`;

/** Since version 3; what they hold is computed, see hashes.ts. */
const hashes = `
  ALTER TABLE event ADD COLUMN hash TEXT NOT NULL DEFAULT '';
  ALTER TABLE stream ADD COLUMN hash TEXT NOT NULL DEFAULT '';
  ALTER TABLE stream ADD COLUMN prunedHash TEXT NOT NULL DEFAULT '';
  ALTER TABLE snapshot ADD COLUMN hash TEXT NOT NULL DEFAULT '';
`;

/** The version whose upgrade needs the hashes of what is there. */
export const hashedSince = 3;

/** Since version 3. */
const requests = `
  -- Requests that are to be done once; no status: not answered yet.
  CREATE TABLE request (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    after INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    status INTEGER,
    body TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX request_expires ON request (expires);
`;

/** Since version 4. */
const sent = `
  -- What each version of an app sends to its database; no version: how far the counting is.
  CREATE TABLE statement (
    stream TEXT NOT NULL,
    build TEXT NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (stream, build)
  ) STRICT, WITHOUT ROWID;
`;

/** What brings a file of an older schema to this one, in one transaction; nothing that was in it changes. */
export const upgrades: readonly { readonly from: number; readonly sql: string }[] = [
  { from: 1, sql: `${evidence} PRAGMA user_version = 2;` },
  { from: 2, sql: `${hashes} ${requests} PRAGMA user_version = 3;` },
  { from: 3, sql: `${sent} PRAGMA user_version = 4;` },
];

export const create = `
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};

  -- One row per stream that ever had an event; its version outlives the events that are pruned.
  CREATE TABLE stream (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version >= pruned),
    pruned INTEGER NOT NULL DEFAULT 0 CHECK (pruned >= 0)
  ) STRICT, WITHOUT ROWID;

  -- AUTOINCREMENT: a position is never given twice, also when the newest events are gone.
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL REFERENCES stream (name),
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (stream, version)
  ) STRICT;

  CREATE TABLE snapshot (
    stream TEXT PRIMARY KEY REFERENCES stream (name),
    version INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  ${evidence}
  ${hashes}
  ${requests}
  ${sent}
`;

/** Before `create`, outside any transaction; it stays in the file. */
export const walMode = 'PRAGMA journal_mode = WAL';

/**
 * Of every connection. FULL: a commit is on disk when it returns, also through a power cut (NORMAL syncs the WAL
 * only at checkpoints). A second: calls block the event loop, and nobody but another Teal by mistake writes here.
 */
export const connection = `
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 1000;
  PRAGMA foreign_keys = ON;
  PRAGMA journal_size_limit = 4194304;
`;

/** A test's way to a full disk. */
export const limitPages = (pages: number): string => `PRAGMA max_page_count = ${pages}`;

export const begin = 'BEGIN IMMEDIATE';
export const commit = 'COMMIT';
export const rollback = 'ROLLBACK';

export const checks = {
  pages: 'PRAGMA quick_check(1)',
  applicationId: 'PRAGMA application_id',
  schemaVersion: 'PRAGMA user_version',
  foreignKeys: 'PRAGMA foreign_key_check',
  /** A stream whose events do not run without gap from `pruned` to its version. */
  gaps: `
    SELECT stream.name AS name
    FROM stream LEFT JOIN event ON event.stream = stream.name
    GROUP BY stream.name
    HAVING count(event.seq) <> stream.version - stream.pruned
      OR coalesce(min(event.version), stream.pruned + 1) <> stream.pruned + 1
      OR coalesce(max(event.version), stream.version) <> stream.version
    LIMIT 1`,
  /** A stream whose pruned events no snapshot stands for. */
  uncovered: `
    SELECT stream.name AS name
    FROM stream LEFT JOIN snapshot ON snapshot.stream = stream.name
    WHERE stream.pruned > coalesce(snapshot.version, 0) OR stream.version < snapshot.version
    LIMIT 1`,
  lastSeq: "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) AS seq",
} as const;

const columns = 'seq, stream, version, at, actor, reason, type, data';

export const statements = {
  stream: 'SELECT version, pruned, hash FROM stream WHERE name = ?',
  streams: 'SELECT name FROM stream ORDER BY name',
  advance: `
    INSERT INTO stream (name, version, hash) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, hash = excluded.hash`,
  insert: `
    INSERT INTO event (stream, version, at, actor, reason, type, data, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  // A negative limit is none.
  read: `SELECT ${columns} FROM event WHERE stream = ? AND version > ? ORDER BY version LIMIT ?`,
  recent: `SELECT ${columns} FROM event WHERE seq < ? AND substr(stream, 1, 1) <> '@' ORDER BY seq DESC LIMIT ?`,
  // By version, which within a stream is the order of seq and has the index.
  recentOf: `SELECT ${columns} FROM event WHERE stream = ? AND seq < ? ORDER BY version DESC LIMIT ?`,
  since: `SELECT ${columns} FROM event WHERE seq > ? ORDER BY seq LIMIT ?`,
  // The plus keeps SQLite from the index of the stream, of which it would read everything: who follows asks for the newest few.
  sinceOf: `SELECT ${columns} FROM event WHERE +stream = ? AND seq > ? ORDER BY seq LIMIT ?`,
  snapshot: 'SELECT version, shape, state FROM snapshot WHERE stream = ?',
  // Of two snapshots the later one stays; one of the same version may have a new shape.
  saveSnapshot: `
    INSERT INTO snapshot (stream, version, shape, state, hash) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, shape = excluded.shape, state = excluded.state, hash = excluded.hash
    WHERE excluded.version >= snapshot.version`,
  // The last version that may go: covered by the snapshot, and no event up to it is young.
  prunable: `
    SELECT stream.name AS name,
      min(snapshot.version, coalesce(
        (SELECT min(event.version) - 1 FROM event WHERE event.stream = stream.name AND event.at >= ?),
        stream.version)) AS upTo
    FROM stream JOIN snapshot ON snapshot.stream = stream.name
    WHERE upTo > stream.pruned`,
  prune: 'DELETE FROM event WHERE stream = ? AND version <= ?',
  setPruned: 'UPDATE stream SET pruned = ?, prunedHash = ? WHERE name = ?',
  placeOf: 'SELECT seq, hash FROM event WHERE stream = ? AND version = ?',
  raise: `
    INSERT INTO counter (name, value) VALUES ('pruned', ?)
    ON CONFLICT (name) DO UPDATE SET value = max(counter.value, excluded.value)`,
  pruned: "SELECT value FROM counter WHERE name = 'pruned'",
  probe: `
    INSERT INTO counter (name, value) VALUES ('probe', 1)
    ON CONFLICT (name) DO UPDATE SET value = counter.value + 1`,
  reserve: `
    INSERT INTO counter (name, value) VALUES ('generation', ?)
    ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value
    RETURNING value`,
  secret: 'SELECT value FROM secret WHERE name = ?',
  addSecret: 'INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
} as const;

/** What hashes.ts reads, and writes once. */
export const hashStatements = {
  streams: 'SELECT name, hash, prunedHash FROM stream ORDER BY name',
  events: `SELECT ${columns}, hash FROM event WHERE stream = ? ORDER BY version`,
  snapshots: 'SELECT stream, version, shape, state, hash FROM snapshot',
  setEvent: 'UPDATE event SET hash = ? WHERE seq = ?',
  setStream: 'UPDATE stream SET hash = ? WHERE name = ?',
  setSnapshot: 'UPDATE snapshot SET hash = ? WHERE stream = ?',
} as const;

export const evidenceStatements = {
  memory: 'SELECT seq, at, memory FROM judge WHERE stream = ? AND release = ?',
  remember: `
    INSERT INTO judge (stream, release, seq, at, memory) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (stream, release) DO UPDATE
    SET seq = excluded.seq, at = excluded.at, memory = excluded.memory`,
  addTick: 'INSERT INTO tick (stream, release, seq, at, data) VALUES (?, ?, ?, ?, ?)',
  ticks: 'SELECT seq, at, data FROM tick WHERE stream = ? AND release = ? AND seq > ? ORDER BY seq',
  releases: 'SELECT release FROM judge WHERE stream = ? ORDER BY at DESC, release DESC',
  dropTicks: 'DELETE FROM tick WHERE stream = ? AND release = ?',
  forget: 'DELETE FROM judge WHERE stream = ? AND release = ?',
} as const;

export const sentStatements = {
  read: 'SELECT build, data FROM statement WHERE stream = ?',
  builds: 'SELECT build FROM statement WHERE stream = ?',
  save: `
    INSERT INTO statement (stream, build, at, data) VALUES (?, ?, ?, ?)
    ON CONFLICT (stream, build) DO UPDATE SET at = excluded.at, data = excluded.data`,
  forget: 'DELETE FROM statement WHERE stream = ? AND build = ?',
  apps: 'SELECT DISTINCT stream FROM statement ORDER BY stream',
  forgetAll: 'DELETE FROM statement WHERE stream = ?',
} as const;

export const requestStatements = {
  find: 'SELECT fingerprint, after, status, body FROM request WHERE id = ?',
  expire: 'DELETE FROM request WHERE id = ? AND expires <= ?',
  note: `
    INSERT INTO request (id, fingerprint, after, expires)
    VALUES (?, ?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0), ?)`,
  finish: 'UPDATE request SET status = ?, body = ? WHERE id = ?',
  prune: 'DELETE FROM request WHERE expires <= ?',
} as const;
