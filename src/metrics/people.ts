/**
 * Everybody who was seen in a release: a table of rows in the order of arrival, in pages of columns, and an index by key with open addressing (linear
 * probing, at most half full). Rows in the order of arrival make windows of equal length close in that order, so that nothing else has to
 * remember whose is next.
 *
 * When it is full, every second person is forgotten, by one more bit of the key, and who is not in the sample is not taken up any more. That bit has nothing to
 * do with the bucket, so both sides lose the same part.
 */

/** 64 bits of a digest tell a million people apart but with a probability of 3 in 10⁸. */
export interface Page {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** Of the last fact, and the first one; milliseconds of the machine's clock. */
  readonly seen: Float64Array;
  readonly met: Float64Array;
  /** Of the last fact. */
  readonly place: Uint32Array;
  /** See ledger.ts. */
  readonly state: Uint16Array;
  /** Sum of ranks and number of requests in the first window. */
  readonly ranks: Uint32Array;
  readonly asked: Uint16Array;
  /** Index of the share at the first fact, and the side: see ledger.ts. */
  readonly assigned: Uint16Array;
  /** Of the candidate, that answered last. */
  readonly instance: Uint8Array;
}

const pageBits = 14;
export const pageRows: number = 1 << pageBits;
const smallestIndex = 1024;
const none = -1;

export class People {
  /** Bits of the key by which people are forgotten: one person of 2^bits is left. */
  sampleBits = 0;
  #length = 0;
  #pages: Page[] = [];
  #index = new Int32Array(smallestIndex).fill(none);
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  get full(): boolean {
    return this.#length >= this.#most;
  }

  /** All that is kept for them. */
  get bytes(): number {
    const columns = this.#pages.reduce(
      (sum, page) =>
        sum +
        Object.values(page as unknown as Record<string, Uint8Array>).reduce(
          (all, { byteLength }) => all + byteLength,
          0,
        ),
      0,
    );
    return columns + this.#index.byteLength;
  }

  page(row: number): Page {
    return this.#pages[row >>> pageBits] as Page;
  }

  isSampled(low: number): boolean {
    return (low & ((1 << this.sampleBits) - 1)) === 0;
  }

  /** The row of a key, or -1. */
  find(low: number, high: number): number {
    const mask = this.#index.length - 1;
    for (let slot = high & mask; ; slot = (slot + 1) & mask) {
      const row = this.#index[slot] as number;
      if (row === none) return none;
      const page = this.page(row);
      const at = row & (pageRows - 1);
      if (page.high[at] === high && page.low[at] === low) return row;
    }
  }

  /** A new row, of which only the key is set. */
  add(low: number, high: number): number {
    if (2 * (this.#length + 1) > this.#index.length) this.#reindex(2 * this.#index.length);
    const row = this.#length++;
    if (row >>> pageBits === this.#pages.length) this.#pages.push(newPage());
    const page = this.page(row);
    const at = row & (pageRows - 1);
    page.low[at] = low;
    page.high[at] = high;
    this.#place(row, high);
    return row;
  }

  /** Keeps every second person. @returns where each row is now, or -1; rows keep their order */
  halve(): Int32Array {
    this.sampleBits++;
    const moved = new Int32Array(this.#length).fill(none);
    let kept = 0;
    for (let row = 0; row < moved.length; row++) {
      if (!this.isSampled(this.page(row).low[row & (pageRows - 1)] as number)) continue;
      this.#move(row, kept);
      moved[row] = kept++;
    }
    this.#length = kept;
    this.#pages = this.#pages.slice(0, Math.ceil(kept / pageRows));
    this.#reindex(this.#index.length);
    return moved;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    const [source, target] = [this.page(from), this.page(to)];
    const [at, into] = [from & (pageRows - 1), to & (pageRows - 1)];
    for (const column of columns) target[column][into] = source[column][at] as number;
  }

  #reindex(length: number): void {
    this.#index = new Int32Array(length).fill(none);
    for (let row = 0; row < this.#length; row++)
      this.#place(row, this.page(row).high[row & (pageRows - 1)] as number);
  }

  #place(row: number, high: number): void {
    const mask = this.#index.length - 1;
    let slot = high & mask;
    while (this.#index[slot] !== none) slot = (slot + 1) & mask;
    this.#index[slot] = row;
  }
}

const newPage = (): Page => ({
  low: new Uint32Array(pageRows),
  high: new Uint32Array(pageRows),
  seen: new Float64Array(pageRows),
  met: new Float64Array(pageRows),
  place: new Uint32Array(pageRows),
  state: new Uint16Array(pageRows),
  ranks: new Uint32Array(pageRows),
  asked: new Uint16Array(pageRows),
  assigned: new Uint16Array(pageRows),
  instance: new Uint8Array(pageRows),
});

const columns = [
  'low',
  'high',
  'seen',
  'met',
  'place',
  'state',
  'ranks',
  'asked',
  'assigned',
  'instance',
] as const satisfies readonly (keyof Page)[];
