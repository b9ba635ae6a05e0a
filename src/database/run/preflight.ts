import { statfs } from 'node:fs/promises';
import { quoted } from '../new/names.ts';
import { withoutValues } from './blockers.ts';
import type { Connection } from './connection.ts';
import type { Step, Touch } from './step.ts';

/** What is looked at before anything runs. `stop` would fail or harm; `warn` may take long. */
export interface Found {
  readonly level: 'stop' | 'warn';
  readonly what: string;
  readonly remedy: string;
}

export interface Looking {
  readonly connection: Connection;
  /** Those that are left to do. */
  readonly steps: readonly Step[];
}

/** PostgreSQL 13 has no support since November 2025. */
const oldestMajor = 14;
/** Every lock of a schema change waits for whoever is in a transaction, and each retry stalls the others for a moment. */
const longTransactionSeconds = 60;
const gigabyte = 2 ** 30;

/** Looks for what would make the steps fail, block or take long. */
export async function preflight(looking: Looking): Promise<readonly Found[]> {
  const server = await serverFacts(looking.connection);
  const tables = await tableFacts(looking);
  return [
    ...aboutServer(server),
    ...(await aboutTransactions(looking.connection)),
    ...tables.flatMap((table) => aboutTable(table, { steps: looking.steps, role: server.role })),
    ...(await aboutDisk(server, tables, looking.steps)),
  ];
}

interface ServerFacts {
  readonly version: number;
  readonly replica: boolean;
  readonly readOnly: boolean;
  readonly local: boolean;
  readonly folder: string | null;
  readonly seesAll: boolean;
  readonly role: string;
}

