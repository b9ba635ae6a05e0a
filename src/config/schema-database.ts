/** The keys of teal.yaml that say what releases do with the app's database. */
import * as v from 'valibot';
import { databaseRole, databaseUrl, pathInVersion, perCent, shadow } from './kinds-database.ts';
import { choice, duration, orNone, text } from './kinds-plain.ts';
import { choose, isMap, keys, leaf, wrong } from './leaf.ts';
import { key, maybe, needed } from './schema-keys.ts';

const command = text('a command', 'npx prisma migrate deploy');

const run = keys({
  expand: maybe(command, 'What the new version needs. Runs before the candidate starts, after expand.sql.'),
  backfill: maybe(command, 'The rows of before. Runs after expand, before the candidate starts.'),
  undo: maybe(command, 'Takes expand back, when the new version is gone.'),
  contract: maybe(command, 'Takes away what only old versions need, when none of them runs any more.'),
});

const roles = keys({
  blue: needed(databaseRole, 'As which role the app signs in while it runs in blue.'),
  green: needed(databaseRole, 'The same in green.'),
});

const pauseAt = keys({
  errors: key(
    orNone(perCent({ least: 0.1, most: 100 }), 'per cent, as a number from 0.1 to 100', {
      type: 'number',
      minimum: 0.1,
      maximum: 100,
    }),
    5,
    'So many per cent of the answers of live are 500 and above. 5 by default: an app that fails one request in twenty needs no further load, and a healthy one is far below. none does not look at it.',
  ),
  p99: key(
    orNone(duration(1), 'a duration such as 500ms', {
      type: 'string',
      pattern: String.raw`^\d+(\.\d+)?(ms|s|m|h|d)$`,
    }),
    'none',
    'One answer in a hundred of live takes longer. none by default: what is slow differs from app to app.',
  ),
});

const proofKeys = keys({
  shadow: key(
    shadow,
    'auto',
    'Where statements are tried. createdb: a database made on the same server and dropped; pglite: PostgreSQL in a process, for CI; in-place: the database itself, in a transaction that is taken back, which locks what it changes; or the address of another server, where one is made. auto by default: createdb, since what the app talks to is that version with those extensions.',
  ),
  corpus: key(
    v.array(pathInVersion('a file', 'db/queries.sql')),
    [],
    'Files with statements, .sql or of `teal db collect`, in the folder of the version. [] by default: those that the server has counted (pg_stat_statements) are taken anyway.',
  ),
  'min-coverage': key(
    perCent({ least: 1, most: 100 }),
    98,
    'So many per cent of the calls have to be proven. 98 by default: what drivers and ORMs send is provable to more than that, and what is left is told.',
  ),
  'fail-on': key(
    choice(['broken', 'risk', 'client-visible']),
    'risk',
    'From which verdict on the database is left as it is. broken: a statement fails whatever its values; risk: for some values or rows; client-visible: it gives or means something else. risk by default: whether such rows come is only known when they have.',
  ),
});

type ProofKeys = v.InferOutput<typeof proofKeys>;

/** Null: off. */
const onOff = leaf<ProofKeys | null>({
  expected: 'on, off, or a map of keys',
  json: { enum: ['on', 'off'] },
  read: (input) =>
    input === 'on'
      ? { value: v.parse(proofKeys, {}) }
      : input === 'off'
        ? { value: null }
        : wrong(input === true ? 'write on' : input === false ? 'write off' : 'write on or off'),
});

const proof = choose<v.GenericSchema<unknown, ProofKeys | null>>(
  (input) => (isMap(input) ? proofKeys : onOff),
  [onOff, proofKeys],
);

