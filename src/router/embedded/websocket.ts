/**
 * Follows the frames an app sends through a tunnel (RFC 6455 §5.2), only to know whether a close frame of ours can
 * be put between two of them. Payloads are skipped, nothing is changed, nothing is kept.
 */
export class FrameBorder {
  #need = 2;
  #head: number[] = [];
  #payload = 0;

  /** Between two frames. */
  get atBorder(): boolean {
    return this.#payload === 0 && this.#head.length === 0;
  }

  pass(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#payload > 0) {
        const skipped = Math.min(this.#payload, data.length - at);
        this.#payload -= skipped;
        at += skipped;
      } else {
        this.#head.push(data[at++] as number);
        if (this.#head.length === 2) this.#need = 2 + lengthBytes(this.#head[1] as number);
        if (this.#head.length === this.#need) this.#begin();
      }
    }
  }

  #begin(): void {
    const head = this.#head;
    const second = head[1] as number;
    const extended = second & 0x7f;
    let length = extended < 126 ? extended : 0;
    const sizeBytes = extended < 126 ? 0 : extended === 126 ? 2 : 8;
    for (let index = 2; index < 2 + sizeBytes; index++) length = length * 256 + (head[index] as number);
    this.#payload = length;
    this.#head = [];
    this.#need = 2;
  }
}

function lengthBytes(second: number): number {
  const extended = second & 0x7f;
  const size = extended < 126 ? 0 : extended === 126 ? 2 : 8;
  return size + (second >= 0x80 ? 4 : 0);
}

/** FIN + close, unmasked as servers send it: 1012, "service restart", tells a client to reconnect. */
export const closeFrame: Buffer = Buffer.from([0x88, 0x02, 0x03, 0xf4]);
