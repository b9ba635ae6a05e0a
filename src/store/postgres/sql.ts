/**
 * All SQL of the PostgreSQL store. The tables are those of SQLite (../sql.ts), in a schema of their own; JSON is kept as text, since
 * `jsonb` knows no \u0000 and does not give back what it was given.
 */

/** Version of the schema below. A database with a higher one was written by a newer Teal and is refused. */
export const schemaVersion = 2;

/** Since version 2. */
const sent = `
  -- What each version of an app sends to its database; no version: how far the counting is.
  CREATE TABLE teal.statement (
    stream text COLLATE "C" NOT NULL,
    build text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (stream, build)
  );
`;

/** What brings tables of an older version to this one, in one transaction; nothing that was in them changes. */
export const upgrades: readonly { readonly from: number; readonly sql: string }[] = [
  { from: 1, sql: `${sent} UPDATE teal.schema SET version = 2;` },
];

// COLLATE "C": names come in the order of their bytes, as from SQLite, whatever the database's locale.
export const create = `
  CREATE SCHEMA IF NOT EXISTS teal;

  CREATE TABLE teal.schema (version integer NOT NULL);
  INSERT INTO teal.schema VALUES (${schemaVersion});

  CREATE TABLE teal.stream (
    name text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL CHECK (version >= pruned),
    pruned bigint NOT NULL DEFAULT 0 CHECK (pruned >= 0),
    hash text NOT NULL,
    prunedHash text NOT NULL DEFAULT ''
  );

  CREATE TABLE teal.event (
    seq bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL REFERENCES teal.stream (name),
    version bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    reason text,
    type text NOT NULL,
    data text NOT NULL,
    hash text NOT NULL,
    UNIQUE (stream, version)
  );

  CREATE TABLE teal.snapshot (
    stream text COLLATE "C" PRIMARY KEY REFERENCES teal.stream (name),
    version bigint NOT NULL,
    shape integer NOT NULL,
    state text NOT NULL,
    hash text NOT NULL
  );

  CREATE TABLE teal.counter (
    name text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
  );
  INSERT INTO teal.counter VALUES ('event', 0), ('generation', 0);

  CREATE TABLE teal.secret (
    name text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
  );

  CREATE TABLE teal.judge (
    stream text COLLATE "C" NOT NULL,
    release text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    memory text NOT NULL,
    PRIMARY KEY (stream, release)
  );

  CREATE TABLE teal.tick (
    stream text COLLATE "C" NOT NULL,
    release text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    data text NOT NULL,
    PRIMARY KEY (stream, release, seq)
  );

  -- Requests that are to be done once; no status: not answered yet.
  CREATE TABLE teal.request (
    id text COLLATE "C" PRIMARY KEY,
    fingerprint text NOT NULL,
    after bigint NOT NULL,
    expires bigint NOT NULL,
    status integer,
    body text
  );
  CREATE INDEX request_expires ON teal.request (expires);

  -- One row: who leads, until when by this server's clock. The term rises with every leader and is the fencing token.
  CREATE TABLE teal.lease (
    name text PRIMARY KEY,
    term bigint NOT NULL,
    holder text,
    machine text,
    address text,
    since timestamptz,
    until timestamptz NOT NULL,
    ended boolean NOT NULL DEFAULT false
  );
  INSERT INTO teal.lease (name, term, until) VALUES ('control', 0, '-infinity');
  ${sent}
`;

/** Two control planes may start on an empty database at the same moment; the number is "Teal" in ASCII. */
export const lockSchema = `SELECT pg_advisory_xact_lock(${0x54_65_61_6c})`;

export const checks = {
  hasSchema: "SELECT to_regclass('teal.schema') IS NOT NULL AS there",
  schemaVersion: 'SELECT version FROM teal.schema',
  /** A stream whose events do not run without gap from `pruned` to its version. */
  gaps: `
    SELECT stream.name AS name
    FROM teal.stream LEFT JOIN teal.event ON event.stream = stream.name
    GROUP BY stream.name
    HAVING count(event.seq) <> stream.version - stream.pruned
      OR coalesce(min(event.version), stream.pruned + 1) <> stream.pruned + 1
      OR coalesce(max(event.version), stream.version) <> stream.version
    LIMIT 1`,
  /** A stream whose pruned events no snapshot stands for. */
  uncovered: `
    SELECT stream.name AS name
    FROM teal.stream LEFT JOIN teal.snapshot ON snapshot.stream = stream.name
    WHERE stream.pruned > coalesce(snapshot.version, 0) OR stream.version < snapshot.version
    LIMIT 1`,
  /** Events above the counter that gives them their numbers: its row was lost or put back. */
  ahead: `
    SELECT stream AS name FROM teal.event
    WHERE seq > (SELECT coalesce(max(value), 0) FROM teal.counter WHERE name = 'event')
    LIMIT 1`,
} as const;

