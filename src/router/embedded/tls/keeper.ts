import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { CertificateFiles, TlsConfig } from '../../../config/router.ts';
import type { CertificateStatus } from '../../router.ts';
import { toTealError } from '../rpc.ts';
import type { CertificateFacts, Pair } from './certificate.ts';
import { readAuthorities, readCertificates, readPair } from './certificate.ts';
import type { TlsMaterial } from './material.ts';

/**
 * Files are looked at this often. Watching is not enough: certbot and Kubernetes swap symbolic links further up, which
 * no watch of the file sees.
 */
const lookMs = 1000;
/** Whoever gets hold of the ticket key can read the sessions it was used for: so it is not used for long, and never stored. */
const ticketKeyLifeMs = 12 * 3600_000;
const dayMs = 24 * 3600_000;
/** Let's Encrypt's clients renew 30 days before the end: at two weeks something is wrong, and there is time to mend it. */
export const soonMs: number = 14 * dayMs;

/** Of session tickets; told to nobody but the router process that takes over. */
export interface TicketKeys {
  /** 48 bytes in base64. */
  readonly keys: string;
  /** How long they have been in use, in milliseconds. */
  readonly age: number;
  /** Who may have let their clients in. */
  readonly authorities: string | null;
}

interface Openings {
  readonly elapsed?: () => number;
  readonly tickets?: TicketKeys | null;
}

interface Kept {
  readonly files: CertificateFiles;
  /** Of the files as they were before they were last read: a write in between is seen the next time. */
  mark: string;
  /** Null when its files have been no good since the start. */
  held: { readonly pair: Pair; readonly facts: CertificateFacts } | null;
  /** Why what is in the files now is not in force. */
  problem: string | null;
}

/** What names the files. */
type Named = Pick<TlsConfig, 'certificates' | 'clientCertificates'>;

