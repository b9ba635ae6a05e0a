import type { Writable } from 'node:stream';

/** Most that one read brings: a body of 64 kB and its head come in one, and a large upload in fewer calls of the system. */
export const readBytes = 256 * 1024;

/** From here on an allocation is a trip to the system, and something for V8 to collect. */
const least = 8 * 1024;

/**
 * Where bytes on their way from one connection to another are copied to, since the next read overwrites where they are: one place per power of
 * two, so that what a slow client holds on to is at most twice what it has to read. Mostly the kernel takes them at once, and the next
 * ones go to the same place. A buffer for each read had V8 collect garbage hundreds of times a second, at twice the cost of all the rest.
 */
const places: (Buffer | null)[] = [];

const placeOf = (size: number): number => 32 - Math.clz32(size - 1);

/** Room for bytes that go to `send` before anybody else asks for room. */
export function room(size: number): Buffer {
  if (size < least) return Buffer.allocUnsafe(size);
  const place = placeOf(size);
  const buffer = (places[place] ??= Buffer.allocUnsafeSlow(2 ** place));
  return buffer.subarray(0, size);
}

/**
 * Writes to a connection. What the kernel does not take at once is the connection's from then on, and the next bytes get another place.
 * @returns false when the other side is slower: `drain` says when to go on
 */
export function send(socket: Writable, data: string | Buffer): boolean {
  const more = typeof data === 'string' ? socket.write(data, 'latin1') : socket.write(data);
  // `write` says false to as much as its mark, also when all of it is gone already.
  if (socket.writableLength === 0) return true;
  if (typeof data !== 'string' && data.length >= least) {
    const place = placeOf(data.length);
    if (places[place]?.buffer === data.buffer) places[place] = null;
  }
  return more;
}
