/** HTTP/2 frames as octets (RFC 9113 §4.1, §6), written by hand, so that wrong ones can be written too. */

export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

/** ACK and END_STREAM are one bit. */
export const flag = { end: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const setting = {
  tableSize: 1,
  push: 2,
  concurrent: 3,
  window: 4,
  frameSize: 5,
  listSize: 6,
} as const;

const errors = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;
export type ErrorName = (typeof errors)[number];

export function errorName(code: number): string {
  return errors[code] ?? `0x${code.toString(16)}`;
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(kind: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = octets(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(kind, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export function data(stream: number, text: Buffer | string, flags = 0): Buffer {
  return frame(type.data, flags, stream, text);
}

export function headers(stream: number, block: Buffer, flags: number): Buffer {
  return frame(type.headers, flags, stream, block);
}

export function continuation(stream: number, block: Buffer, flags = 0): Buffer {
  return frame(type.continuation, flags, stream, block);
}

export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(values.length * 6);
  for (const [index, [id, value]] of values.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(type.settings, 0, 0, payload);
}

/** @param weight 1 to 256 */
export function dependency(on: number, weight = 16, exclusive = false): Buffer {
  const payload = Buffer.alloc(5);
  payload.writeUInt32BE(on + (exclusive ? 2 ** 31 : 0));
  payload.writeUInt8(weight - 1, 4);
  return payload;
}

export function priority(stream: number, payload: Buffer): Buffer {
  return frame(type.priority, 0, stream, payload);
}

export function reset(stream: number, code: ErrorName | number): Buffer {
  return frame(type.reset, 0, stream, uint32(numberOf(code)));
}

export function ping(text: string, flags = 0): Buffer {
  return frame(type.ping, flags, 0, text);
}

export function goaway(code: ErrorName | number, stream = 0): Buffer {
  return frame(type.goaway, 0, stream, Buffer.concat([uint32(0), uint32(numberOf(code))]));
}

export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(type.window, 0, stream, uint32(increment));
}

/** The payload with padding of this many zeros, which its first octet says. */
export function padded(payload: Buffer | string, length: number): Buffer {
  return Buffer.concat([Buffer.from([length]), octets(payload), Buffer.alloc(length)]);
}

export function uint32(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}

function octets(payload: Buffer | string): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
}

function numberOf(code: ErrorName | number): number {
  return typeof code === 'number' ? code : errors.indexOf(code);
}

/** Cuts frames out of what comes. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  read(bytes: Buffer): readonly Frame[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const frames: Frame[] = [];
    for (;;) {
      const length = this.#held.length < 9 ? Infinity : this.#held.readUIntBE(0, 3);
      if (this.#held.length < 9 + length) return frames;
      frames.push({
        type: this.#held.readUInt8(3),
        flags: this.#held.readUInt8(4),
        stream: this.#held.readUInt32BE(5) % 2 ** 31,
        payload: this.#held.subarray(9, 9 + length),
      });
      this.#held = this.#held.subarray(9 + length);
    }
  }
}
