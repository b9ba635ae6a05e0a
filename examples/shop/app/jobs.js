import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A claim this old belongs to a worker that was killed: the job is given to the next one. */
const leaseMs = 30_000;

/**
 * The shop's queue of orders: one SQLite file, shared by both environments and all their processes.
 *
 * `done` has no unique constraint on purpose: a job that were worked on twice would be seen there twice. `shifts` notes
 * from when to when each worker took jobs, so that two versions working at the same time are seen as well.
 * @param {string} path
 */
export function openQueue(path) {
  const db = opened(path);
  const statements = {
    add: db.prepare(`INSERT INTO jobs (what, state, at) VALUES (?, 'queued', ?) RETURNING id`),
    claim: db.prepare(`UPDATE jobs SET state = 'claimed', worker = ?, at = ? WHERE id = (
        SELECT id FROM jobs WHERE state = 'queued' OR (state = 'claimed' AND at < ?) ORDER BY id LIMIT 1
      ) RETURNING id, what`),
    finish: db.prepare(`UPDATE jobs SET state = 'done', at = ? WHERE id = ?`),
    done: db.prepare(`INSERT INTO done (job, version, at) VALUES (?, ?, ?)`),
    begin: db.prepare(`INSERT INTO shifts (worker, version, began) VALUES (?, ?, ?) RETURNING id`),
    end: db.prepare(`UPDATE shifts SET ended = ? WHERE id = ?`),
  };
  return {
    /** @param {unknown} what anything JSON can hold */
    add: (what) => Number(statements.add.get(JSON.stringify(what), Date.now()).id),

    /** The oldest job that nobody has, or null. */
    claim(worker) {
      const now = Date.now();
      const job = statements.claim.get(worker, now, now - leaseMs);
      return job === undefined ? null : { id: Number(job.id), what: JSON.parse(job.what) };
    },

    finish(job, version) {
      const now = Date.now();
      db.exec('BEGIN IMMEDIATE');
      statements.finish.run(now, job.id);
      statements.done.run(job.id, version, now);
      db.exec('COMMIT');
    },

    beginShift: (worker, version) => Number(statements.begin.get(worker, version, Date.now()).id),
    endShift: (shift) => void statements.end.run(Date.now(), shift),
    close: () => db.close(),
  };
}

/**
 * How far the queue is: `queued` jobs are not done yet (also the one in hand), `done` ones are, and `twice` is how often
 * one was worked on more often than once.
 * @param {string} path
 */
export function jobCounts(path) {
  const db = opened(path);
  try {
    const one = (sql) => Number(db.prepare(sql).get().n);
    return {
      queued: one(`SELECT count(*) AS n FROM jobs WHERE state <> 'done'`),
      done: one(`SELECT count(DISTINCT job) AS n FROM done`),
      twice: one(`SELECT count(*) - count(DISTINCT job) AS n FROM done`),
    };
  } finally {
    db.close();
  }
}

/**
 * When each worker took jobs, oldest first; `ended` is null for one that still does, or was killed.
 * @param {string} path
 */
export function shifts(path) {
  const db = opened(path);
  try {
    return db
      .prepare('SELECT worker, version, began, ended FROM shifts ORDER BY began, id')
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

function opened(path) {
  mkdirSync(dirname(path), { recursive: true });
  for (let attempt = 0; ; attempt++) {
    try {
      return prepared(path);
    } catch (error) {
      // The change to WAL does not wait for another process that is opening the new file at the same moment.
      if (attempt === 100 || !String(error.message).includes('locked')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function prepared(path) {
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS jobs (
        id INTEGER PRIMARY KEY, what TEXT NOT NULL, state TEXT NOT NULL, worker TEXT, at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS jobs_open ON jobs (id) WHERE state <> 'done';
      CREATE TABLE IF NOT EXISTS done (job INTEGER NOT NULL, version TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS shifts (
        id INTEGER PRIMARY KEY, worker TEXT NOT NULL, version TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER
      ) STRICT;
    `);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
