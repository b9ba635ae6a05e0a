import type { KnownRequest, NewRequest, RequestAnswer, RequestStore } from '../requests.ts';
import type { Session } from './session.ts';
import { requestStatements as statements } from './sql.ts';

interface Row {
  readonly fingerprint: string;
  readonly after: string;
  readonly status: number | null;
  readonly body: string | null;
}

/** Requests, in the database of the event log. */
export class PostgresRequests implements RequestStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async claim({ id, fingerprint, at, expiresAt }: NewRequest): Promise<KnownRequest | null> {
    return await this.#session.write(async (transaction) => {
      await transaction.change(statements.expire, [id, at]);
      // Two at once: the second waits for the first, and finds what it has written.
      const noted = await transaction.change(statements.note, [id, fingerprint, expiresAt]);
      if (noted === 1) return null;
      const [known] = await transaction.query<Row>(statements.find, [id]);
      return known === undefined ? null : knownOf(known);
    });
  }

  async finish(id: string, { status, body }: RequestAnswer): Promise<void> {
    await this.#session.write((transaction) => transaction.change(statements.finish, [status, body, id]));
  }

  async prune(now: number): Promise<number> {
    return await this.#session.write((transaction) => transaction.change(statements.prune, [now]));
  }
}

const knownOf = ({ fingerprint, after, status, body }: Row): KnownRequest => ({
  fingerprint,
  after: Number(after),
  answer: status === null ? null : { status, body: body ?? '' },
});
