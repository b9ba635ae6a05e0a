/** An app on a server that counts statements, with versions that bring a migration. */
import type { TestContext } from 'node:test';
import { Client } from 'pg';
import type { DatabasePolicy, ProofPolicy } from '../../../src/config/database.ts';
import { onServers, type Server } from '../../database/server.ts';
import { policy, secret, Shop } from './help.ts';

const counting = { shared_preload_libraries: 'pg_stat_statements' };

/** `in-place`: there is no pg_dump for every server here. */
export const proof = (more: Partial<ProofPolicy> = {}): ProofPolicy => ({
  shadow: 'in-place',
  corpus: [],
  minCoverage: 98,
  failOn: 'risk',
  ...more,
});

export interface Scene {
  readonly shop: Shop;
  readonly admin: Client;
  /** A session of an environment. */
  readonly as: (colour: 'blue' | 'green') => Promise<Client>;
}

/** An app whose environments have roles, on a table of its own. */
export async function scene(
  t: TestContext,
  { url, connect }: Server,
  more: Partial<DatabasePolicy> = {},
): Promise<Scene> {
  const admin = await connect();
  const name = new URL(url).pathname.slice(1);
  const roles = { blue: `${name}_blue`, green: `${name}_green` };
  await admin.query(`
    CREATE TYPE mood AS ENUM ('ok', 'sad');
    CREATE TABLE users (id serial PRIMARY KEY, name text, feeling mood);
    INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 100) i;
    CREATE ROLE ${roles.blue} LOGIN; CREATE ROLE ${roles.green} LOGIN;
    GRANT ALL ON users TO ${roles.blue}, ${roles.green};`);
  const shop = await Shop.open(t, policy({ url: await secret(t, url), roles, proof: proof(), ...more }));
  return {
    shop,
    admin,
    as: async (colour) => {
      const own = new URL(url);
      own.username = roles[colour];
      const client = new Client({ connectionString: own.href });
      await client.connect();
      return client;
    },
  };
}

/** What an environment's version does all day. */
export async function sends(
  { as, shop }: Scene,
  colour: 'blue' | 'green',
  ...texts: readonly string[]
): Promise<void> {
  const client = await as(colour);
  for (let turn = 0; turn < 3; turn++) for (const text of texts) await client.query(text);
  await client.end();
  await shop.deps.statements.look('shop');
}

export const onCounting: typeof onServers = (name, run, versions) => onServers(name, run, versions, counting);
