/**
 * What the clients know, and the database has to show at the end: no look into the app, nothing of Teal.
 *
 * Each write gives its row the next revision and answers with it. So two writes of one row that were both acknowledged have two
 * revisions; the same one twice means that one of them is lost. The row as it is in the end has the highest revision, with what was
 * written last.
 */

/** A user, as an answer or the table shows them. `locale` is absent where the version has no such column. */
export interface Row {
  readonly email: string;
  readonly name: string | null;
  readonly locale?: string | null;
  readonly revision: number;
}

/** What a client has sent, and got for it. */
export interface Write {
  readonly email: string;
  /** Left out: the write leaves the name as it is. */
  readonly name?: string;
  readonly locale?: string;
  readonly answer: Row;
}

/** What one acknowledged write has made of the row; null: left as it was. */
interface Made {
  readonly name: string | null;
  readonly locale: string | null;
}

export interface Account {
  /** Acknowledged writes. */
  readonly writes: number;
  readonly reads: number;
  /** Acknowledged writes that are not in the table, or whose values are not. */
  readonly lost: number;
  /** Answers that showed something else than was written, or than an answer before had shown already. */
  readonly wrong: number;
  /** Rows that have a value only the new version writes. */
  readonly localised: number;
  /** The first few of what is lost or wrong. */
  readonly examples: readonly string[];
}

export class Ledger {
  /** By address; each write under its revision. */
  readonly #users = new Map<string, Map<number, Made>>();
  readonly #emails: string[] = [];
  readonly #reads: Row[] = [];
  readonly #notes: string[] = [];
  #writes = 0;
  #lost = 0;
  #wrong = 0;

  /** @param known rows that were there before anybody wrote */
  constructor(known: readonly Row[] = []) {
    for (const { email, name, revision } of known) this.#of(email).set(revision, { name, locale: null });
  }

  /** Of all users, in the order in which they came. */
  get emails(): readonly string[] {
    return this.#emails;
  }

  /** Those whose rows have been written by the version that knows locales. */
  get localised(): readonly string[] {
    return this.emails.filter((email) => this.#expected(email, Infinity, 'locale') !== null);
  }

  wrote({ email, name, locale, answer }: Write): void {
    const revisions = this.#of(email);
    this.#writes += 1;
    if (revisions.has(answer.revision)) {
      this.#lost += 1;
      this.#note(`${email} was given revision ${answer.revision} twice`);
    }
    // A version without such a column has not written it, whatever it was sent.
    const kept = answer.locale === undefined ? null : (locale ?? null);
    revisions.set(answer.revision, { name: name ?? null, locale: kept });
    this.#reads.push(answer);
  }

  /** @param atLeast the revision that was known of it when it was asked for */
  read(answer: Row, atLeast: number): void {
    this.#reads.push(answer);
    if (answer.revision >= atLeast) return;
    this.#wrong += 1;
    this.#note(`${answer.email} was shown at revision ${answer.revision} after ${atLeast}`);
  }

  /** The last revision that somebody was told of; 0: none. */
  revisionOf(email: string): number {
    return Math.max(0, ...(this.#users.get(email)?.keys() ?? []));
  }

  /** Is this row as it was written, as far as its revision is known? */
  agrees(row: Row): boolean {
    return this.#differs(row) === null;
  }

  /** Compares with the table, when nobody writes any more. Answers that came before the write they show are judged here, too. */
  account(table: readonly Row[]): Account {
    const rows = new Map(table.map((row) => [row.email, row]));
    for (const email of this.emails) this.#compare(email, rows.get(email));
    for (const answer of this.#reads) {
      const why = this.#differs(answer);
      if (why === null) continue;
      this.#wrong += 1;
      this.#note(`${answer.email} was shown with ${why}`);
    }
    return {
      writes: this.#writes,
      reads: this.#reads.length - this.#writes,
      lost: this.#lost,
      wrong: this.#wrong,
      localised: this.localised.length,
      examples: this.#notes,
    };
  }

  #of(email: string): Map<number, Made> {
    const there = this.#users.get(email);
    if (there !== undefined) return there;
    const made = new Map<number, Made>();
    this.#users.set(email, made);
    this.#emails.push(email);
    return made;
  }

  #compare(email: string, row: Row | undefined): void {
    const last = this.revisionOf(email);
    const missing = row === undefined ? last : Math.max(0, last - row.revision);
    const why = row === undefined ? 'no row' : this.#differs(row);
    if (missing === 0 && why === null) return;
    this.#lost += Math.max(missing, 1);
    this.#note(`${email} has ${why ?? `revision ${row?.revision}`} in the end, after revision ${last}`);
  }

  /** What of a row is not as it was written up to its revision; null: nothing. */
  #differs(row: Row): string | null {
    const { email, revision, name, locale } = row;
    // Of a write without an answer nobody knows whether it was done: it counts among the failed requests.
    if (this.#users.get(email)?.has(revision) !== true) return null;
    const due = this.#expected(email, revision, 'name') ?? '';
    if (name !== due) return `name ${name} instead of ${due} (revision ${revision})`;
    if (locale === undefined) return null;
    const kept = this.#expected(email, revision, 'locale');
    return locale === kept ? null : `locale ${locale} instead of ${kept} (revision ${revision})`;
  }

  /** What was written last, up to a revision; null: nothing was. */
  #expected(email: string, revision: number, field: keyof Made): string | null {
    const revisions = this.#users.get(email);
    let at = Math.min(revision, this.revisionOf(email));
    for (; at > 0; at--) {
      const value = revisions?.get(at)?.[field] ?? null;
      if (value !== null) return value;
    }
    return null;
  }

  #note(text: string): void {
    if (this.#notes.length < 5) this.#notes.push(text);
  }
}
