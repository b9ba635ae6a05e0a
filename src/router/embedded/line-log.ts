import { constants, openSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/**
 * DESIGN. A log that may never hold a request up, and never grows without end.
 * - Lines are collected in memory and written together, off the event loop. While a write is under way, lines wait;
 *   past `mostWaiting` they are dropped and counted, and the count is written as soon as there is room.
 * - One file for all workers. Each write ends with a whole line, and O_APPEND makes the kernel put it at the end
 *   whoever wrote before, so lines of several processes never mix; one file is what `tail -f`, log shippers and
 *   logrotate expect. Refused: a file for each worker, which readers would have to merge by time, and which would
 *   change its name whenever a worker is replaced.
 * - Whoever rotates renames the file and then says `reopen`: what is written before goes to the renamed file by the
 *   descriptor, what comes after to a new one. No line is lost.
 * - O_NONBLOCK: a pipe that nobody reads says so instead of holding a thread that Node would wait for when it ends.
 */

export interface LineLogOptions {
  readonly file: string;
  /** Told once when writing fails, and again only after it has worked. */
  readonly onError: (error: Error) => void;
  /** The line that tells of dropped ones. */
  readonly droppedLine: (count: number) => string;
}

/** How long a line waits for company: short enough to follow a log by eye, long enough for one write per thousands of lines. */
const flushMs = 200;
/** Written at once when so much has come: a write of this size costs about as much as one of a line. */
const flushAt = 64 * 1024;
/** Characters. About a second of a worker at its limit. */
const mostWaiting = 8 * 1024 * 1024;
/** Before a file that could not be opened or written is tried again. */
const retryMs = 500;
/** Before a full pipe is tried again: 64 KB at a time, so that a reader that is back gets megabytes a second. */
const fullPipeMs = 20;

const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export class LineLog {
  /** Lines that were never written. */
  dropped = 0;
  readonly #options: LineLogOptions;
  #handle: FileHandle | null = null;
  #waiting = '';
  /** Of `#waiting`. */
  #lines = 0;
  /** Dropped lines that no line of the log tells of yet. */
  #untold = 0;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  /** What is being written, for the end of the process. */
  #underWay: Buffer | null = null;
  #reopen = false;
  /** A line was written in part: the next one begins on a line of its own. */
  #torn = false;
  #failing = false;
  #closed = false;

  constructor(options: LineLogOptions) {
    this.#options = options;
  }

  /** @param line with its end */
  write(line: string): void {
    if (this.#waiting.length + line.length > mostWaiting) {
      this.#drop(1);
      return;
    }
    this.#waiting += line;
    this.#lines++;
    if (this.#writing !== null) return;
    if (this.#waiting.length >= flushAt && !this.#failing) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), flushMs).unref();
  }

  /** Lines from now on go to the file that has the name then. Resolves when the old one is let go of. */
  async reopen(): Promise<void> {
    this.#reopen = true;
    while (this.#writing !== null) await this.#writing;
    if (this.#reopen) await this.#letGo();
  }

  /** Writes what waits, as far as that goes within `ms`. */
  async close(ms: number): Promise<void> {
    this.#closed = true;
    const deadline = performance.now() + ms;
    while (performance.now() < deadline && (this.#writing !== null || this.#waiting !== '')) {
      if (this.#writing === null && this.#failing) break;
      this.#flush();
      await Promise.race([this.#writing, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    this.#stopTimer();
    await this.#letGo();
  }

  /** For the end of the process: what is left, without waiting. */
  closeNow(): void {
    this.#stopTimer();
    if (this.#underWay === null && this.#waiting === '') return;
    try {
      const descriptor = this.#handle?.fd ?? openSync(this.#options.file, flags, 0o600);
      // What was under way may be written twice: better than lost, and told apart by its request ids.
      if (this.#underWay !== null) writeSync(descriptor, this.#underWay);
      if (this.#waiting !== '') writeSync(descriptor, this.#waiting);
    } catch {
      // The disk is full, or a pipe nobody reads: nobody is left to be told.
    }
    this.#waiting = '';
  }

  #flush(): void {
    this.#stopTimer();
    if (this.#writing !== null || (this.#waiting === '' && this.#untold === 0)) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
      if (this.#waiting === '' && this.#untold === 0) return;
      const pause = this.#failing ? retryMs : this.#waiting.length >= flushAt ? 0 : flushMs;
      if (!this.#closed) this.#timer ??= setTimeout(() => this.#flush(), pause).unref();
    });
  }

  async #write(): Promise<void> {
    try {
      if (this.#reopen) await this.#letGo();
      this.#handle ??= await open(this.#options.file, flags, 0o600);
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    const told = this.#untold;
    const report = told === 0 ? '' : this.#options.droppedLine(told);
    const bytes = Buffer.from((this.#torn ? '\n' : '') + this.#waiting + report);
    const lines = this.#lines;
    this.#waiting = '';
    this.#lines = 0;
    const left = await this.#writeAll(this.#handle, bytes);
    if (left === 0) {
      this.#untold -= told;
      this.#failing = false;
      this.#torn = false;
    } else {
      // Not put back: a disk that is full would otherwise hold the same lines for ever, and drop the newer ones.
      this.#torn ||= left < bytes.length;
      this.#drop(left === bytes.length ? lines : countLines(bytes.subarray(bytes.length - left)));
    }
  }

  /** @returns how many bytes could not be written */
  async #writeAll(handle: FileHandle, bytes: Buffer): Promise<number> {
    this.#underWay = bytes;
    try {
      while (this.#underWay.length > 0) {
        try {
          const { bytesWritten } = await handle.write(this.#underWay);
          this.#underWay = this.#underWay.subarray(bytesWritten);
        } catch (error) {
          // A full pipe: its reader may come back.
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || this.#reopen) throw error;
          await new Promise((resolve) => setTimeout(resolve, fullPipeMs).unref());
        }
      }
    } catch (error) {
      this.#failed(error as Error);
      // Whatever is wrong with this descriptor, the next attempt gets a new one.
      this.#reopen = true;
    }
    const left = this.#underWay.length;
    this.#underWay = null;
    return left;
  }

  #failed(error: Error): void {
    if (!this.#failing) this.#options.onError(error);
    this.#failing = true;
  }

  #drop(lines: number): void {
    this.dropped += lines;
    this.#untold += lines;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #letGo(): Promise<void> {
    this.#reopen = false;
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => {});
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