async function serverFacts(connection: Connection): Promise<ServerFacts> {
  const [row] = await connection.query<ServerFacts>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, pg_is_in_recovery() AS replica,
       current_setting('default_transaction_read_only')::bool AS "readOnly", current_user::text AS role,
       coalesce(inet_client_addr() = inet_server_addr(), true) AS local, pg_has_role('pg_read_all_stats', 'USAGE') AS "seesAll",
       CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS folder`,
  );
  if (row === undefined) throw new Error('the server does not say who it is');
  return row;
}

function aboutServer({ version, replica, readOnly, seesAll, role }: ServerFacts): readonly Found[] {
  const found: Found[] = [];
  if (version < oldestMajor)
    found.push({
      level: 'stop',
      what: `The server is PostgreSQL ${version}`,
      remedy: `It has to be ${oldestMajor} or later.`,
    });
  if (replica)
    found.push({
      level: 'stop',
      what: 'The server is a replica',
      remedy: 'Name the primary in the address of the database.',
    });
  if (readOnly && !replica)
    found.push({
      level: 'stop',
      what: 'Its transactions are read-only',
      remedy: `Unset default_transaction_read_only for ${role}.`,
    });
  if (!seesAll)
    found.push({
      level: 'warn',
      what: `${role} sees nothing of other roles’ sessions and of replicas: long transactions and lag go unseen, and who blocks is a number`,
      remedy: `GRANT pg_monitor TO ${role}; shows them.`,
    });
  return found;
}

async function aboutTransactions(connection: Connection): Promise<readonly Found[]> {
  const old = await connection.query<{
    pid: number;
    user: string;
    seconds: number;
    state: string;
    query: string;
  }>(
    `SELECT pid, usename::text AS user, state, query, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
     FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
       AND xact_start < clock_timestamp() - make_interval(secs => $1) ORDER BY xact_start LIMIT 3`,
    [longTransactionSeconds],
  );
  const prepared = await connection.query<{ name: string }>(
    'SELECT gid AS name FROM pg_prepared_xacts WHERE database = current_database() LIMIT 3',
  );
  return [
    ...old.map(({ pid, user, seconds, state, query }): Found => ({
      level: 'warn',
      what: `Process ${pid} (${user}) has been in a transaction for ${Math.round(seconds)} s, ${state}: ${withoutValues(query) ?? ''}`,
      remedy: 'Locks on what it has touched, and every CONCURRENTLY, wait until it ends.',
    })),
    ...prepared.map(({ name }): Found => ({
      level: 'warn',
      what: `The prepared transaction ${name} holds its locks until somebody ends it`,
      remedy: 'COMMIT PREPARED or ROLLBACK PREPARED it, when nobody else will.',
    })),
  ];
}

interface TableFacts {
  readonly label: string;
  readonly name: string;
  readonly owner: string;
  readonly ownerMayAll: boolean;
  readonly owned: boolean;
  readonly mayWrite: boolean;
  /** Bytes, with indexes and TOAST. */
  readonly size: number;
  /** An autovacuum that does not yield, since it keeps transaction numbers from running out. */
  readonly wraparound: number | null;
}

async function tableFacts({ connection, steps }: Looking): Promise<readonly TableFacts[]> {
  const labels = [...new Set(steps.flatMap((step) => tablesIn(step)))];
  return connection.query<TableFacts>(
    `SELECT label, c.oid::regclass::text AS name, r.rolname::text AS owner, r.rolsuper AS "ownerMayAll", pg_has_role(c.relowner, 'USAGE') AS owned,
       has_table_privilege(c.oid, 'UPDATE') AS "mayWrite", pg_total_relation_size(c.oid)::float8 AS size,
       (SELECT min(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.relation = c.oid
         WHERE a.backend_type = 'autovacuum worker' AND a.query LIKE '%(to prevent wraparound)%') AS wraparound
     FROM unnest($1::text[]) AS label, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
     WHERE c.relkind IN ('r', 'p', 'm', 'v') AND (n.nspname || '.' || c.relname = label OR (c.relname = label AND pg_table_is_visible(c.oid)))`,
    [labels],
  );
}

const tablesIn = (step: Step): readonly string[] => [
  ...step.touches.map(({ table }) => table),
  ...(step.kind === 'batch' ? [step.table] : []),
];

const changes = (step: Step): boolean => step.kind === 'transaction' || step.kind === 'concurrent';

function aboutTable(
  { label, name, owner, ownerMayAll, owned, mayWrite, wraparound }: TableFacts,
  { steps, role }: { readonly steps: readonly Step[]; readonly role: string },
): readonly Found[] {
  const touching = steps.filter((step) => tablesIn(step).includes(label));
  const altered = touching.some(
    (step) => changes(step) && step.touches.some((each) => each.table === label && isOwners(each)),
  );
  const found: Found[] = [];
  if (altered && !owned)
    found.push({
      level: 'stop',
      what: `${name} belongs to ${owner}: only its owner may change it`,
      // Who is a member of a superuser may do anything on the server.
      remedy: ownerMayAll
        ? `Give it to the role that changes it: ALTER TABLE ${name} OWNER TO ${quoted(role)};`
        : `Use a role that is a member of ${owner}: GRANT ${quoted(owner)} TO ${quoted(role)};`,
    });
  if (!owned && !mayWrite && touching.some(({ kind }) => kind === 'batch'))
    found.push({
      level: 'stop',
      what: `This role may not write ${name}`,
      remedy: `GRANT SELECT, UPDATE ON ${name} TO …;`,
    });
  if (altered && wraparound !== null)
    found.push({
      level: 'stop',
      what: `Process ${wraparound} vacuums ${name} to keep transaction numbers from running out, and does not make way`,
      remedy: 'Wait until it is done: pg_stat_progress_vacuum shows how far it is.',
    });
  return found;
}

/** Locks that only DDL takes. A trigger needs a right of its own, and a foreign key one on the other table. */
const isOwners = ({ mode }: Touch): boolean => mode === 'AccessExclusive' || mode === 'ShareUpdateExclusive';

async function aboutDisk(
  server: ServerFacts,
  tables: readonly TableFacts[],
  steps: readonly Step[],
): Promise<readonly Found[]> {
  const needs = tables.map(({ label, size }) => {
    const works = steps.flatMap(({ touches }) =>
      touches.filter(({ table }) => table === label).map(({ work }) => work),
    );
    return works.includes('rewrite') ? size : works.includes('build') ? size / 4 : 0;
  });
  const bytes = needs.reduce((sum, each) => sum + each, 0);
  if (bytes === 0) return [];
  const free = server.local && server.folder !== null ? await freeAt(server.folder) : null;
  const size = `${(bytes / gigabyte).toFixed(1)} GB`;
  if (free !== null && free < bytes * 1.2)
    return [
      {
        level: 'stop',
        what: `Tables and indexes that are written anew need about ${size}, and the server’s disk has ${(free / gigabyte).toFixed(1)} GB`,
        remedy: 'Make room. A full disk stops the whole server.',
      },
    ];
  if (free === null && bytes >= gigabyte)
    return [
      {
        level: 'warn',
        what: `Tables and indexes that are written anew need about ${size} beside the old ones`,
        remedy: 'Look whether the server has that: it cannot be asked from here.',
      },
    ];
  return [];
}

/** Bytes that the server may still write; null: its folder is not on this machine. */
async function freeAt(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
