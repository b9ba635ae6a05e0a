import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Where clients come in: a port, spoken to as it is or through TLS, whose certificate this process has to trust. */
export interface Door {
  readonly port: number;
  readonly secure: boolean;
}

/** A connection that speaks HTTP/1.1. @param door a number is a port without TLS */
export function enter(door: Door | number): Socket {
  const { port, secure } = typeof door === 'number' ? { port: door, secure: false } : door;
  const address = { host: '127.0.0.1', port };
  if (!secure) return connect({ ...address, noDelay: true });
  const socket = connectTls({ ...address, servername: 'localhost', ALPNProtocols: ['http/1.1'] });
  socket.setNoDelay(true);
  return socket;
}
