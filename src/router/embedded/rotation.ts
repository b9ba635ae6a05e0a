import { rename, rm, stat } from 'node:fs/promises';
import type { AccessLogConfig } from '../../config/router.ts';

/** How often the size is looked at. A worker at its limit writes some 10 MB in that time. */
const everyMs = 1000;

/**
 * Renames a log that has grown past its size: `access.log` to `access.log.1`, that to `.2`, the oldest away. In the
 * parent, since of several workers two could do it at once, and one would rename what the other has just begun.
 */
export class Rotation {
  readonly #config: AccessLogConfig;
  readonly #renamed: () => void;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  /** @param renamed who writes has to open the file anew: until then it writes to the renamed one */
  constructor(config: AccessLogConfig, renamed: () => void) {
    this.#config = config;
    this.#renamed = renamed;
    this.#timer = setInterval(() => void this.#look(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    // A disk may take longer than a second.
    if (this.#looking) return;
    this.#looking = true;
    try {
      if (await isLarge(this.#config)) {
        await rotate(this.#config);
        this.#renamed();
      }
    } catch {
      // The folder is not writable or the disk is full: the log grows on, which loses nothing.
    } finally {
      this.#looking = false;
    }
  }
}

async function isLarge({ file, maxBytes }: AccessLogConfig): Promise<boolean> {
  const about = await stat(file).catch(() => null);
  return about?.isFile() === true && about.size > maxBytes;
}

async function rotate({ file, keep }: AccessLogConfig): Promise<void> {
  if (keep === 0) {
    await rm(file, { force: true });
    return;
  }
  for (let number = keep - 1; number >= 0; number--) {
    const from = number === 0 ? file : `${file}.${number}`;
    await rename(from, `${file}.${number + 1}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
