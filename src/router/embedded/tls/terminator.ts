import type { Socket } from 'node:net';
import { constants } from 'node:crypto';
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls';
import tls from 'node:tls';
import type { TlsConfig } from '../../../config/router.ts';
import { TealError } from '../../../errors.ts';
import { clientLines } from './client-certificate.ts';
import type { TlsMaterial } from './material.ts';
import { NameTable } from './names.ts';

export interface TerminatorOptions {
  readonly config: Pick<TlsConfig, 'minVersion' | 'clientCertificates'>;
  /** Most wanted first. */
  readonly protocols: readonly string[];
}

/** What comes out: ready for the first byte of the application. */
export interface Secured {
  readonly socket: TLSSocket;
  /** `http/1.1` also when the client offered nothing. */
  readonly protocol: string;
  /** Empty when clients are not asked for a certificate. */
  readonly clientLines: string;
}

/**
 * For TLS 1.2: forward secrecy and authenticated encryption only. All of them are good, so the client chooses among
 * them: it knows whether its processor is quick at AES. TLS 1.3 has no others.
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** How long a client may go on with a session without a full handshake, in which certificates are looked at again. */
const sessionSeconds = 3600;

/**
 * TLS over connections that somebody else has accepted. A `tls.Server` that never listens makes the sockets, by its
 * documented 'connection' event: so handshake, session tickets and client certificates are Node's own, whole.
 */
export class Terminator {
  readonly #server: tls.Server;
  readonly #options: TerminatorOptions;
  /** By the four ends of a connection, which no two open ones have in common: what became of a socket is not told otherwise. */
  readonly #waiting = new Map<string, (secured: Secured) => void>();
  #contexts: NameTable<SecureContext> = new NameTable([]);
  #incomplete = false;

  constructor(options: TerminatorOptions, material: TlsMaterial) {
    this.#options = options;
    const { clientCertificates } = options.config;
    this.#server = tls.createServer({
      ...this.#prepared(material),
      SNICallback: (name, chosen) => this.#choose(name, chosen),
      ALPNProtocols: [...options.protocols],
      requestCert: clientCertificates !== null,
      rejectUnauthorized: clientCertificates?.mode === 'require',
    });
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** From the next handshake on. @throws when OpenSSL does not take it: then nothing has changed */
  use(material: TlsMaterial): void {
    this.#server.setSecureContext(this.#prepared(material));
  }

  /** Tells when the handshake is done. One that fails closes `tcp`; whoever calls sets the time it may take. */
  terminate(tcp: Socket, done: (secured: Secured) => void): void {
    const key = keyOf(tcp);
    this.#waiting.set(key, done);
    tcp.on('close', () => {
      if (this.#waiting.get(key) === done) this.#waiting.delete(key);
    });
    this.#server.emit('connection', tcp);
  }

  #prepared(material: TlsMaterial): SecureContextOptions {
    const [first, ...others] = material.pairs.map(({ certificate, key, names }) => ({
      names,
      options: { ...this.#common(material), cert: certificate, key },
    }));
    if (first === undefined) {
      throw new TealError('internal', 'there is no certificate', { remedy: 'Name one in router.tls.' });
    }
    const contexts = [first, ...others].map(
      ({ names, options }) => [names, tls.createSecureContext(options)] as const,
    );
    this.#contexts = new NameTable(contexts);
    this.#incomplete = material.incomplete;
    return first.options;
  }

  /** A name that nobody holds may be that of a certificate that cannot be read: then it is refused, not shown another's. */
  #choose(name: string, chosen: (error: Error | null, context?: SecureContext) => void): void {
    const found = this.#contexts.find(name);
    if (found === null && this.#incomplete) chosen(unreadable);
    else chosen(null, found ?? undefined);
  }

  #common({ authorities, ticketKeys }: TlsMaterial): SecureContextOptions {
    return {
      ...(authorities === null ? {} : { ca: authorities }),
      minVersion: this.#options.config.minVersion,
      ciphers,
      honorCipherOrder: false,
      // Nobody needs it, and each is a handshake that the client pays less for than we do.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      sessionTimeout: sessionSeconds,
      // Sessions are for whoever shares the ticket key, on every worker.
      sessionIdContext: 'teal',
      ticketKeys: Buffer.from(ticketKeys, 'base64'),
    };
  }

  #secured(socket: TLSSocket): void {
    const key = keyOf(socket);
    const done = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (done === undefined) {
      // It left just now: a closed connection has no ends any more.
      socket.destroy();
      return;
    }
    const asked = this.#options.config.clientCertificates !== null;
    done({
      socket,
      protocol: socket.alpnProtocol === false ? 'http/1.1' : (socket.alpnProtocol ?? 'http/1.1'),
      clientLines: asked ? clientLines(socket.getPeerX509Certificate(), socket.authorized) : '',
    });
  }
}

const unreadable = new Error('no certificate for this name can be read');

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
