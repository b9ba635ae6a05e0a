import type { AccessRole } from '../../config/control.ts';
import { TealError } from '../../errors.ts';
import type { NewEvent, Store, StoredEvent } from '../../store/store.ts';
import { fold, stateOf, worthKeeping, type Grant, type GrantEvent, type Grants } from './grant.ts';
import { hashOf, makeId, makeSecret } from './secret-text.ts';

/** No app can be called so. */
const accessStream = '@access';
/** Version of the snapshot's shape. */
const shape = 1;
/** Another control plane may have revoked one: no older knowledge is acted upon. */
const freshMs = 1000;
/** The last use is for people, who think in days; every write is a sync of the disk. */
const savedEveryMs = 60_000;
/** As often as another control plane can be quicker before something else is wrong. */
const mostTries = 5;

export interface Wanted {
  readonly kind: Grant['kind'];
  readonly name: string;
  readonly actor: string;
  readonly role: AccessRole;
  readonly apps: readonly string[] | null;
  readonly expiresAt: number | null;
  /** The token that it comes from, and ends with. */
  readonly of?: string;
}

/** A secret, which is nowhere else, and what it is good for. */
export interface Made {
  readonly secret: string;
  readonly grant: Grant;
}

/** Every grant there is: made, found by its secret, revoked; kept as events of one stream. */
export class GrantBook {
  readonly #store: Store;
  readonly #now: () => number;
  #grants: Grants = new Map();
  #byHash = new Map<string, string>();
  #version = 0;
  #readAt = 0;
  #savedAt = 0;
  #used = false;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** @throws TealError `store-unreadable` */
  static async open(store: Store, now: () => number): Promise<GrantBook> {
    const book = new GrantBook(store, now);
    const snapshot = await store.snapshot(accessStream);
    if (snapshot !== null && snapshot.shape > shape) throw newer();
    if (snapshot !== null) {
      book.#grants = new Map((snapshot.state as readonly Grant[]).map((grant) => [grant.id, grant]));
      book.#version = snapshot.version;
    }
    await book.#refresh();
    return book;
  }

