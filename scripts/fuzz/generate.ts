import * as corpus from './corpus.ts';
import * as responses from './corpus-responses.ts';
import type { Random } from './random.ts';

/** One connection's worth of bytes, and where the reads cut it. */
export interface Case {
  readonly bytes: Buffer;
  /** Rising positions inside `bytes`. */
  readonly cuts: readonly number[];
}

/** How likely each part of a request is a trick, in percent; a case has one of these tempers. */
const tempers = [0, 0, 0, 4, 20] as const;

export function requestCase(random: Random): Case {
  const temper = random.pick(tempers);
  const count = random.chance(35) ? 1 : 2 + random.below(3);
  let text = '';
  for (let index = 0; index < count; index++) {
    if (random.chance(4)) text += random.pick(['\r\n', '\n', '\r', '\r\n\r\n']);
    text += request(random, temper, index === count - 1);
  }
  if (random.chance(3)) text = text.slice(0, random.below(text.length + 1));
  return finish(random, text, random.chance(temper === 0 ? 8 : 25));
}

export function responseCase(random: Random): Case {
  const temper = random.pick(tempers);
  let text = '';
  while (random.chance(15)) text += random.pick(responses.interims);
  text += `${trick(random, temper, responses.statusTricks) ?? random.pick(responses.statusLines)}\r\n`;
  text += lines(random, temper);
  text += framedBody(random, temper);
  if (random.chance(5))
    text += random.pick(['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz', '\r\n', 'abc', '\0']);
  return finish(random, text, random.chance(temper === 0 ? 8 : 25));
}

function request(random: Random, temper: number, last: boolean): string {
  const minor = random.chance(5) ? 0 : 1;
  const line =
    trick(random, temper, corpus.requestLines) ??
    `${random.pick(corpus.methods)} ${random.pick(corpus.targets)} HTTP/1.${minor}`;
  const host =
    trick(random, temper, corpus.hostTricks) ??
    (line.includes('http://') ? 'a.test' : random.pick(corpus.hosts));
  let text = `${line}\r\n`;
  if (!random.chance(temper === 0 ? 0 : 2)) text += `Host: ${host}\r\n`;
  text += lines(random, temper);
  if (random.chance(last ? 10 : 2)) text += `${random.pick(corpus.connectionLines)}\r\n`;
  return text + framedBody(random, temper);
}

function lines(random: Random, temper: number): string {
  let text = '';
  if (random.chance(0.1)) text += `X-Long: ${'l'.repeat(17_000)}\r\n`;
  for (let count = random.chance(1) ? 40 + random.below(70) : random.below(4); count > 0; count--) {
    text += `${trick(random, temper, corpus.lineTricks) ?? random.pick(corpus.plainLines)}\r\n`;
  }
  return text;
}

/** The lines that frame a body, the empty line, and the body. */
function framedBody(random: Random, temper: number): string {
  const content = random.pick(corpus.contents);
  switch (random.below(3)) {
    case 0:
      return '\r\n';
    case 1: {
      const wrong = trick(random, temper, corpus.lengthTricks);
      return wrong === null ? `Content-Length: ${content.length}\r\n\r\n${content}` : `${wrong}\r\n\r\nabc`;
    }
    default: {
      const coding =
        trick(random, temper, corpus.codingTricks) ?? random.pick(corpus.codingTricks.slice(0, 3));
      return `${coding}\r\n\r\n${chunks(random, temper, content)}`;
    }
  }
}

function chunks(random: Random, temper: number, content: string): string {
  let text = '';
  for (let at = 0; at < content.length;) {
    const size = Math.min(content.length - at, 1 + random.below(40));
    text += `${sizeOf(random, size)}\r\n${content.slice(at, at + size)}${trick(random, temper, corpus.chunkEndTricks) ?? '\r\n'}`;
    at += size;
  }
  const odd = trick(random, temper, corpus.sizeTricks);
  if (odd !== null)
    text += `${odd}${random.chance(80) ? '\r\n' : '\n'}abc${random.chance(80) ? '\r\n' : random.pick(['\n', '', 'x\r\n', '\r'])}`;
  return `${text}${random.chance(5) ? '000' : '0'}\r\n${trick(random, temper, corpus.trailerTricks) ?? random.pick(corpus.trailers)}\r\n`;
}

function sizeOf(random: Random, size: number): string {
  const digits = size.toString(16);
  if (random.chance(85)) return digits;
  return random.pick([
    digits.toUpperCase(),
    `0${digits}`,
    `${digits};a=b`,
    `${digits};a="b;c"`,
    `${digits};a`,
  ]);
}

function trick(random: Random, temper: number, list: readonly string[]): string | null {
  return random.chance(temper) ? random.pick(list) : null;
}

function finish(random: Random, text: string, mutate: boolean): Case {
  let bytes = Buffer.from(text, 'latin1');
  for (let count = mutate ? 1 + random.below(3) : 0; count > 0 && bytes.length > 0; count--) {
    bytes = mutated(random, bytes);
  }
  const cuts = new Set<number>();
  if (bytes.length > 1 && random.chance(70)) {
    for (let count = 1 + random.below(6); count > 0; count--) cuts.add(1 + random.below(bytes.length - 1));
  }
  return { bytes, cuts: [...cuts].toSorted((left, right) => left - right) };
}

function mutated(random: Random, bytes: Buffer): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length);
  const sharp = Buffer.from([random.pick(corpus.sharpBytes)]);
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), sharp, bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), sharp, bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 3: {
      // A piece of it once more, somewhere else.
      const from = random.below(bytes.length);
      const piece = bytes.subarray(from, from + 1 + random.below(24));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(12))]);
    default: {
      // Ends of lines are where parsers differ most.
      const end = bytes.indexOf(13, at);
      if (end < 0) return Buffer.concat([bytes, sharp]);
      const instead = Buffer.from(
        random.pick(['\n', '\r', '\r\r\n', '\n\r', '\r\n ', ' \r\n', '\t\r\n', '']),
        'latin1',
      );
      return Buffer.concat([bytes.subarray(0, end), instead, bytes.subarray(end + 2)]);
    }
  }
}
