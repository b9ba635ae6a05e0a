import { huffman, unhuffman } from './huffman.ts';

/** Header compression (RFC 7541) for tests: each representation by hand, also those that no encoder may send. */

/** Appendix A, from index 1. A value is only given where the table has one. */
export const staticTable: readonly (readonly [name: string, value: string])[] = (
  ':authority;:method=GET;:method=POST;:path=/;:path=/index.html;:scheme=http;:scheme=https;:status=200;:status=204;' +
  ':status=206;:status=304;:status=400;:status=404;:status=500;accept-charset;accept-encoding=gzip, deflate;' +
  'accept-language;accept-ranges;accept;access-control-allow-origin;age;allow;authorization;cache-control;' +
  'content-disposition;content-encoding;content-language;content-length;content-location;content-range;content-type;' +
  'cookie;date;etag;expect;expires;from;host;if-match;if-modified-since;if-none-match;if-range;if-unmodified-since;' +
  'last-modified;link;location;max-forwards;proxy-authenticate;proxy-authorization;range;referer;refresh;retry-after;' +
  'server;set-cookie;strict-transport-security;transfer-encoding;user-agent;vary;via;www-authenticate'
)
  .split(';')
  .map((entry) => {
    const [, name = '', value = ''] = /^([^=]+)=?(.*)$/.exec(entry) ?? [];
    return [name, value];
  });

/** An integer in the low `bits` of its first octet, whose other bits are `first` (§5.1). */
export function integer(value: number, bits: number, first = 0): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([first | value]);
  const octets = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}

/** A string literal (§5.2). */
export function string(text: string, coded = false): Buffer {
  const octets = coded ? huffman(text) : Buffer.from(text, 'latin1');
  return Buffer.concat([integer(octets.length, 7, coded ? 0x80 : 0), octets]);
}

/** A string literal that says it is Huffman-coded, whatever it holds. */
export function rawCoded(octets: Buffer): Buffer {
  return Buffer.concat([integer(octets.length, 7, 0x80), octets]);
}

export const indexed = (index: number): Buffer => integer(index, 7, 0x80);

/** Sets the size of the dynamic table (§6.3). */
export const resized = (octets: number): Buffer => integer(octets, 5, 0x20);

/** What becomes of a field afterwards: it enters the dynamic table, it does not, or nobody on the way may let it. */
export type Keeping = 'kept' | 'passing' | 'never';
const openings = { kept: [6, 0x40], passing: [4, 0], never: [4, 0x10] } as const;

/** A literal field (§6.2). @param name its text, or its index */
export function literal(
  name: string | number,
  value: string,
  options: { readonly as?: Keeping; readonly coded?: boolean } = {},
): Buffer {
  const { as = 'passing', coded = false } = options;
  return Buffer.concat([opening(name, as, coded), string(value, coded)]);
}

/** The same with the octets of its value as they are to be sent, length and all. */
export function literalOf(name: string, value: Buffer): Buffer {
  return Buffer.concat([opening(name, 'passing', false), value]);
}

function opening(name: string | number, as: Keeping, coded: boolean): Buffer {
  const [bits, first] = openings[as];
  if (typeof name === 'number') return integer(name, bits, first);
  return Buffer.concat([integer(0, bits, first), string(name, coded)]);
}

export type Field = readonly [name: string, value: string];

/** Reads the header blocks of one connection. */
export class Decoder {
  #dynamic: Field[] = [];
  #size = 4096;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws Error for what is none */
  decode(block: Buffer): readonly Field[] {
    this.#block = block;
    this.#at = 0;
    const fields: Field[] = [];
    while (this.#at < block.length) {
      const first = block[this.#at] as number;
      if (first >= 0x80) fields.push(this.#entry(this.#integer(7)));
      else if (first >= 0x40) fields.push(this.#keep(this.#literal(6)));
      else if (first >= 0x20) this.#resize(this.#integer(5));
      else fields.push(this.#literal(4));
    }
    return fields;
  }

  #integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = (this.#block[this.#at++] as number) & most;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const octet = this.#block[this.#at++];
      if (octet === undefined) throw new Error('an integer breaks off');
      value += (octet & 127) * factor;
      if (octet < 128) return value;
    }
  }

  #string(): string {
    const coded = ((this.#block[this.#at] as number) & 0x80) !== 0;
    const length = this.#integer(7);
    if (this.#at + length > this.#block.length) throw new Error('a string breaks off');
    const octets = this.#block.subarray(this.#at, (this.#at += length));
    return coded ? unhuffman(octets) : octets.toString('latin1');
  }

  #literal(bits: number): Field {
    const index = this.#integer(bits);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [name, this.#string()];
  }

  #entry(index: number): Field {
    const found = staticTable[index - 1] ?? this.#dynamic[index - 1 - staticTable.length];
    if (index === 0 || found === undefined) throw new Error(`no entry has the index ${index}`);
    return found;
  }

  #keep(field: Field): Field {
    this.#dynamic.unshift(field);
    this.#resize(this.#size);
    return field;
  }

  #resize(octets: number): void {
    this.#size = octets;
    // 32 octets are counted for each entry beside its text (§4.1).
    const sizes = () =>
      this.#dynamic.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (sizes() > octets) this.#dynamic.pop();
  }
}
