import type * as Pg from 'pg';
import { TealError } from '../../errors.ts';

export type { Client, ClientConfig, Connection as Wire, Submittable } from 'pg';

/** A client that is connected, and the kind of query that it takes beside its own. */
export interface Opened {
  readonly client: Pg.Client;
  readonly Query: new (text: string) => object;
}

/** A server that does not answer within this is not there. */
const connectTimeoutMs = 10_000;

/** Connects. @throws TealError `driver-missing`; else the error of the driver or the server */
export async function open(config: Pg.ClientConfig): Promise<Opened> {
  const driver = await load();
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

/** The driver, which is not part of Teal. @throws TealError `driver-missing` */
async function load(): Promise<typeof Pg> {
  try {
    const loaded = await import('pg');
    return loaded.default as unknown as typeof Pg;
  } catch (cause) {
    throw new TealError('driver-missing', 'A PostgreSQL server cannot be asked without pg', {
      remedy: 'Install it beside Teal: npm install --save-dev pg@8',
      details: { why: cause instanceof Error ? cause.message.split('\n')[0] : String(cause) },
      cause,
    });
  }
}
