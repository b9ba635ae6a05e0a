import type { Refusal, Session } from './session.ts';

/** The server's own word in an error, known by its SQLSTATE; null: it was something else, such as a connection that ended. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return /^[0-9A-Z]{5}$/.test(error.code)
    ? { code: error.code, message: error.message, parameter: null }
    : null;
}

/** Time (57014), locks (55P03), deadlocks (class 40) and room (class 53) of a busy server: they say nothing of the schema. */
export function isPassing({ code }: Pick<Refusal, 'code'>): boolean {
  return code === '57014' || code === '55P03' || code.startsWith('40') || code.startsWith('53');
}

/** What the server refuses of some SQL; null: nothing. @throws any error that is not its word */
export async function refusalIn(session: Session, sql: string): Promise<Refusal | null> {
  try {
    await session.query(sql);
    return null;
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === null) throw error;
    return refused;
  }
}
