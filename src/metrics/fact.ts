/**
 * What workers tell of people's requests: six 32-bit numbers each, in the machine's own byte order, since they never leave it.
 *
 *   0  low half of the person's key: says whether the person is in the sample
 *   1  high half: where the person is looked for
 *   2  milliseconds since the batch's base
 *   3  place: bucket (17 bits) · role (3) · audiences that chose among them (8) · held (1) · on the candidate (1) · table (2)
 *   4  microseconds from the decision until now
 *   5  what: asked (1) · failed (2) · refused (4) · instance of the candidate, 0 for none (from bit 8)
 *
 * Each request is `asked` in exactly one fact: when its answer begins, when it fails, or when the client leaves. Before that it may pass a mark of
 * slowness, and after it be cut; those facts are about a request that was, or will be, asked by another.
 */
const words = 6;

/** A request as such: it counts, and its latency has a rank. */
export const asked = 1;
/** Answered 5xx, never answered, or cut. */
export const failed = 2;
/** Answered 4xx. */
export const refused = 4;
/** Above the flags. */
const instanceShift = 8;

/** Roles and audiences beyond these share the last role, and count as chosen by nobody. */
export const mostRoles = 8;
export const mostAudiences = 8;
/** With none. The judge tells 64 apart. */
export const mostInstances = 65;

const bucketBits = 17;
const roleAt = bucketBits;
const audiencesAt = roleAt + 3;
const heldAt = audiencesAt + 8;
const candidateAt = heldAt + 1;
const tableAt = candidateAt + 1;

/** What is told of one request beside who and when; packed into one number by `placeOf`. */
export interface Place {
  readonly bucket: number;
  readonly role: number;
  /** Bit i: the i-th audience of the crowd. */
  readonly audiences: number;
  /** Stays on the candidate although its bucket is not among the exposed ones: it was admitted under another identity, or by another rule. */
  readonly held: boolean;
  readonly candidate: boolean;
  /** Generation of the table that decided; its last two bits tell it from those before and after. */
  readonly generation: number;
}

/** 32 bits: see above. */
export const placeOf = ({ bucket, role, audiences, held, candidate, generation }: Place): number =>
  (bucket |
    (role << roleAt) |
    (audiences << audiencesAt) |
    (held ? 1 << heldAt : 0) |
    (candidate ? 1 << candidateAt : 0) |
    (generation << tableAt)) >>>
  0;

/** What a place holds, part by part, and places and whats with another part. */
export const bucketIn = (place: number): number => place & 0x1_ff_ff;
export const roleIn = (place: number): number => (place >>> roleAt) & 7;
export const audiencesIn = (place: number): number => (place >>> audiencesAt) & 0xff;
export const isHeld = (place: number): boolean => ((place >>> heldAt) & 1) === 1;
export const isOfTable = (place: number, generation: number): boolean =>
  place >>> tableAt === (generation & 3);
export const isOnCandidate = (place: number): boolean => ((place >>> candidateAt) & 1) === 1;
export const withRole = (place: number, role: number): number =>
  ((place & ~(7 << roleAt)) | (role << roleAt)) >>> 0;
export const instanceIn = (what: number): number => what >>> instanceShift;
export const withInstance = (what: number, instance: number): number =>
  (what & ((1 << instanceShift) - 1)) | (instance << instanceShift);

/** Who a fact is about. */
export interface Key {
  readonly low: number;
  readonly high: number;
  readonly place: number;
}

/** A fact while it is being counted: one object for all of them. */
export interface Fact {
  low: number;
  high: number;
  /** Milliseconds of the machine's clock. */
  at: number;
  place: number;
  /** Milliseconds. */
  latency: number;
  what: number;
}

/** 4 MiB: some seconds of what one core can proxy. More is dropped, and told: memory is not given for statistics. */
const mostFacts = Math.floor((4 << 20) / (words * 4));
const fewestFacts = 64;

/** Facts of one worker about one release, until they are fetched. */
export class FactBuffer {
  dropped = 0;
  #base: number;
  #data = new Uint32Array(fewestFacts * words);
  #length = 0;

  /** @param base milliseconds that no fact is before */
  constructor(base: number) {
    this.#base = base;
  }

  /** @param at milliseconds of the machine's clock; @param latency milliseconds */
  add({ low, high, place }: Key, at: number, latency: number, what: number): void {
    let data = this.#data;
    const start = this.#length;
    if (start === data.length) {
      if (start >= mostFacts * words) {
        this.dropped++;
        return;
      }
      data = new Uint32Array(Math.min(2 * start, mostFacts * words));
      data.set(this.#data);
      this.#data = data;
    }
    data[start] = low;
    data[start + 1] = high;
    data[start + 2] = Math.max(0, at - this.#base);
    data[start + 3] = place;
    data[start + 4] = latency * 1000;
    data[start + 5] = what;
    this.#length = start + words;
  }

  /** All of them; then there are none. @param base for those to come */
  take(base: number): Batch {
    const { buffer } = this.#data;
    const batch = { base: this.#base, facts: Buffer.from(buffer, 0, this.#length * 4).toString('base64') };
    // What a burst has made large is given back when it is over.
    if (this.#length < this.#data.length / 8) this.#data = new Uint32Array(fewestFacts * words);
    this.#length = 0;
    this.#base = base;
    return batch;
  }
}

/** Facts on their way: plain, for a channel of JSON. */
export interface Batch {
  readonly base: number;
  /** Base64. */
  readonly facts: string;
}

/** Reads a batch's facts one after the other, in the order they were told. */
export class FactReader {
  readonly #base: number;
  readonly #data: Uint32Array;
  #next = 0;

  constructor({ base, facts }: Batch) {
    this.#base = base;
    const bytes = Buffer.from(facts, 'base64');
    // A copy: a small Buffer lies anywhere in a shared one.
    this.#data = new Uint32Array(Uint8Array.from(bytes).buffer);
  }

  /** When the next one was; Infinity when there is none. */
  get at(): number {
    return this.#next < this.#data.length ? this.#base + this.#word(2) : Infinity;
  }

  /** The next one, into `fact`. */
  read(fact: Fact): void {
    fact.low = this.#word(0);
    fact.high = this.#word(1);
    fact.at = this.at;
    fact.place = this.#word(3);
    fact.latency = this.#word(4) / 1000;
    fact.what = this.#word(5);
    this.#next += words;
  }

  #word(index: number): number {
    return this.#data[this.#next + index] as number;
  }
}
