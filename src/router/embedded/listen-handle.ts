import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { ListenAddress } from '../../config/router.ts';
import { TealError } from '../../errors.ts';

/**
 * A bound socket that this process never accepts from: the parent owns it, workers listen on it. It is not closed
 * when a worker leaves, so connections queue in the kernel's backlog until the next worker takes them. (With
 * SO_REUSEPORT each worker would have a queue of its own, and a worker that leaves would reset what is in it.)
 *
 * `net._createServerHandle` is what node:cluster itself binds with. It is not public, and there is no public way to
 * bind without accepting, nor to choose how an accepted connection is read; this file is the only one that knows it.
 */
export interface ListenHandle {
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

/** What is spoken on a listening socket. */
export type Speech = 'http1' | 'h2c' | 'tls';

/** A worker's copy of a listening socket. */
export interface Listening {
  readonly handle: ListenHandle;
  readonly speech: Speech;
}

export interface Listener extends Listening {
  /** As it is configured: its port may be 0. */
  readonly address: ListenAddress;
}

type CreateServerHandle = (address: string, port: number, family: 4 | 6, fd: number) => ListenHandle | number;

/**
 * Binds, or takes what was bound before us. A socket that is bound here refuses connections until the first worker listens on it.
 * @param passed gives the socket of an address (a number) and port, if there is one
 * @throws TealError `port-taken`
 */
export async function bindListener(
  listen: ListenAddress,
  passed: (address: string, port: number) => ListenHandle | null = () => null,
): Promise<ListenHandle> {
  const { address, family } = await lookup(listen.host);
  const there = passed(address, listen.port);
  if (there !== null) return there;
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  const handle = create(address, listen.port, family === 6 ? 6 : 4, -1);
  if (typeof handle === 'number') throw cannotListen(listen, getSystemErrorName(handle));
  // libuv reports an address in use only when the socket is next used.
  const error = handle.getsockname({});
  if (error !== 0) {
    handle.close();
    throw cannotListen(listen, getSystemErrorName(error));
  }
  return handle;
}

/** A connection that was accepted, and is nobody's yet: `net.Socket` takes it as its `handle`. */
export type ConnectionHandle = object;

interface AcceptingHandle extends ListenHandle {
  onconnection: (error: number, connection: ConnectionHandle | undefined) => void;
  listen(backlog: number): number;
}

/**
 * Accepts from it until it is closed. What goes wrong with one connection says nothing of the next.
 * @throws TealError `port-taken`, `router-unavailable`
 */
export function acceptFrom(
  handle: ListenHandle,
  backlog: number,
  accepted: (connection: ConnectionHandle) => void,
): void {
  const accepting = handle as AcceptingHandle;
  accepting.onconnection = (_error, connection) => {
    if (connection !== undefined) accepted(connection);
  };
  const error = accepting.listen(backlog);
  if (error !== 0) throw cannotListen(boundAddress(handle), getSystemErrorName(error));
}

/** The address it is bound to; says which port when 0 was asked. */
export function boundAddress(handle: ListenHandle): ListenAddress {
  const out: { address?: string; port?: number } = {};
  handle.getsockname(out);
  return { host: out.address ?? '', port: out.port ?? 0 };
}

function cannotListen(listen: ListenAddress, code: string): TealError {
  const address = `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
  if (code === 'EADDRINUSE') {
    return new TealError('port-taken', `${address} is already in use`, {
      remedy: 'Stop what listens there, or change router.listen in teal.yaml.',
      details: { host: listen.host, port: listen.port },
    });
  }
  return new TealError('router-unavailable', `cannot listen on ${address}: ${code}`, {
    remedy:
      code === 'EACCES'
        ? 'Ports below 1024 need a privilege (CAP_NET_BIND_SERVICE); choose a higher one, or grant it.'
        : 'Name an address of this machine in router.listen.',
    details: { host: listen.host, port: listen.port, code },
  });
}
