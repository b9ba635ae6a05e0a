/** Writes MaxMind DB files (format 2.0, 24-bit records), small ones: a tree of IPv6 bits, IPv4 at ::/96. */
import { isIPv4 } from 'node:net';

type Value = string | number | readonly Value[] | { readonly [key: string]: Value };

interface Node {
  next: [Node | number | null, Node | number | null];
}

const fresh = (): Node => ({ next: [null, null] });

/** @param records by CIDR; ranges must not overlap */
export function mmdb(records: Readonly<Record<string, Value>>, type = 'Test-City'): Buffer {
  const root = fresh();
  const data: Buffer[] = [];
  let offset = 0;
  for (const [range, record] of Object.entries(records)) {
    insert(root, bitsOf(range), offset);
    const bytes = encode(record);
    data.push(bytes);
    offset += bytes.length;
  }
  const nodes = numbered(root);
  const count = nodes.size;
  const tree = Buffer.alloc(count * 6);
  for (const [node, index] of nodes) {
    for (const [side, next] of node.next.entries()) {
      const value =
        next === null ? count : typeof next === 'number' ? count + 16 + next : (nodes.get(next) ?? count);
      tree.writeUIntBE(value, index * 6 + side * 3, 3);
    }
  }
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_790_000_000,
    database_type: type,
    description: { en: 'made by hand' },
    ip_version: 6,
    languages: ['en'],
    node_count: count,
    record_size: 24,
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}

function insert(root: Node, bits: readonly number[], leaf: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node.next[bit as 0 | 1];
    if (typeof next === 'number') throw new Error('ranges overlap');
    const inner = next ?? fresh();
    node.next[bit as 0 | 1] = inner;
    node = inner;
  }
  node.next[bits.at(-1) as 0 | 1] = leaf;
}

function numbered(root: Node): ReadonlyMap<Node, number> {
  const nodes = new Map<Node, number>();
  const visit = (node: Node): void => {
    nodes.set(node, nodes.size);
    for (const next of node.next) if (next !== null && typeof next !== 'number') visit(next);
  };
  visit(root);
  return nodes;
}

function bitsOf(range: string): readonly number[] {
  const [address = '', length = ''] = range.split('/');
  const v4 = isIPv4(address);
  const words = v4
    ? [0, 0, 0, 0, 0, 0, ...pairs(address.split('.').map(Number))]
    : full(address).map((word) => Number.parseInt(word, 16));
  const bits = words.flatMap((word) => Array.from({ length: 16 }, (_, index) => (word >> (15 - index)) & 1));
  return bits.slice(0, Number(length) + (v4 ? 96 : 0));
}

const pairs = (bytes: readonly number[]): readonly number[] => [
  (bytes[0] as number) * 256 + (bytes[1] as number),
  (bytes[2] as number) * 256 + (bytes[3] as number),
];

function full(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
}

function encode(value: Value): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (Array.isArray(value))
    return Buffer.concat([control(11, value.length), ...(value as readonly Value[]).map(encode)]);
  const entries = Object.entries(value as { readonly [key: string]: Value });
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ]);
}

/** Type and size; types above 7 have a byte of their own, sizes from 29 too. */
function control(type: number, size: number): Buffer {
  const short = size < 29 ? size : 29;
  const first = (type > 7 ? 0 : type << 5) | short;
  const bytes = [first, ...(type > 7 ? [type - 7] : []), ...(size < 29 ? [] : [size - 29])];
  if (size >= 29 + 256) throw new Error('too large for this writer');
  return Buffer.from(bytes);
}
