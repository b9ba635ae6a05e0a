/** What is longer is told in pieces: it is no text that people read. */
const longestLine = 65_536;
/** On one line; a key of 8192 bits in base64 has less. */
const longestSecret = 16_384;

/**
 * Text that comes in pieces, told without secrets, none of which goes beyond a line. What is cut is always whole: at the end of a line, or,
 * in a line that is too long to be waited for, before what may be the beginning of a secret.
 */
export class RedactedPieces {
  readonly #redact: (text: string) => string;
  readonly #tell: (text: string) => void;
  #rest = '';

  constructor(redact: (text: string) => string, tell: (text: string) => void) {
    this.#redact = redact;
    this.#tell = tell;
  }

  take(chunk: string): void {
    const text = this.#rest + chunk;
    const end = text.lastIndexOf('\n') + 1;
    this.#tell(this.#redact(text.slice(0, end)));
    this.#rest = text.slice(end);
    if (this.#rest.length <= longestLine) return;
    // Secrets that are whole are gone before the cut, which could only go through one of those.
    const shown = this.#redact(this.#rest);
    const cut = Math.max(0, shown.length - longestSecret);
    this.#tell(shown.slice(0, cut));
    this.#rest = shown.slice(cut);
  }

  /** Nothing follows. */
  end(): void {
    this.#tell(this.#redact(this.#rest));
    this.#rest = '';
  }
}
