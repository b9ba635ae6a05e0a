import type { Server } from '../server.ts';

/** What one version of an app does to one table, over and over. */
export interface Version {
  readonly name: string;
  /** The column it knows. */
  readonly column: string;
  readonly table: string;
}

export interface Writer {
  /** Ends after the statement it is at. @returns how many statements it has sent */
  stop(): Promise<number>;
}

/** Inserts, updates, upserts, leaves the column out, and reads, as fast as the server answers. What fails is kept. */
export async function write(server: Server, version: Version, failures: string[]): Promise<Writer> {
  const client = await server.connect();
  const { column, table } = version;
  let going = true;
  let sent = 0;
  const own =
    (await client.query<{ id: number }>(`INSERT INTO ${table} (${column}) VALUES ('own') RETURNING id`))
      .rows[0]?.id ?? 0;
  const attempt = async (
    sql: string,
    values: readonly unknown[],
  ): Promise<readonly Record<string, unknown>[]> => {
    sent++;
    try {
      return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
    } catch (error) {
      failures.push(`${version.name}: ${error instanceof Error ? error.message : String(error)}: ${sql}`);
      return [];
    }
  };
  const ended = (async () => {
    for (let turn = 0; going; turn++) {
      const value = `${version.name} ${turn}`;
      await attempt(`INSERT INTO ${table} (${column}) VALUES ($1)`, [value]);
      await attempt(`UPDATE ${table} SET ${column} = $1 WHERE id = $2`, [value, 1 + (turn % 200)]);
      await attempt(`INSERT INTO ${table} (other) VALUES ($1)`, [turn]);
      await attempt(
        `INSERT INTO ${table} (id, ${column}) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET ${column} = EXCLUDED.${column}`,
        [1 + (turn % 300), value],
      );
      await attempt(`UPDATE ${table} SET other = other + 1 WHERE id = $1`, [1 + (turn % 400)]);
      await attempt(`UPDATE ${table} SET ${column} = $1 WHERE id = $2`, [value, own]);
      const [row] = await attempt(`SELECT ${column} AS value FROM ${table} WHERE id = $1`, [own]);
      // Nobody else writes this row, so what comes back is what was written.
      if (row?.['value'] !== value)
        failures.push(`${version.name}: ${String(row?.['value'])} came back for ${value}`);
    }
  })();
  return {
    stop: async () => {
      going = false;
      await ended;
      await client.end();
      return sent;
    },
  };
}
