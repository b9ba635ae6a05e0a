/**
 * As much of a request's body as is kept until the app answers: an app that ends a session refuses what it has not
 * begun (RFC 9113 §8.7), and most calls have sent their body by then. 64 kB holds nearly every such call; what is
 * longer was read from a client that can't be asked again.
 */
const mostBytes = 64 * 1024;

export class SentBody {
  /** Nothing that was sent is missing here. */
  whole = true;
  pieces: Buffer[] = [];
  /** The trailer (field lines, or nothing) that ended it; null while it goes on. */
  ended: string | null = null;
  #bytes = 0;

  add(piece: Buffer): void {
    if (!this.whole) return;
    this.#bytes += piece.length;
    if (this.#bytes > mostBytes) this.forget();
    else this.pieces.push(piece);
  }

  /** The app has begun: it will not be sent again. */
  forget(): void {
    this.whole = false;
    this.pieces = [];
  }
}
