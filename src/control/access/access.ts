import type { Logger } from 'pino';
import { networksOf, type Networks } from '../../audience/address.ts';
import type { Config } from '../../config/config.ts';
import type { Store } from '../../store/store.ts';
import { AuditLog } from './audit-log.ts';
import type { Caller } from './caller.ts';
import { Entries } from './entries.ts';
import { GrantBook } from './grant-book.ts';
import { Limits } from './limits.ts';
import { SignIn } from './sign-in.ts';
import { Uploads } from './uploads.ts';

export interface AccessOptions {
  readonly config: Pick<Config, 'control' | 'data'>;
  readonly store: Store;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How often the last uses are written down, if there were any. */
const tidyEveryMs = 60_000;

/** All that says who may come in. */
export class Access {
  readonly book: GrantBook;
  readonly audit: AuditLog;
  readonly limits = new Limits();
  readonly entries: Entries;
  /** Whether browsers reach it encrypted: what their cookies are called. */
  readonly secure: boolean;
  readonly uploads: Uploads;
  /** Null: there is no `control.oidc`. */
  readonly signIn: SignIn | null;
  /** Proxies whose word about addresses is believed. */
  readonly trusted: Networks;
  readonly now: () => number;
  readonly log: Logger;
  /** Where browsers reach it; null: nowhere, or not known yet. */
  #origin: string | null = null;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    { book, audit, uploads }: Pick<Access, 'book' | 'audit' | 'uploads'>,
    { config, log, now }: AccessOptions,
  ) {
    this.book = book;
    this.audit = audit;
    this.uploads = uploads;
    const { oidc, url, tls } = config.control;
    this.entries = new Entries(book, now);
    this.secure = url === null ? tls !== null : url.startsWith('https:');
    this.signIn =
      oidc === null || url === null ? null : new SignIn({ oidc, origin: url, book, audit, log, now });
    this.trusted = networksOf(config.control.trustedProxies);
    this.now = now;
    this.log = log;
    this.#timer = setInterval(() => this.#tidy(), tidyEveryMs);
    this.#timer.unref();
  }

  /** @throws TealError `store-unreadable` */
  static async open(options: AccessOptions): Promise<Access> {
    const { config, store, now } = options;
    const book = await GrantBook.open(store, now);
    const uploads = await Uploads.open({ data: config.data, most: config.control.maxUploadBytes, now });
    const audit = await AuditLog.open(store, options.log);
    return new Access({ book, audit, uploads }, options);
  }

  /** @param origin where browsers reach it, when that is known */
  openedAt(origin: string): void {
    this.#origin = origin;
  }

  readonly origin = (): string | null => this.#origin;

  /** Notes that somebody came. */
  used({ id, from }: Caller): void {
    if (id !== null) this.book.used(id, from.address);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.signIn?.close();
    await this.uploads.close();
    await this.audit.close();
    // Only the last uses are lost: the way out is not barred by a full disk.
    await this.book.close().catch((error: unknown) => this.log.warn({ error }, 'last uses not kept'));
  }

  #tidy(): void {
    void this.book.tidy().catch((error: unknown) => this.log.warn({ error }, 'last uses not kept'));
  }
}
