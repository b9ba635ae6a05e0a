import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

const digits = 16;
const explanation =
  ' is the last event that was acknowledged. Teal keeps this file beside its event log: it tells an event log that ' +
  'has been lost, or has lost its end, from a first start. Remove it only to accept such a loss.\n';

/**
 * Stands beside the database and says that there was one, and up to which event it had been acknowledged.
 *
 * SQLite takes a WAL only up to the first frame that does not add up, as it has to after a power cut; damage to the
 * WAL would thus silently take acknowledged events away. The mark is written after each commit, without a sync: it
 * outlives the process, and after a power cut it can only be too low, which never refuses a healthy log.
 */
export class Mark {
  readonly #descriptor: number;
  #highest: number;

  constructor(file: string) {
    this.#highest = readMark(file) ?? -1;
    this.#descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o600);
  }

  /** Never fails: the events are on disk already. */
  raise(seq: number): void {
    if (seq <= this.#highest) return;
    try {
      const fresh = this.#highest < 0;
      const text = `${`${seq}`.padStart(digits, '0')}${fresh ? explanation : ''}`;
      writeSync(this.#descriptor, text, 0);
      if (fresh) fsyncSync(this.#descriptor);
      this.#highest = seq;
    } catch {
      // A mark that is too low only notices less.
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The acknowledged position, or null when there is no mark (or nobody can read it). */
export function readMark(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').slice(0, digits);
    return /^\d+$/.test(text) ? Number(text) : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
