/** How a request ended: `answered`, or the way in which it failed. */
const outcomes = [
  'answered',
  'refused',
  'reset',
  'timeout',
  'status-5xx',
  'bad-response',
  'overloaded',
] as const;
export type Outcome = (typeof outcomes)[number];
/** The kinds of failure: every outcome but `answered`. */
export type FailureKind = Exclude<Outcome, 'answered'>;

/** One request. Times are milliseconds since the epoch with fractions; NaN where it never got so far. */
export interface Sample {
  readonly index: number;
  /** When the clock of the load said it should start; latency counts from here. */
  readonly scheduledAt: number;
  /** When its first byte was written to a connection. */
  readonly sentAt: number;
  readonly endedAt: number;
  /** 0 when no response head came. */
  readonly status: number;
  readonly outcome: Outcome;
  readonly version: string | null;
  /** Index into the list of request shapes. */
  readonly shape: number;
}

/** Every request of a run in columns, 32 bytes each, so that a million of them disturb nothing that is measured. */
export class Samples {
  #scheduledAt = new Float64Array(1024);
  #sentAt = new Float64Array(1024);
  #endedAt = new Float64Array(1024);
  #status = new Uint16Array(1024);
  #outcome = new Uint8Array(1024);
  #version = new Uint16Array(1024);
  #shape = new Uint16Array(1024);
  #length = 0;
  /** Interned: index 0 means no version was told. */
  readonly #versions: (string | null)[] = [null];

  get length(): number {
    return this.#length;
  }

  /** Opens a row for a request that is due. @returns its index */
  add(scheduledAt: number, shape: number): number {
    if (this.#length === this.#scheduledAt.length) this.#grow();
    const index = this.#length;
    this.#length += 1;
    this.#scheduledAt[index] = scheduledAt;
    this.#sentAt[index] = Number.NaN;
    this.#endedAt[index] = Number.NaN;
    this.#shape[index] = shape;
    return index;
  }

  sent(index: number, at: number): void {
    this.#sentAt[index] = at;
  }

  ended(index: number, end: Ended): void {
    this.#endedAt[index] = end.at;
    this.#status[index] = end.status;
    this.#outcome[index] = outcomes.indexOf(end.outcome);
    this.#version[index] = this.#intern(end.version);
  }

  at(index: number): Sample {
    return {
      index,
      scheduledAt: this.#scheduledAt[index] ?? Number.NaN,
      sentAt: this.#sentAt[index] ?? Number.NaN,
      endedAt: this.#endedAt[index] ?? Number.NaN,
      status: this.#status[index] ?? 0,
      outcome: outcomes[this.#outcome[index] ?? 0] ?? 'answered',
      version: this.#versions[this.#version[index] ?? 0] ?? null,
      shape: this.#shape[index] ?? 0,
    };
  }

  *[Symbol.iterator](): Generator<Sample> {
    for (let index = 0; index < this.#length; index += 1) yield this.at(index);
  }

  #intern(version: string | null): number {
    const known = this.#versions.indexOf(version);
    if (known !== -1) return known;
    // A header that differs on every response must not grow without bound; the rest are counted as one.
    if (this.#versions.length >= 1000) return this.#intern('(other)');
    return this.#versions.push(version) - 1;
  }

  #grow(): void {
    this.#scheduledAt = doubled(this.#scheduledAt, Float64Array);
    this.#sentAt = doubled(this.#sentAt, Float64Array);
    this.#endedAt = doubled(this.#endedAt, Float64Array);
    this.#status = doubled(this.#status, Uint16Array);
    this.#outcome = doubled(this.#outcome, Uint8Array);
    this.#version = doubled(this.#version, Uint16Array);
    this.#shape = doubled(this.#shape, Uint16Array);
  }
}

export interface Ended {
  readonly at: number;
  readonly status: number;
  readonly outcome: Outcome;
  readonly version: string | null;
}

function doubled<T extends Float64Array | Uint16Array | Uint8Array>(
  column: T,
  Column: new (n: number) => T,
): T {
  const larger = new Column(column.length * 2);
  larger.set(column);
  return larger;
}
