/**
 * Which statements the versions of an app send to its database, as far as that was counted: the database itself forgets them. Not events:
 * nothing follows from them but what a proof says.
 */
export interface StatementStore {
  /** What is kept of an app: by version, and under '' of the app itself. */
  read(app: string): Promise<ReadonlyMap<string, unknown>>;

  /** Keeps these in place of what was kept of the same versions, in one transaction. @param at epoch ms @throws TealError `disk-full` */
  save(app: string, at: number, kept: ReadonlyMap<string, unknown>): Promise<void>;

  /** Forgets every version but these. Returns how many are gone. */
  keepOnly(app: string, versions: ReadonlySet<string>): Promise<number>;

  /** Apps of which something is kept, by name. */
  apps(): Promise<readonly string[]>;

  /** Forgets all that is kept of an app. A batch of events can do it with them: see `Batch.forget`. */
  forget(app: string): Promise<void>;
}