/** Holds the certificates in force: reads them, looks whether they change, keeps the old ones when the new are no good. */
export class CertificateKeeper {
  readonly #config: Named;
  readonly #log: Logger;
  readonly #kept: Kept[] = [];
  #authorities: string | null = null;
  #authoritiesMark = '';
  #authoritiesProblem: string | null = null;
  #ticketKeys = randomBytes(48);
  /** Of a clock that nobody sets, as `#warnedAt`: a ticket key is not used for longer because the time of day was set back. */
  #ticketKeysSince: number;
  #warnedAt = -Infinity;
  readonly #elapsed: () => number;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  private constructor(config: Named, log: Logger, elapsed: () => number) {
    this.#config = config;
    this.#log = log;
    this.#elapsed = elapsed;
    this.#ticketKeysSince = elapsed();
  }

  /**
   * A pair that is no good costs its own hosts, and not those of the others.
   * @param how elapsed: milliseconds of a clock that nobody sets; tickets: of the router before this one, whose clients' sessions go on
   * @throws TealError `certificate-invalid` for the first one when none is good, and for authorities that are not
   */
  static async open(
    config: Named,
    log: Logger,
    { elapsed = () => performance.now(), tickets = null }: Openings = {},
  ): Promise<CertificateKeeper> {
    const keeper = new CertificateKeeper(config, log, elapsed);
    for (const files of config.certificates) await keeper.#open(files);
    if (keeper.#held.length === 0) await readCertificates({ ...config, clientCertificates: null });
    const ca = config.clientCertificates?.ca;
    if (ca !== undefined) {
      keeper.#authoritiesMark = await markOf(ca);
      keeper.#authorities = await readAuthorities(ca);
    }
    if (tickets !== null) keeper.#goOnWith(tickets);
    keeper.#warn();
    return keeper;
  }

  get material(): TlsMaterial {
    return {
      pairs: this.#held.map(({ pair, facts }) => ({ ...pair, names: facts.names })),
      incomplete: this.#held.length < this.#kept.length,
      authorities: this.#authorities,
      ticketKeys: this.#ticketKeys.toString('base64'),
    };
  }

  get tickets(): TicketKeys {
    // Never infinite, which JSON cannot say.
    const age = Math.min(ticketKeyLifeMs, this.#elapsed() - this.#ticketKeysSince);
    return { keys: this.#ticketKeys.toString('base64'), age, authorities: this.#authorities };
  }

  get status(): readonly CertificateStatus[] {
    const shown = this.#kept.map(({ files, held, problem }) => ({
      ...files,
      names: held?.facts.names ?? [],
      validFrom: held?.facts.validFrom ?? null,
      validUntil: held?.facts.validUntil ?? null,
      problem,
    }));
    const [first, ...rest] = shown;
    if (first === undefined || this.#authoritiesProblem === null) return shown;
    return [{ ...first, problem: first.problem ?? this.#authoritiesProblem }, ...rest];
  }

  get #held(): readonly NonNullable<Kept['held']>[] {
    return this.#kept.flatMap(({ held }) => held ?? []);
  }

  /** Looks at the files from now on, and tells when other material is in force. */
  watch(changed: (material: TlsMaterial) => Promise<void>): void {
    const again = (): void => {
      this.#timer = setTimeout(() => {
        this.#looking = this.#look(changed)
          .catch((error: unknown) => this.#log.error({ error: String(error) }, 'certificates not looked at'))
          .finally(() => {
            if (this.#timer !== null) again();
          });
      }, lookMs).unref();
    };
    again();
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#looking;
  }

  /** A session remembers that its client was let in: by authorities that may not be believed any more. */
  #goOnWith({ keys, age, authorities }: TicketKeys): void {
    if (authorities !== this.#authorities) return;
    this.#ticketKeys = Buffer.from(keys, 'base64');
    this.#ticketKeysSince = this.#elapsed() - age;
  }

  async #open(files: CertificateFiles): Promise<void> {
    const kept: Kept = { files, mark: '', held: null, problem: null };
    this.#kept.push(kept);
    await this.#reload(kept);
  }

  async #look(changed: (material: TlsMaterial) => Promise<void>): Promise<void> {
    const moment = this.#elapsed();
    let other = false;
    for (const kept of this.#kept) {
      if (await this.#reload(kept)) other = true;
    }
    if (await this.#reloadAuthorities()) {
      other = true;
      // A session remembers that its client was let in: by authorities that may not be believed any more.
      this.#ticketKeysSince = -Infinity;
    }
    if (moment - this.#ticketKeysSince >= ticketKeyLifeMs) {
      this.#ticketKeys = randomBytes(48);
      this.#ticketKeysSince = moment;
      other = true;
    }
    this.#warn();
    if (this.#timer !== null && other) await changed(this.material);
  }

  /** @returns whether another pair is in force */
  async #reload(kept: Kept): Promise<boolean> {
    const { files } = kept;
    const mark = await markOf(files.certificate, files.key);
    if (mark === kept.mark) return false;
    kept.mark = mark;
    try {
      const { facts, ...pair } = await readPair(files);
      kept.problem = null;
      const before = kept.held?.pair;
      if (pair.certificate === before?.certificate && pair.key === before.key) return false;
      kept.held = { pair, facts };
      this.#log.info({ ...told(facts), file: files.certificate }, 'certificate read');
      return true;
    } catch (error) {
      const { message, remedy } = toTealError(error);
      kept.problem = message;
      const instead = kept.held === null ? 'its hosts are refused' : 'the old one stays in force';
      this.#log.error({ file: files.certificate, remedy }, `${message}; ${instead}`);
      return false;
    }
  }

  async #reloadAuthorities(): Promise<boolean> {
    const file = this.#config.clientCertificates?.ca;
    if (file === undefined) return false;
    const mark = await markOf(file);
    if (mark === this.#authoritiesMark) return false;
    this.#authoritiesMark = mark;
    try {
      const authorities = await readAuthorities(file);
      this.#authoritiesProblem = null;
      if (authorities === this.#authorities) return false;
      this.#authorities = authorities;
      return true;
    } catch (error) {
      const { message, remedy } = toTealError(error);
      this.#authoritiesProblem = message;
      this.#log.error({ file, remedy }, `${message}; the old authorities stay in force`);
      return false;
    }
  }

  /** Once a day, for as long as it is so. */
  #warn(): void {
    const moment = this.#elapsed();
    if (moment - this.#warnedAt < dayMs) return;
    const now = Date.now();
    for (const { files, held } of this.#kept) {
      if (held === null || held.facts.validUntil - now >= soonMs) continue;
      this.#warnedAt = moment;
      const ended = held.facts.validUntil < now ? 'has expired' : 'expires soon';
      this.#log.warn({ ...told(held.facts), file: files.certificate }, `a certificate ${ended}`);
    }
  }
}

const told = ({ names, validUntil }: CertificateFacts) => ({
  names,
  validUntil: new Date(validUntil).toISOString(),
});

/** Another one whenever a file was replaced or written to, or what it is reached by points elsewhere. */
async function markOf(...files: readonly string[]): Promise<string> {
  const marks = files.map(async (file) => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return `${(error as NodeJS.ErrnoException).code}`;
    }
  });
  return (await Promise.all(marks)).join('; ');
}