const columns = 'seq, stream, version, at, actor, reason, type, data';

export const statements = {
  // The lock is held until the end of the transaction: whoever takes the lease over waits for that, or comes before it.
  fence: "SELECT term, holder, machine FROM teal.lease WHERE name = 'control' FOR SHARE",
  // One writer at a time, in the order of their numbers: who reads up to a number has seen all below it.
  takeSeqs: "UPDATE teal.counter SET value = value + $1 WHERE name = 'event' RETURNING value",
  lockSeqs: "SELECT value FROM teal.counter WHERE name = 'event' FOR UPDATE",
  stream: 'SELECT version, pruned, hash FROM teal.stream WHERE name = $1',
  streams: 'SELECT name FROM teal.stream ORDER BY name',
  advance: `
    INSERT INTO teal.stream (name, version, hash) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, hash = excluded.hash`,
  insert: `
    INSERT INTO teal.event (${columns}, hash)
    SELECT $1::bigint + n, $2, $3::bigint + n, at, actor, reason, type, data, hash
    FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
      WITH ORDINALITY AS given (at, actor, reason, type, data, hash, n)`,
  // In one statement, so that nothing is pruned in between. A stream without such events gives one row without an event. No limit: null.
  read: `
    SELECT pruned, seq, stream, event.version, at, actor, reason, type, data
    FROM teal.stream LEFT JOIN teal.event ON event.stream = stream.name AND event.version > $2
    WHERE stream.name = $1 ORDER BY event.version LIMIT $3`,
  recent: `SELECT ${columns} FROM teal.event WHERE seq < $1 AND left(stream, 1) <> '@' ORDER BY seq DESC LIMIT $2`,
  recentOf: `SELECT ${columns} FROM teal.event WHERE stream = $3 AND seq < $1 ORDER BY version DESC LIMIT $2`,
  since: `SELECT ${columns} FROM teal.event WHERE seq > $1 ORDER BY seq LIMIT $2`,
  sinceOf: `SELECT ${columns} FROM teal.event WHERE stream = $3 AND seq > $1 ORDER BY version LIMIT $2`,
  snapshot: 'SELECT version, shape, state FROM teal.snapshot WHERE stream = $1',
  saveSnapshot: `
    INSERT INTO teal.snapshot AS kept (stream, version, shape, state, hash) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, shape = excluded.shape, state = excluded.state, hash = excluded.hash
    WHERE excluded.version >= kept.version`,
  // The last version that may go: covered by the snapshot, and no event up to it is young.
  prunable: `
    SELECT name, up_to FROM (
      SELECT stream.name, stream.pruned, least(snapshot.version, coalesce(
        (SELECT min(event.version) - 1 FROM teal.event WHERE event.stream = stream.name AND event.at >= $1),
        stream.version)) AS up_to
      FROM teal.stream JOIN teal.snapshot ON snapshot.stream = stream.name
    ) AS each WHERE up_to > pruned`,
  prune: 'DELETE FROM teal.event WHERE stream = $1 AND version <= $2',
  setPruned: 'UPDATE teal.stream SET pruned = $1, prunedHash = $2 WHERE name = $3',
  placeOf: 'SELECT seq, hash FROM teal.event WHERE stream = $1 AND version = $2',
  raise: `
    INSERT INTO teal.counter AS kept (name, value) VALUES ('pruned', $1)
    ON CONFLICT (name) DO UPDATE SET value = greatest(kept.value, excluded.value)`,
  pruned: "SELECT value FROM teal.counter WHERE name = 'pruned'",
  probe: `
    INSERT INTO teal.counter AS kept (name, value) VALUES ('probe', 1)
    ON CONFLICT (name) DO UPDATE SET value = kept.value + 1`,
  reserve: "UPDATE teal.counter SET value = value + $1 WHERE name = 'generation' RETURNING value",
  secret: 'SELECT value FROM teal.secret WHERE name = $1',
  addSecret: 'INSERT INTO teal.secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
} as const;

