import type * as Pg from 'pg';
import { loadPg } from '../../store/postgres/driver.ts';

export type { Client, ClientConfig, Connection as Wire, Submittable } from 'pg';

/** A client that is connected, and the kind of query that it takes beside its own. */
export interface Opened {
  readonly client: Pg.Client;
  readonly Query: new (text: string) => object;
}

/** A server that does not answer within this is not there. */
const connectTimeoutMs = 10_000;

/** Connects. @throws TealError `package-missing`; else the error of the driver or the server */
export async function open(config: Pg.ClientConfig): Promise<Opened> {
  const driver = await loadPg('A question to a PostgreSQL server');
  const client = new driver.Client({ ...config, connectionTimeoutMillis: connectTimeoutMs });
  // Told again by whichever statement is under way; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // Who never answered says no goodbye either: nobody waits for it.
    void client.end().catch(() => undefined);
    throw error;
  }
  return { client, Query: driver.Query as unknown as Opened['Query'] };
}
