import type { Socket } from 'node:net';

/** What is known of a client connection before its first byte of HTTP. */
export interface Arrival {
  /**
   * As the socket says: `::ffff:a.b.c.d` for IPv4 on a dual-stack socket, `fe80::1%eth0` with its zone; or as a trusted
   * PROXY header says.
   */
  readonly remoteAddress: string;
  /** Whether it is encrypted: what the app is told as `X-Forwarded-Proto`. */
  readonly secure: boolean;
  /** The TCP connection below, when the socket is TLS: only that can be reset. */
  readonly tcp?: Socket;
  /** Header lines that say who the client is by its certificate, each with CRLF. */
  readonly clientLines?: string;
  /** The port of https that plain requests are sent to; left out where they are answered. */
  readonly httpsPort?: number;
}
