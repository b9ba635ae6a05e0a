import { Client } from 'pg';
import { startPostgres, type PostgresServer } from '../../test/store/postgres-server.ts';
import type { Row } from './ledger.ts';

/** A PostgreSQL for the app: with a role for whoever changes its schema, and one for each environment. */
export interface Database extends AsyncDisposable {
  /** As who owns the tables. */
  readonly deployer: string;
  /** Where the app finds it; each environment has its own role. */
  readonly app: string;
  connect(): Promise<Client>;
}

const settings = { shared_preload_libraries: 'pg_stat_statements', max_connections: '60' };

/** What somebody with all rights does once, when an app gets its database. */
const setUp = `
  CREATE ROLE app_blue LOGIN;
  CREATE ROLE app_green LOGIN;
  CREATE ROLE deployer LOGIN CREATEDB IN ROLE pg_monitor;
  GRANT app_blue, app_green TO deployer;
  CREATE EXTENSION pg_stat_statements;
`;

/** Starts one, on any free port; gone with all it holds when it is disposed of, or with this process. */
export async function startDatabase(): Promise<Database> {
  const server = await startPostgres({ settings });
  try {
    return await prepare(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function prepare(server: PostgresServer): Promise<Database> {
  const url = new URL(await server.database());
  await using admin = await connected(url.href);
  await admin.client.query(setUp);
  await admin.client.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO deployer`);
  await admin.client.query('ALTER SCHEMA public OWNER TO deployer');
  const as = (user: string): string => Object.assign(new URL(url), { username: user }).href;
  return {
    deployer: as('deployer'),
    app: as('').replace('//@', '//'),
    connect: async () => (await connected(as('deployer'))).client,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function connected(url: string): Promise<AsyncDisposable & { readonly client: Client }> {
  const client = new Client({ connectionString: url });
  // A server that stops tells its clients; nobody is there to hear it.
  client.on('error', () => undefined);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

/** Users from before, for a backfill to have something to do. @returns their rows */
export async function seed(client: Client, count: number): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>(
    `INSERT INTO users (email, name) SELECT 'user-' || i || '@example.com', 'User ' || i FROM generate_series(1, $1) AS i
     RETURNING email, name, revision`,
    [count],
  );
  return rows;
}

/** All rows, with whichever columns there are. */
export async function tableOf(client: Client): Promise<readonly Row[]> {
  const columns = await columnsOf(client);
  const name = columns.includes('full_name') ? 'full_name AS name' : 'name';
  const locale = columns.includes('locale') ? ', locale' : '';
  return (await client.query<Row>(`SELECT email, ${name}${locale}, revision FROM users`)).rows;
}

export async function columnsOf(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  return rows.map(({ name }) => name);
}
