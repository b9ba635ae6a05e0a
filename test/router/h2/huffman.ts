/**
 * The Huffman code of header strings (RFC 7541 §5.2, Appendix B). It is canonical: codes of one length are consecutive,
 * in the order of their symbols, so the lengths say all of it.
 */

/** Bits per symbol, as runs of [count, bits] from octet 0 to 255; then the end-of-string symbol. */
const runs: readonly (readonly [count: number, bits: number])[] = (
  '1:13 1:23 7:28 1:24 1:30 2:28 1:30 8:28 1:30 9:28 1:6 2:10 1:12 1:13 1:6 1:8 1:11 2:10 1:8 1:11 1:8 3:6 3:5 7:6 ' +
  '1:7 1:8 1:15 1:6 1:12 1:10 1:13 1:6 22:7 1:8 1:7 1:8 1:13 1:19 1:13 1:14 1:6 1:15 1:5 1:6 1:5 1:6 1:5 3:6 1:5 2:7 ' +
  '3:6 1:5 1:6 1:7 1:6 2:5 1:6 5:7 1:15 1:11 1:14 1:13 1:28 1:20 1:22 2:20 3:22 1:23 1:22 5:23 1:24 1:23 2:24 1:22 ' +
  '1:23 1:24 4:23 1:21 1:22 1:23 1:22 2:23 1:24 1:22 1:21 1:20 2:22 2:23 1:21 1:23 2:22 1:24 1:21 1:22 2:23 2:21 ' +
  '1:22 1:21 1:23 1:22 2:23 1:20 3:22 1:23 2:22 1:23 2:26 1:20 1:19 1:22 1:23 1:22 1:25 3:26 2:27 1:26 1:24 1:25 ' +
  '1:19 1:21 1:26 2:27 1:26 1:27 1:24 2:21 2:26 1:28 3:27 1:20 1:24 1:20 1:21 1:22 2:21 1:23 2:22 2:25 2:24 1:26 ' +
  '1:23 1:26 1:27 2:26 5:27 1:28 5:27 1:26 1:30'
)
  .split(' ')
  .map((run) => run.split(':').map(Number) as [number, number]);

interface Code {
  readonly bits: number;
  readonly code: number;
}

/** By symbol; 256 is the end of a string, which is never sent. */
export const codes: readonly Code[] = assign();
export const endOfString = 256;

const symbols: ReadonlyMap<string, number> = new Map(
  codes.map(({ bits, code }, symbol) => [`${bits}:${code}`, symbol]),
);

/** Pads with ones, as it has to be; `bits` are further bits in front of the padding, for what may not be sent. */
export function huffman(text: string, bits = ''): Buffer {
  let all = '';
  for (const octet of Buffer.from(text, 'latin1')) all += codeOf(octet);
  all += bits;
  return packed(all.padEnd(Math.ceil(all.length / 8) * 8, '1'));
}

/** The bits as octets. @param bits a multiple of eight of them */
export function packed(bits: string): Buffer {
  return Buffer.from(bits.match(/[01]{8}/g)?.map((octet) => Number.parseInt(octet, 2)) ?? []);
}

/** The code of a symbol, as zeros and ones. */
export function codeOf(symbol: number): string {
  const { bits, code } = codes[symbol] as Code;
  return code.toString(2).padStart(bits, '0');
}

/** @throws Error for what no encoder may send */
export function unhuffman(bytes: Buffer): string {
  const out: number[] = [];
  let code = 0;
  let bits = 0;
  for (const octet of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((octet >> bit) & 1);
      bits++;
      const symbol = symbols.get(`${bits}:${code}`);
      if (symbol === undefined) continue;
      if (symbol === endOfString) throw new Error('the end of a string was sent');
      out.push(symbol);
      code = 0;
      bits = 0;
    }
  }
  if (bits > 7 || code !== 2 ** bits - 1) throw new Error('the padding is not made of less than eight ones');
  return Buffer.from(out).toString('latin1');
}

function assign(): readonly Code[] {
  const lengths = runs.flatMap(([count, bits]) => Array.from({ length: count }, () => bits));
  const order = lengths
    .map((_, symbol) => symbol)
    .toSorted((one, two) => {
      return (lengths[one] as number) - (lengths[two] as number) || one - two;
    });
  const assigned: Code[] = [];
  let code = -1;
  let before = 0;
  for (const symbol of order) {
    const bits = lengths[symbol] as number;
    code = (code + 1) * 2 ** (bits - (before === 0 ? bits : before));
    before = bits;
    assigned[symbol] = { bits, code };
  }
  return assigned;
}
