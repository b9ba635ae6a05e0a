import type * as Pg from 'pg';
import { loadPg } from '../../store/postgres/driver.ts';

export type { Client, ClientConfig, Connection as Wire, Submittable } from 'pg';

/** A client that is connected, and the kind of query that it takes beside its own. */
export interface Opened {
  readonly client: Pg.Client;
  readonly Query: new (text: string) => object;
  /** Ends the connection at once, whatever is under way. */
  readonly cut: () => void;
}

/** A server that does not answer within this is not there. */
const connectTimeoutMs = 10_000;

/** Connects, unless the signal is aborted before. @throws TealError `package-missing`; else the error of the driver or the server */
export async function open(config: Pg.ClientConfig, signal?: AbortSignal): Promise<Opened> {
  const driver = await loadPg('A question to a PostgreSQL server');
  const client = new driver.Client({ ...config, connectionTimeoutMillis: connectTimeoutMs });
  // Told again by whichever statement is under way; without a listener it would end the process.
  client.on('error', () => undefined);
  const cut = (): void => void client.connection.stream.destroy();
  signal?.addEventListener('abort', cut, { once: true });
  try {
    signal?.throwIfAborted();
    await client.connect();
  } catch (error) {
    // Who never answered says no goodbye either: nobody waits for it.
    void client.end().catch(() => undefined);
    throw error;
  } finally {
    signal?.removeEventListener('abort', cut);
  }
  return { client, Query: driver.Query as unknown as Opened['Query'], cut };
}
