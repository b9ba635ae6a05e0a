import { after, test, type TestContext } from 'node:test';
import { Client } from 'pg';
import { hasPostgres, noPostgres, startPostgres, type PostgresServer } from '../store/postgres-server.ts';

/** A database of its own on a PostgreSQL that this file has started. */
export interface Server {
  readonly version: number;
  /** Of the database, as somebody who may do anything. */
  readonly url: string;
  /** Ends with the test. */
  readonly connect: () => Promise<Client>;
}

/** The first comes with npm, so it is always asked; the second where the system has it. */
const wanted = [18, 15] as const;

const settings = { full_page_writes: 'off', autovacuum: 'off', timezone: 'UTC' };

/** One server of each version for all tests of a file: starting one takes longer than most of them. */
const running = new Map<string, Promise<PostgresServer>>();

after(async () => {
  const servers = await Promise.allSettled(running.values());
  for (const each of servers) if (each.status === 'fulfilled') await each.value.stop();
});

/**
 * A test on every server there is. A server that is missing is a skipped test, and told; where CI is set nothing is skipped: the
 * one that npm brings has to be there.
 * @param more of postgresql.conf
 */
export function onServers(
  name: string,
  run: (server: Server, context: TestContext) => Promise<void>,
  versions: readonly (typeof wanted)[number][] = wanted,
  more: Readonly<Record<string, string>> = {},
): void {
  for (const version of versions) {
    if (!hasPostgres(version)) {
      process.stderr.write(`${name}: PostgreSQL ${version} is not on this machine\n`);
      if (version !== 18 && process.env['CI'] !== undefined) continue;
    }
    test(`${name} (PostgreSQL ${version})`, { skip: noPostgres(version) ?? false }, async (context) => {
      const key = `${version} ${JSON.stringify(more)}`;
      const starting = running.get(key) ?? startPostgres({ version, settings: { ...settings, ...more } });
      running.set(key, starting);
      const url = await (await starting).database();
      const clients: Client[] = [];
      const connect = async (): Promise<Client> => {
        const client = new Client({ connectionString: url });
        // A server that stops tells its clients; nobody is there to hear it.
        client.on('error', () => undefined);
        clients.push(client);
        await client.connect();
        return client;
      };
      try {
        await run({ version, url, connect }, context);
      } finally {
        await Promise.allSettled(clients.map((client) => client.end()));
      }
    });
  }
}
