import type { Answer, Session } from './session.ts';

/** A session in whose one transaction everything happens, until all of it is taken back. */
export interface Nested extends Session {
  /** Takes everything back; the session it was made of goes on. */
  undo(): Promise<void>;
}

/**
 * A session inside one transaction of another one: BEGIN, COMMIT and ROLLBACK become savepoints, and what the server refuses takes back
 * only itself. What needs to be outside of transactions (CONCURRENTLY) is refused by the server.
 */
export async function nested(session: Session): Promise<Nested> {
  await session.query('BEGIN');
  let depth = 0;
  const guarded = async <T>(work: () => Promise<T>, refused: (value: T) => boolean): Promise<T> => {
    await session.query('SAVEPOINT teal_inner');
    const back = (): Promise<unknown> =>
      session.query('ROLLBACK TO SAVEPOINT teal_inner; RELEASE SAVEPOINT teal_inner');
    try {
      const value = await work();
      await (refused(value) ? back() : session.query('RELEASE SAVEPOINT teal_inner'));
      return value;
    } catch (error) {
      await back();
      throw error;
    }
  };
  const isRefused = (answer: Answer<unknown>): boolean => 'refused' in answer;
  const control = async (word: string): Promise<boolean> => {
    if (/^(?:begin|start transaction)\b/i.test(word)) {
      await session.query(`SAVEPOINT teal_level_${++depth}`);
      return true;
    }
    const isEnd = /^(?:commit|end)\b/i.test(word);
    if (!isEnd && !/^(?:rollback|abort)\s*;?$/i.test(word)) return false;
    // Outside of a transaction both do nothing, as on any other session.
    if (depth === 0) return true;
    const level = `teal_level_${depth--}`;
    await session.query(`${isEnd ? '' : `ROLLBACK TO SAVEPOINT ${level};`} RELEASE SAVEPOINT ${level}`);
    return true;
  };
  return {
    // Whether something is taken back depends on its answer.
    pipelined: false,
    describe: (sent) => guarded(() => session.describe(sent), isRefused),
    run: (sent, values) => guarded(() => session.run(sent, values), isRefused),
    async query<ROW extends object>(sql: string, values?: readonly unknown[]): Promise<readonly ROW[]> {
      if (/^(?:savepoint|release|rollback to)\b/i.test(sql.trim())) return session.query<ROW>(sql);
      if (await control(sql.trim())) return [];
      return guarded(
        () => session.query<ROW>(sql, values),
        () => false,
      );
    },
    close: () => Promise.resolve(),
    undo: async () => {
      await session.query('ROLLBACK');
    },
  };
}
