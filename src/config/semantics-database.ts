import { phases } from './database.ts';
import type { Finding } from './finding.ts';
import { show, type Path } from './problem.ts';
import type { DatabaseInput } from './schema-database.ts';
import type { AppInput } from './schema.ts';
import { formatDuration } from './units.ts';

type Told = Pick<Finding, 'expected' | 'got' | 'remedy'>;

const error = (path: Path, told: Told, others: readonly Path[] = []): Finding => ({
  severity: 'error',
  path,
  others,
  ...told,
});

/** What is wrong with `database` in which each value is right. */
export function databaseOf(path: Path, { database }: AppInput): readonly Finding[] {
  if (database === undefined) return [];
  const at = [...path, 'database'];
  return [...work(at, database), ...roles(at, database), ...undoing(at, database), ...locks(at, database)];
}

function work(path: Path, { url, migrations, run }: DatabaseInput): readonly Finding[] {
  if (migrations !== undefined || phases.some((phase) => run[phase] !== undefined)) return [];
  const served = url !== undefined;
  const expected = served ? 'migrations or run' : 'a command in run, since there is no url';
  const add = 'run: { expand: npx prisma migrate deploy }';
  const remedy = served ? `add migrations: db, or ${add}` : `add ${add}, or url: env:DATABASE_URL`;
  const rests = ['url', 'migrations', 'run'].map((name) => [...path, name]);
  return [{ ...error(path, { expected, got: 'nothing to do', remedy }), of: 'key', rests }];
}

function roles(path: Path, { roles: named }: DatabaseInput): readonly Finding[] {
  if (named === undefined || named.blue !== named.green) return [];
  const told = {
    expected: 'another role than blue has',
    got: show(named.green),
    remedy: 'give each environment its own, or remove roles',
  };
  return [error([...path, 'roles', 'green'], told, [[...path, 'roles', 'blue']])];
}

function undoing(path: Path, { undo, migrations, run }: DatabaseInput): readonly Finding[] {
  if (undo === 'manual' || migrations !== undefined || run.undo !== undefined) return [];
  const told = {
    expected: 'run.undo beside it',
    got: 'nothing that undoes',
    remedy: 'add it, or remove undo',
  };
  return [
    {
      ...error([...path, 'undo'], told),
      rests: [
        [...path, 'migrations'],
        [...path, 'run'],
      ],
    },
  ];
}

/** Longer than that people call it an outage. */
const felt = 2000;

function locks(path: Path, database: DatabaseInput): readonly Finding[] {
  const [timeout, deadline] = [database['lock-timeout'], database['lock-deadline']];
  const at = [...path, 'lock-timeout'];
  const got = formatDuration(timeout);
  if (timeout >= deadline) {
    const expected = `less than lock-deadline (${formatDuration(deadline)})`;
    const remedy = 'lower it: everybody who uses the table waits behind one try';
    return [error(at, { expected, got, remedy }, [[...path, 'lock-deadline']])];
  }
  if (timeout <= felt) return [];
  const remedy = 'keep 200ms, unless nobody minds: it is tried again anyway';
  const expected = `${formatDuration(felt)} or less: everybody who uses the table waits behind one try`;
  return [{ ...error(at, { expected, got, remedy }), severity: 'warning' }];
}
