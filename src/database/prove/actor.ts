import type { Statement } from './corpus.ts';
import type { Prepared } from './prepare.ts';
import { refusalOf } from './refusal.ts';
import type { Session } from './session.ts';

/** A schema that was made of files may grant nothing: a role without any right would only be told that it has none. */
const anyRights = `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')) AS any`;

/** Sends statements as the role that sends them, looking for names where it does. */
export class Actor {
  readonly #session: Session;
  #now = '';
  readonly #decided: boolean;
  /** Roles that are not there, may not be taken, or have no rights at all: theirs are not looked at. */
  readonly missing: Set<string>;

  /** @param missing what was found before anything was changed: who loses its last right then is to be told so */
  constructor(session: Session, missing: readonly string[] | null = null) {
    this.#session = session;
    this.#decided = missing !== null;
    this.missing = new Set(missing);
  }

  async become({ role, searchPath }: Statement): Promise<void> {
    const wanted = JSON.stringify([role, searchPath]);
    if (wanted === this.#now) return;
    await this.leave();
    if (role !== null && !this.missing.has(role)) await this.#take(role);
    await this.#session.query("SELECT set_config('search_path', $1, false)", [
      searchPath ?? '"$user", public',
    ]);
    this.#now = wanted;
  }

  async #take(role: string): Promise<void> {
    try {
      // With SET ROLE the rights of the new role count, and it works for members who are no superusers.
      await this.#session.query("SELECT set_config('role', $1, false)", [role]);
    } catch (error) {
      if (refusalOf(error) === null) throw error;
      this.missing.add(role);
      return;
    }
    if (this.#decided) return;
    const [row] = await this.#session.query<{ any: boolean }>(anyRights);
    if (row?.any === true) return;
    this.missing.add(role);
    await this.#session.query('RESET ROLE');
  }

  async leave(): Promise<void> {
    await this.#session.query('RESET ROLE; RESET search_path');
    this.#now = '';
  }
}

/** So many are sent ahead: enough that the way to the server no longer counts, few enough to be kept in memory. */
const sentAhead = 64;

/** Statements that follow each other and are sent by the same role, looking for names in the same place. */
export function groups(all: readonly Prepared[]): readonly (readonly Prepared[])[] {
  const found: Prepared[][] = [];
  for (const prepared of all) {
    const last = found.at(-1);
    const before = last?.[0]?.statement;
    const same =
      before?.role === prepared.statement.role && before.searchPath === prepared.statement.searchPath;
    if (last !== undefined && same && last.length < sentAhead) last.push(prepared);
    else found.push([prepared]);
  }
  return found;
}
