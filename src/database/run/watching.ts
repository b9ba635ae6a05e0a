import type { Connection } from './connection.ts';
import { isLost } from './server-error.ts';

/**
 * A session beside the one that works, which is only asked now and then, so a proxy or an administrator may end it alone. It is opened anew
 * then, and asked again: that it is gone says nothing of the work, which may be hours old.
 */
export async function watching(reach: () => Promise<Connection>): Promise<Connection> {
  let session = await reach();
  let opening: Promise<Connection> | null = null;
  let closed = false;
  const again = async (lost: Connection): Promise<Connection> => {
    // Several may find out at the same time.
    if (session !== lost) return session;
    opening ??= reach().finally(() => (opening = null));
    const opened = await opening;
    if (closed) await opened.close();
    if (session === lost) session = opened;
    return session;
  };
  return {
    get pid() {
      return session.pid;
    },
    place: session.place,
    query: async <ROW extends object>(sql: string, values?: readonly unknown[]) => {
      const asked = session;
      try {
        return await asked.query<ROW>(sql, values);
      } catch (error) {
        if (closed || !isLost(error)) throw error;
        return await (await again(asked)).query<ROW>(sql, values);
      }
    },
    close: async () => {
      closed = true;
      await session.close();
    },
  };
}