const always = {
  run: key(
    run,
    {},
    'Commands of other tools, by phase, after the file of their phase. A shell runs them in the folder of the version, with the environment of the app, TEAL_PHASE and TEAL_MIGRATION, and with DATABASE_URL where there is an url. One that was interrupted runs again: such tools record themselves what they have done. With migrations they belong to its newest folder, and a version without one runs none. None by default.',
  ),
  contract: key(
    choice(['auto', 'manual']),
    'auto',
    'auto: contracts when the rollback window has closed and no older version runs any more, within the windows of the release; manual: `teal db contract` does. auto by default: what nobody contracts keeps the next migration waiting.',
  ),
  undo: key(
    choice(['manual', 'auto']),
    'manual',
    'auto: takes expand back when the release was taken back and the new version is gone; manual: `teal db undo` does. manual by default: the old version does not notice what expand has made, and the next try can go on from there.',
  ),
  rollback: key(
    choice(['safe', 'unsafe']),
    'safe',
    'unsafe: the old version cannot read what the new one writes, so the judge freezes a release where it would take it back, and a deploy says so before it starts. A person can go back all the same. safe by default: the phases are there to keep it so, and the proof says where it is not.',
  ),
};

const all = keys({
  url: maybe(
    databaseUrl,
    'The database, as the owner of its tables: env:NAME or file:/path that holds its address, or an address without a password. PostgreSQL 14 to 18, the server itself and no pool: a session of its own holds the lock. Without it `run` does all the work, whatever the database is: lint, proof and generators are for PostgreSQL only.',
  ),
  migrations: maybe(
    pathInVersion('a folder', 'db'),
    'The folder in which each version has its migrations, as `teal db new` numbers them. The newest folder in it, by name, that has one of expand.sql, backfill.sql, undo.sql and contract.sql is the migration of the version.',
  ),
  ...always,
  roles: maybe(
    roles,
    'By which role each environment signs in: so the statements and sessions of two versions are told apart, and contract waits for the last old session. When left out they are not told apart.',
  ),
  'lock-timeout': key(
    duration(1),
    '200ms',
    'One try waits so long for a lock, and everybody who uses the table waits behind it. 200ms by default: people hardly feel that.',
  ),
  'lock-deadline': key(
    duration(1000),
    '10m',
    'So long it is tried again, after growing pauses; then the phase fails and says who holds the lock. 10m by default: longer than reports and backups of a table mostly take.',
  ),
  batch: key(
    duration(10),
    '100ms',
    'So long one transaction of a backfill aims to take. 100ms by default: a writer who meets its rows waits no longer.',
  ),
  'pause-at': key(
    pauseAt,
    {},
    "A backfill pauses while the app's own answers are worse than this, as the routers see them; and anyway while replicas lag or sessions wait for locks.",
  ),
  proof: key(
    proof,
    'on',
    'Before expand, and before contract, the statements that versions really send are tried on the schema that they will meet (`teal db prove`); what fails leaves the database as it is. A map of its keys, on or off. on by default: rules do not know what an app asks.',
  ),
});

type All = v.InferOutput<typeof all>;

const onlyServed = [
  'migrations',
  'roles',
  'lock-timeout',
  'lock-deadline',
  'batch',
  'pause-at',
  'proof',
] as const;

const served = leaf<never>({
  expected: 'url beside it: without one, commands do all the work',
  json: {},
  read: () => wrong('add url: env:DATABASE_URL, of a PostgreSQL; or remove it'),
});

const forbidden = v.optional(served as v.GenericSchema<unknown, never>);

/** Without a server there is nothing that could be locked, filled in batches, or proven. */
const commandsAlone = v.pipe(
  keys({
    ...always,
    ...(Object.fromEntries(onlyServed.map((name) => [name, forbidden])) as Record<
      (typeof onlyServed)[number],
      typeof forbidden
    >),
  }),
  v.transform((given): All => ({ ...v.parse(all, {}), ...given, proof: null }) as All),
);

const known: ReadonlySet<string> = new Set([...Object.keys(always), ...onlyServed]);

/** Who has mistyped a key, such as url itself, is told that first. */
export const database = choose<v.GenericSchema<unknown, All>>(
  (input) =>
    isMap(input) && !('url' in input) && Object.keys(input).every((name) => known.has(name))
      ? commandsAlone
      : all,
  [all],
);

export type DatabaseInput = All;