/** What is read to see whether all is as it was written. */
export const hashStatements = {
  streams: 'SELECT name, version, pruned, hash, prunedHash AS pruned_hash FROM teal.stream ORDER BY name',
  events: `SELECT ${columns}, hash FROM teal.event WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3`,
  snapshots: 'SELECT stream, version, shape, state, hash FROM teal.snapshot',
} as const;

export const requestStatements = {
  find: 'SELECT fingerprint, after, status, body FROM teal.request WHERE id = $1',
  expire: 'DELETE FROM teal.request WHERE id = $1 AND expires <= $2',
  note: `
    INSERT INTO teal.request (id, fingerprint, after, expires)
    SELECT $1, $2, value, $3 FROM teal.counter WHERE name = 'event'
    ON CONFLICT (id) DO NOTHING`,
  finish: 'UPDATE teal.request SET status = $1, body = $2 WHERE id = $3',
  prune: 'DELETE FROM teal.request WHERE expires <= $1',
} as const;

export const evidenceStatements = {
  memory: 'SELECT seq, at, memory FROM teal.judge WHERE stream = $1 AND release = $2',
  remember: `
    INSERT INTO teal.judge (stream, release, seq, at, memory) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (stream, release) DO UPDATE
    SET seq = excluded.seq, at = excluded.at, memory = excluded.memory`,
  addTick: 'INSERT INTO teal.tick (stream, release, seq, at, data) VALUES ($1, $2, $3, $4, $5)',
  ticks: 'SELECT seq, at, data FROM teal.tick WHERE stream = $1 AND release = $2 AND seq > $3 ORDER BY seq',
  releases: 'SELECT release FROM teal.judge WHERE stream = $1 ORDER BY at DESC, release DESC',
  dropTicks: 'DELETE FROM teal.tick WHERE stream = $1 AND release = $2',
  forget: 'DELETE FROM teal.judge WHERE stream = $1 AND release = $2',
} as const;

export const sentStatements = {
  read: 'SELECT build, data FROM teal.statement WHERE stream = $1',
  builds: 'SELECT build FROM teal.statement WHERE stream = $1',
  save: `
    INSERT INTO teal.statement (stream, build, at, data) VALUES ($1, $2, $3, $4)
    ON CONFLICT (stream, build) DO UPDATE SET at = excluded.at, data = excluded.data`,
  forget: 'DELETE FROM teal.statement WHERE stream = $1 AND build = $2',
  apps: 'SELECT DISTINCT stream FROM teal.statement ORDER BY stream',
  forgetAll: 'DELETE FROM teal.statement WHERE stream = $1',
} as const;

const leased = "clock_timestamp() + $1 * interval '1 millisecond'";

export const leaseStatements = {
  look: `
    SELECT term, holder, machine, address, ended,
      (extract(epoch FROM since) * 1000)::float8 AS since,
      greatest(extract(epoch FROM until - clock_timestamp()) * 1000, -1)::float8 AS left_ms
    FROM teal.lease WHERE name = 'control' AND until > '-infinity'`,
  take: `
    UPDATE teal.lease
    SET term = term + 1, holder = $2, machine = $3, address = $4, since = clock_timestamp(), until = ${leased}, ended = false
    WHERE name = 'control' AND (until <= clock_timestamp() OR holder = $2) AND NOT (ended AND term = $5)
    RETURNING term`,
  renew: `UPDATE teal.lease SET until = ${leased} WHERE name = 'control' AND term = $2`,
  release: "UPDATE teal.lease SET until = clock_timestamp(), ended = $2 WHERE name = 'control' AND term = $1",
} as const;

export const dumpStatements = {
  patient: 'SET LOCAL idle_in_transaction_session_timeout = 0',
  term: "SELECT term FROM teal.lease WHERE name = 'control'",
  lockLease:
    "SELECT holder, until > clock_timestamp() AS running FROM teal.lease WHERE name = 'control' FOR UPDATE",
  used: 'SELECT EXISTS (SELECT FROM teal.stream) AS used',
  raiseTerm: "UPDATE teal.lease SET term = greatest(term, $1) WHERE name = 'control'",
} as const;
