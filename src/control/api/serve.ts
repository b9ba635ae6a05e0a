import { once } from 'node:events';
import { chmod, rename, rm, stat } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { ControlConfig } from '../../config/control.ts';
import type { ListenAddress } from '../../config/router.ts';
import { TealError } from '../../errors.ts';
import { besidePath, clearBeside } from '../../router/beside.ts';
import { CertificateKeeper } from '../../router/embedded/tls/keeper.ts';
import type { TlsMaterial } from '../../router/embedded/tls/material.ts';
import type { Answer } from '../access/guard.ts';
import { guarded, listener, serverOptions } from './http.ts';

/**
 * The API on a unix socket that only this user can open. It is bound beside its path and moved there in one step: so one
 * control plane can take the path from another, and the closing of that one removes nothing that is not its own. What is
 * asked before it is said who answers waits.
 */
export class ApiServer {
  readonly #server: Server;
  readonly #socket: string;
  readonly #beside: string;
  readonly #answering: PromiseWithResolvers<Answer>;
  #inode: number | null = null;

  private constructor(
    server: Server,
    answering: PromiseWithResolvers<Answer>,
    at: { readonly socket: string; readonly beside: string },
  ) {
    this.#server = server;
    this.#answering = answering;
    this.#socket = at.socket;
    this.#beside = at.beside;
  }

  static async bind(socket: string): Promise<ApiServer> {
    await clearBeside(socket);
    const beside = besidePath(socket);
    const answering = Promise.withResolvers<Answer>();
    const fetch = listener(async (request, env) => (await answering.promise)(request, env));
    const server = guarded(createServer(serverOptions, fetch));
    server.listen(beside);
    await once(server, 'listening');
    await chmod(beside, 0o600);
    return new ApiServer(server, answering, { socket, beside });
  }

  /** Is found at its path from now on, whoever was there before. */
  async take(): Promise<void> {
    if (this.#inode !== null) return;
    this.#inode = (await stat(this.#beside)).ino;
    await rename(this.#beside, this.#socket);
  }

  answerBy(answer: Answer): void {
    this.#answering.resolve(answer);
  }

  async close(): Promise<void> {
    const own = this.#inode;
    this.#inode = null;
    const found = await stat(this.#socket).catch(() => null);
    if (found !== null && found.ino === own) await rm(this.#socket, { force: true });
    // Nobody finds it any more; who already had is still in its queue, and gets in with this turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    await closed(this.#server);
  }
}

/** Answers at the socket's path from now on. @param bound the server, when there is one that is asked perhaps already */
export async function serveAt(socket: string, answer: Answer, bound?: ApiServer): Promise<ApiServer> {
  const server = bound ?? (await ApiServer.bind(socket));
  server.answerBy(answer);
  await server.take();
  return server;
}

/** A status waits half a second for a router that does not say how it is; a client that does not take its answer does not keep Teal from ending. */
const farewellMs = 2000;

/** Where the API is reached from elsewhere. */
export interface Elsewhere {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  close(): Promise<void>;
}

/**
 * Before anybody has said who they are they cost little: a head comes within seconds, and few connections are open.
 * A whole request may take as long as an upload over a slow line.
 */
const limits: ServerOptions = { ...serverOptions, requestTimeout: 30 * 60_000, keepAliveTimeout: 5000 };
const mostConnections = 1000;

/**
 * Serves it over TCP: with TLS, or on this machine alone.
 * @param answerTo made when it is known where it listens
 * @throws TealError `port-taken`, `certificate-invalid`
 */
export async function serveElsewhere(
  answerTo: (at: { readonly port: number }) => Answer,
  { listen, tls }: Pick<ControlConfig, 'tls'> & { readonly listen: ListenAddress },
  log: Logger,
): Promise<Elsewhere> {
  const keeper =
    tls === null
      ? null
      : await CertificateKeeper.open({ certificates: [tls], clientCertificates: null }, log);
  let answer: Answer | null = null;
  const fetch = listener((request, env) => {
    if (answer === null) throw new Error('asked before it listens');
    return answer(request, env);
  });
  const server = keeper === null ? plainServer(fetch) : secureServer(fetch, keeper);
  server.maxConnections = mostConnections;
  try {
    server.listen(listen.port, listen.host);
    await once(server, 'listening');
  } catch (cause) {
    await keeper?.close();
    throw taken(listen, cause);
  }
  const { port } = server.address() as AddressInfo;
  answer = answerTo({ port });
  return {
    host: listen.host,
    port,
    secure: keeper !== null,
    async close() {
      await keeper?.close();
      await closed(server);
    },
  };
}

const plainServer = (fetch: RequestListener): Server => guarded(createServer(limits, fetch));

function secureServer(fetch: RequestListener, keeper: CertificateKeeper): SecureServer {
  const options = { ...limits, ...contextOf(keeper.material), minVersion: 'TLSv1.2' as const };
  const server = guarded(createSecureServer(options, fetch));
  // A renewed certificate is shown to whoever comes next; nobody is cut off for it.
  keeper.watch(async (material) =>
    server.setSecureContext({ ...contextOf(material), minVersion: 'TLSv1.2' }),
  );
  return server;
}

function contextOf({ pairs }: TlsMaterial): { readonly cert: string; readonly key: string } {
  const [pair] = pairs;
  return { cert: pair?.certificate ?? '', key: pair?.key ?? '' };
}

async function closed(server: Server | SecureServer): Promise<void> {
  const ended = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), farewellMs).unref();
  await ended;
}

function taken({ host, port }: ListenAddress, cause: unknown): TealError {
  return new TealError(
    'port-taken',
    `${host}:${port} cannot be listened on for control.listen: ${(cause as Error).message}`,
    { remedy: 'name another address in control.listen', details: { host, port }, cause },
  );
}
