import { COLON, CR, LF, SP, TAB, nameByte, valueByte } from './bytes.ts';
import { fieldByHash, hashSeed, hashStep } from './known-fields.ts';

/**
 * The field lines of one head: offsets into the buffer they were scanned from, and the number of the known field.
 * One is reused for every head of a worker, so nothing may keep it across an await.
 */
export class Fields {
  count = 0;
  readonly nameStart: Int32Array;
  readonly nameEnd: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  /** `field[...]`, or 0. */
  readonly id: Uint8Array;
  /** 1 when the name is written with an underscore. */
  readonly twin: Uint8Array;
  /** Where the line after the last field begins. */
  end = 0;

  constructor(capacity: number) {
    this.nameStart = new Int32Array(capacity + 1);
    this.nameEnd = new Int32Array(capacity + 1);
    this.valueStart = new Int32Array(capacity + 1);
    this.valueEnd = new Int32Array(capacity + 1);
    this.id = new Uint8Array(capacity + 1);
    this.twin = new Uint8Array(capacity + 1);
  }

  /**
   * Scans field lines from `at` to the empty line. `buffer` must end with it: [..., CR, LF, CR, LF].
   * Strict: one CRLF per line, no folding, no space around the name, no control bytes (RFC 9112 §5).
   * @returns what is wrong, or null
   */
  scan(buffer: Uint8Array, at: number, limit: number): FieldFault | null {
    this.count = 0;
    let position = at;
    while (buffer[position] !== CR) {
      if (this.count >= limit) return 'too-many-fields';
      const colon = this.#name(buffer, position);
      if (colon < 0) return 'bad-field-name';
      position = this.#value(buffer, colon + 1);
      if (position < 0) return 'bad-field-value';
      this.count++;
    }
    if (buffer[position + 1] !== LF) return 'bad-line-end';
    this.end = position;
    return null;
  }

  /** Where the line of field `index` ends, its CRLF included. */
  lineEnd(index: number): number {
    return index + 1 < this.count ? (this.nameStart[index + 1] as number) : this.end;
  }

  /** @returns the position of the colon, or -1 */
  #name(buffer: Uint8Array, start: number): number {
    let hash = hashSeed;
    let twin = 0;
    let position = start;
    for (; ; position++) {
      const byte = buffer[position] as number;
      const normal = nameByte[byte] as number;
      if (normal === 0) break;
      if (byte === 0x5f) twin = 1;
      hash = hashStep(hash, normal);
    }
    if (position === start || buffer[position] !== COLON) return -1;
    const index = this.count;
    this.nameStart[index] = start;
    this.nameEnd[index] = position;
    this.twin[index] = twin;
    const known = fieldByHash(hash);
    this.id[index] = known !== undefined && matches(buffer, start, position, known.name) ? known.id : 0;
    return position;
  }

  /** @returns where the next line begins, or -1 */
  #value(buffer: Uint8Array, start: number): number {
    let first = start;
    while (buffer[first] === SP || buffer[first] === TAB) first++;
    let position = first;
    while (valueByte[buffer[position] as number] === 1) position++;
    if (buffer[position] !== CR || buffer[position + 1] !== LF) return -1;
    let last = position;
    while (last > first && (buffer[last - 1] === SP || buffer[last - 1] === TAB)) last--;
    this.valueStart[this.count] = first;
    this.valueEnd[this.count] = last;
    return position + 2;
  }
}

/** Whether a TAB follows the value. It is optional whitespace like any other, but strict parsers refuse it behind a coding. */
export function hasTabBehind(
  head: { readonly text: string; readonly base: number; readonly fields: Fields },
  index: number,
): boolean {
  const { fields, base, text } = head;
  const end = fields.lineEnd(index) - base;
  const tab = text.indexOf('\t', (fields.valueEnd[index] as number) - base);
  return tab >= 0 && tab < end;
}

export type FieldFault = 'too-many-fields' | 'bad-field-name' | 'bad-field-value' | 'bad-line-end';

function matches(buffer: Uint8Array, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (nameByte[buffer[start + index] as number] !== name.charCodeAt(index)) return false;
  }
  return true;
}
