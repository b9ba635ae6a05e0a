import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { TealError } from '../../errors.ts';
import type { ListenHandle } from './listen-handle.ts';
import { boundAddress } from './listen-handle.ts';

/** Where a service manager puts the first (sd_listen_fds(3)). */
const firstOfManager = 3;
/** Where we do, behind the IPC channel. */
const firstOfOurs = 4;
const ourVariable = 'TEAL_LISTEN_FDS';

/**
 * Listening sockets that this process was started with: by a service manager (LISTEN_FDS, LISTEN_PID), or by a process of
 * Teal that was. Whoever passes them keeps its own copies, so nothing that waits in their queues is lost whoever ends.
 */
const passedSockets: readonly number[] = found(process.env, process.pid);

/** What passes them on: more entries of `stdio`, after an IPC channel, and of the environment. */
export function passingOn(): {
  readonly stdio: readonly number[];
  readonly env: Readonly<Record<string, string>>;
} {
  const { length } = passedSockets;
  return { stdio: passedSockets, env: length === 0 ? {} : { [ourVariable]: String(length) } };
}

/** Also takes them out of the environment: what is started from here is not meant by them. */
function found(env: NodeJS.ProcessEnv, pid: number): readonly number[] {
  const manager = env['LISTEN_PID'] === String(pid) ? Number(env['LISTEN_FDS'] ?? 0) : 0;
  const ours = Number(env[ourVariable] ?? 0);
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', ourVariable]) delete env[name];
  const [first, count] = ours > 0 ? [firstOfOurs, ours] : [firstOfManager, manager];
  return Number.isSafeInteger(count) ? Array.from({ length: count }, (_, index) => first + index) : [];
}

type FromDescriptor = (address: null, port: null, family: null, fd: number) => ListenHandle | number;

/**
 * Of the sockets that were passed, by the address they are bound to.
 * @throws TealError `router-unavailable` for one that is no TCP socket
 */
export class PassedSockets {
  readonly #handles: ListenHandle[];

  constructor(descriptors: readonly number[] = passedSockets) {
    this.#handles = descriptors.map(handleOf);
  }

  /** The one that is bound to this address (a number) and port; nobody else gets it then. */
  take(address: string, port: number): ListenHandle | null {
    const at = this.#handles.findIndex((handle) => {
      const bound = boundAddress(handle);
      return bound.port === port && bound.host === address;
    });
    return at < 0 ? null : (this.#handles.splice(at, 1)[0] ?? null);
  }

  /** Addresses of those that nobody took; they are let go of. */
  drop(): readonly string[] {
    return this.#handles.splice(0).map((handle) => {
      const { host, port } = boundAddress(handle);
      handle.close();
      return `${host}:${port}`;
    });
  }
}

function handleOf(fd: number): ListenHandle {
  const create = (net as unknown as { _createServerHandle: FromDescriptor })._createServerHandle;
  const handle = create(null, null, null, fd);
  if (typeof handle !== 'number' && isTcp(handle) && boundAddress(handle).port > 0) return handle;
  const why = typeof handle === 'number' ? getSystemErrorName(handle) : 'it is bound to no port';
  throw new TealError('router-unavailable', `descriptor ${fd} that was passed is no TCP socket (${why})`, {
    remedy: 'In the socket unit, ListenStream= takes addresses with ports, as in router.listen.',
    details: { fd },
  });
}

/** A unix socket comes as another kind of handle, which has no address of this kind. */
const isTcp = (handle: ListenHandle): boolean =>
  typeof (handle as Partial<ListenHandle>).getsockname === 'function';
