import type { SocketConstructorOpts } from 'node:net';
import { Socket } from 'node:net';
import type { ConnectionHandle } from './listen-handle.ts';
import { readBytes } from './scratch.ts';

/**
 * One read buffer for all client connections of a process, as `upstream.ts` has one: a buffer that is allocated
 * and given back for each request costs more than a tenth of all that a small one does.
 */
const readBuffer = Buffer.allocUnsafeSlow(readBytes);

/** An accepted connection that is read into a buffer of ours, and has no `data` events. */
export class ClientSocket extends Socket {
  /** Set by its owner before this turn of the loop is over. The bytes are borrowed: the next read overwrites them. */
  onBytes: (borrowed: Buffer) => void = () => {};

  constructor(handle: ConnectionHandle) {
    const reader: { socket: ClientSocket | null } = { socket: null };
    const callback = (size: number, buffer: Uint8Array): boolean => {
      reader.socket?.onBytes((buffer as Buffer).subarray(0, size));
      return true;
    };
    super(optionsOf(handle, { onread: { buffer: readBuffer, callback } }));
    reader.socket = this;
  }
}

/** One with `data` events, for what is to read it in its own way: TLS, HTTP/2, a PROXY header. */
export function streamSocket(handle: ConnectionHandle): Socket {
  return new Socket(optionsOf(handle));
}

/** `handle` is how `net.Server` makes its sockets; the types know it for one use only. */
function optionsOf(handle: ConnectionHandle, more: SocketConstructorOpts = {}): SocketConstructorOpts {
  return { ...more, handle, allowHalfOpen: true } as SocketConstructorOpts;
}
