/** Works at what an app's state wishes of its database, until it is killed. Its argument: the file of the event log. */
import { pino } from 'pino';
import { Apps } from '../../../src/control/apps.ts';
import type { Deps } from '../../../src/control/deps.ts';
import { perform } from '../../../src/control/effects/perform.ts';
import { database } from '../../../src/control/migrate/database.ts';
import { Progress } from '../../../src/control/migrate/progress.ts';
import { Statements } from '../../../src/control/migrate/statements.ts';
import { effects } from '../../../src/release/effects.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';

const store = await SqliteStore.open(process.argv[2] ?? '');
const apps = await Apps.load(store, Date.now);
const migrations = new Progress(Date.now);
const log = pino({ level: 'silent' });
const statements = new Statements({ store, apps, migrations, now: Date.now, log });
const deps = { apps, store, migrations, statements, database, log, now: Date.now } as Partial<Deps> as Deps;
const wished = effects(apps.state('shop')).find(({ kind }) => kind === 'migrate');
if (wished === undefined) throw new Error('nothing is wished of the database');
setInterval(() => {
  if (migrations.progress('shop')?.state === 'waiting') process.stdout.write('held up\n');
}, 5);
await perform(deps, 'shop', wished, new AbortController().signal);
process.stdout.write('done\n');
