import type { Socket } from 'node:net';
import { parseProxyHeader } from './proxy-header.ts';

/**
 * Takes the PROXY header off a connection, in however many reads it comes; what follows it is put back, and the socket
 * is left paused. A connection that has none is reset: an answer in HTTP would only confuse who speaks otherwise.
 * Whoever calls sets the time it may take.
 */
export function readProxyHeader(socket: Socket, done: (source: string | null) => void): void {
  let held: Buffer | null = null;
  const onData = (data: Buffer): void => {
    held = held === null ? data : Buffer.concat([held, data]);
    const header = parseProxyHeader(held);
    if (header.kind === 'more') return;
    stop();
    if (header.kind === 'bad') {
      socket.resetAndDestroy();
      return;
    }
    if (header.bytes < held.length) socket.unshift(held.subarray(header.bytes));
    done(header.source);
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  const stop = (): void => {
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.pause();
  };
  socket.on('data', onData);
  socket.on('end', onEnd);
}
