import { bucketIn, within } from './bucket.ts';
import type { CompiledTable } from './compile.ts';
import type { AudienceRequest, Place } from './request.ts';

/** One request on its way through the rules: what several of them ask for is found out once, and only when asked. */
export class Visit {
  readonly table: CompiledTable;
  readonly request: AudienceRequest;
  /** A percentage was asked for, and there is nobody to place in it. */
  wantsIdentity = false;
  #bucket = -1;
  #key: string | null | undefined;
  #source = '';
  #place: Place | null | undefined;
  #verified: readonly string[] | undefined;

  constructor(table: CompiledTable, request: AudienceRequest) {
    this.table = table;
    this.request = request;
  }

  /** The key of the first source that is present, at last of Teal's own cookie; null for nobody. */
  get key(): string | null {
    if (this.#key === undefined) this.#key = this.#findKey();
    return this.#key;
  }

  /** Where the key is from, for people. */
  get source(): string {
    return this.key === null ? '' : this.#source;
  }

  /** Null for nobody. */
  get bucket(): number | null {
    if (this.#bucket < 0) {
      const { digest } = this;
      if (digest === null) return null;
      this.#bucket = bucketIn(digest);
    }
    return this.#bucket;
  }

  /** What the bucket is taken from, see `wordIn`; null for nobody. */
  get digest(): string | null {
    const { key } = this;
    return key === null ? null : this.table.digestOf(key);
  }

  /** Whether the person is among the first `width` buckets of the release; nobody is not. */
  isWithin(width: number): boolean {
    const { bucket } = this;
    if (bucket !== null) return within(bucket, this.table.offset, width);
    this.wantsIdentity = true;
    return false;
  }

  get address(): string {
    return this.request.address;
  }

  get place(): Place | null {
    if (this.#place === undefined) {
      const { place } = this.request;
      this.#place = place === undefined ? this.table.lookUp(this.address) : place;
    }
    return this.#place;
  }

  /** Every key that nobody can make up. */
  get verified(): readonly string[] {
    this.#verified ??= this.table.sources
      .map((source) => (source.verified ? source.read(this.request) : null))
      .filter((key) => key !== null);
    return this.#verified;
  }

  #findKey(): string | null {
    for (const source of this.table.sources) {
      const key = source.read(this.request);
      if (key === null) continue;
      this.#source = source.says;
      return key;
    }
    this.#source = 'cookie teal-id';
    return ownKey(this.table, this.request);
  }
}

/** The key of a `teal-id` that the app's settings let count: kept ones when it keeps, this release's when it does not. */
export function ownKey(table: CompiledTable, request: AudienceRequest): string | null {
  const { id } = request;
  if (id === null || table.anonymous === 'off') return null;
  if (table.anonymous === 'keep') return id.scope === null ? id.key : null;
  return id.scope !== null && id.scope === table.release?.id ? id.key : null;
}
