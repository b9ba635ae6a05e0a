import net, { type Socket } from 'node:net';
import path from 'node:path';
import { TealError } from '../errors.ts';
import { Link } from '../router/embedded/link.ts';
import type { Hello } from '../router/embedded/options.ts';
import { Caller } from '../router/embedded/rpc.ts';
import { socketPath } from '../router/socket-path.ts';
import { kill } from './kill.ts';
import { endsWithin } from './pause.ts';

/** A router that does not even answer by then hangs. */
const answerMs = 2000;
/** For it to end its workers and itself, beyond the requests it waits for. */
const graceMs = 5000;

/**
 * Stops the router process of a data directory, if there is one, without ever starting one: its requests in flight end
 * until the deadline; one that does not end then, or has to at once (`force`), is killed, and its workers end with it.
 * Returns whether there was one.
 * @param pid of it, when known: one that is stopping already does not say
 */
export async function shutRouter(
  data: string,
  { drainMs, pid }: { readonly drainMs: number; readonly pid: number | null },
  force?: AbortSignal,
): Promise<boolean> {
  const socket = await connect(socketPath(data, path.join('router', 'control.sock')));
  if (socket === null) return false;
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  try {
    const caller = attach(socket);
    const killable = (await pidOf(caller)) ?? pid;
    const asked = caller.call('shutdown', { deadlineMs: force?.aborted === true ? 0 : drainMs });
    asked.catch(() => undefined);
    if (await endsWithin(gone, drainMs + graceMs, force)) return true;
    if (killable !== null) kill(killable);
    await endsWithin(gone, answerMs);
    return true;
  } finally {
    socket.destroy();
  }
}

async function pidOf(caller: Caller): Promise<number | null> {
  const asked = caller.call('hello', {}).catch(() => null) as Promise<Hello | null>;
  return (await endsWithin(asked, answerMs)) ? ((await asked)?.pid ?? null) : null;
}

/** Calls over a socket, as the control plane makes them. */
export function attach(socket: Socket): Caller {
  const link = new Link(socket, (message) => caller.receive(message));
  const caller = new Caller((message) => link.send(message));
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () =>
    caller.fail(
      new TealError('router-unavailable', 'the link to the router broke', { remedy: 'teal doctor' }),
    ),
  );
  return caller;
}

/** Null when nobody listens there. */
export function connect(file: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = net.connect(file);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(null));
  });
}