  list(): readonly Grant[] {
    return [...this.#grants.values()];
  }

  /** The grant whose secret this is, whatever has become of it; null when nobody knows it. */
  async find(secret: string): Promise<Grant | null> {
    if (this.#now() - this.#readAt >= freshMs) await this.#refresh();
    const hash = hashOf(secret);
    const grant = this.#grants.get(this.#byHash.get(hash) ?? '') ?? null;
    // One that was replaced is known for as long as it is good; then nobody knows it.
    return grant !== null && grant.hash !== hash && isPast(grant, this.#now()) ? null : grant;
  }

  /** Notes that it was used; on disk within a minute. */
  used(id: string, from: string | null): void {
    const grant = this.#grants.get(id);
    if (grant === undefined) return;
    const next = new Map(this.#grants);
    next.set(id, { ...grant, lastUsedAt: this.#now(), lastFrom: from });
    this.#grants = next;
    this.#used = true;
  }

  /** @returns the secret, which is nowhere else. @throws TealError `usage` when a token of this name is in force */
  make(wanted: Wanted, by: string): Promise<Made> {
    const secret = makeSecret();
    const now = this.#now();
    const { kind, name, actor, role, apps, expiresAt, of } = wanted;
    const grant: Grant = {
      id: makeId(),
      kind,
      name,
      actor,
      role,
      apps,
      expiresAt,
      hash: hashOf(secret),
      ...(of === undefined ? {} : { of }),
      madeAt: now,
      madeBy: by,
      revokedAt: null,
      lastUsedAt: null,
      lastFrom: null,
    };
    return this.#append(by, () => {
      if (wanted.kind === 'token' && this.#taken(wanted.name))
        throw new TealError('usage', `There is a token ${wanted.name} already.`, {
          remedy: `give this one another name, or revoke that one: teal token revoke ${wanted.name}`,
          details: { name: wanted.name },
        });
      return [{ type: 'granted', grant }];
    }).then(() => ({ secret, grant }));
  }

  /** Ends those that are chosen and in force. @returns as they were */
  async revoke(chosen: (grant: Grant) => boolean, by: string): Promise<readonly Grant[]> {
    let found: readonly Grant[] = [];
    await this.#append(by, () => {
      const now = this.#now();
      const inForce = this.list().filter((grant) => stateOf(grant, now) === 'in force');
      found = withTheirs(inForce.filter(chosen), inForce);
      return found.map(({ id }) => ({ type: 'revoked', id, at: now }));
    });
    return found;
  }

  /**
   * Gives one that is in force another secret: it stays the same grant, and ends with all its secrets.
   * @param due asked when it is this change's turn
   * @param until as long as the secret it had is good, too
   * @returns null when it is not due
   */
  async rotate(id: string, due: (grant: Grant) => boolean, until: number): Promise<Made | null> {
    const secret = makeSecret();
    let made: Made | null = null;
    await this.#append('teal', () => {
      const grant = this.#grants.get(id);
      made = null;
      if (grant === undefined || stateOf(grant, this.#now()) !== 'in force' || !due(grant)) return [];
      made = { secret, grant };
      return [{ type: 'rotated', id, hash: hashOf(secret), until }];
    });
    return made;
  }

  /** Keeps what would be lost with the process: when each was used. */
  async save(): Promise<void> {
    if (this.#version === 0) return;
    this.#used = false;
    this.#savedAt = this.#now();
    this.#grants = worthKeeping(this.#grants, this.#now());
    this.#index();
    await this.#store.saveSnapshot(accessStream, { version: this.#version, shape, state: this.list() });
  }

  /** Saves when it is time to. */
  async tidy(): Promise<void> {
    if (this.#used && this.#now() - this.#savedAt >= savedEveryMs) await this.save();
  }

  async close(): Promise<void> {
    await this.#queue;
    if (this.#used) await this.save();
  }

  #taken(name: string): boolean {
    return this.list().some(
      (grant) => grant.kind === 'token' && grant.name === name && stateOf(grant, this.#now()) === 'in force',
    );
  }

  /** One change after the other; when another control plane was quicker, it is decided again. */
  #append(actor: string, decide: () => readonly GrantEvent[]): Promise<void> {
    const work = async (): Promise<void> => {
      for (let tries = 1; ; tries++) {
        const events = decide();
        if (events.length === 0) return;
        try {
          const at = this.#now();
          const dated = events.map(({ type, ...data }): NewEvent => ({
            at,
            actor,
            reason: null,
            type,
            data,
          }));
          this.#fold(await this.#store.append(accessStream, this.#version, dated));
          return;
        } catch (error) {
          if (!(error instanceof TealError) || error.code !== 'store-conflict' || tries >= mostTries)
            throw error;
          await this.#refresh();
        }
      }
    };
    const done = this.#queue.then(work, work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #refresh(): Promise<void> {
    this.#fold(await this.#store.read(accessStream, this.#version));
    this.#readAt = this.#now();
  }

  #fold(stored: readonly StoredEvent[]): void {
    for (const { type, data, version } of stored) {
      // Two reads may bring the same.
      if (version <= this.#version) continue;
      this.#grants = fold(this.#grants, { type, ...(data as object) } as GrantEvent);
      this.#version = version;
    }
    this.#index();
  }

  #index(): void {
    this.#byHash = new Map(
      this.list().flatMap(({ hash, former, id }) => [
        [hash, id] as const,
        ...(former === undefined ? [] : [[former.hash, id] as const]),
      ]),
    );
  }
}

/** Sessions end with the token, or the session, that they come from. */
function withTheirs(chosen: readonly Grant[], all: readonly Grant[]): readonly Grant[] {
  const ids = new Set(chosen.map(({ id }) => id));
  const theirs = all.filter(({ id, of }) => of !== undefined && ids.has(of) && !ids.has(id));
  return theirs.length === 0 ? chosen : withTheirs([...chosen, ...theirs], all);
}

const isPast = ({ former }: Grant, now: number): boolean => former === undefined || former.until <= now;

const newer = (): TealError =>
  new TealError('store-unreadable', 'the tokens were written by a newer version of Teal', {
    remedy: 'run that version, or restore a backup of the data directory',
  });
