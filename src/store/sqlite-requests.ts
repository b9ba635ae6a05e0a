import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { KnownRequest, NewRequest, RequestAnswer, RequestStore } from './requests.ts';
import { requestStatements } from './sql.ts';
import type { Access } from './sqlite-evidence.ts';

type Statements = Readonly<Record<keyof typeof requestStatements, StatementSync>>;

/** Requests, in the file of the event log. */
export class SqliteRequests implements RequestStore {
  readonly #access: Pick<Access, 'write'>;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, access: Pick<Access, 'write'>) {
    this.#access = access;
    const prepared = Object.entries(requestStatements).map(([name, text]) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(prepared) as Statements;
  }

  async claim({ id, fingerprint, at, expiresAt }: NewRequest): Promise<KnownRequest | null> {
    return this.#access.write(() => {
      this.#statements.expire.run(id, at);
      const known = this.#statements.find.get(id);
      if (known !== undefined) return knownOf(known);
      this.#statements.note.run(id, fingerprint, expiresAt);
      return null;
    });
  }

  async finish(id: string, { status, body }: RequestAnswer): Promise<void> {
    this.#access.write(() => this.#statements.finish.run(status, body, id));
  }

  async prune(now: number): Promise<number> {
    return this.#access.write(() => Number(this.#statements.prune.run(now).changes));
  }
}

function knownOf({ fingerprint, after, status, body }: Readonly<Record<string, unknown>>): KnownRequest {
  return {
    fingerprint: String(fingerprint),
    after: Number(after),
    answer: status === null ? null : { status: Number(status), body: String(body) },
  };
}
