import type { Client } from 'pg';
import type { Parser } from '../../src/database/sql/parser.ts';

/** Runs a file's statements one after the other, as psql does: several in one message would be one transaction. */
export async function runSql(client: Client, parser: Parser, text: string): Promise<void> {
  const statements = parser.parse(text);
  if ('message' in statements) throw new Error(`${statements.message}\n${text}`);
  const bytes = Buffer.from(text);
  for (const { start, end } of statements) {
    const sql = bytes.subarray(start, end).toString();
    try {
      await client.query(sql);
    } catch (error) {
      await client.query('ROLLBACK');
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${sql}`, { cause: error });
    }
  }
}
