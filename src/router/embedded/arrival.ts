/** What is known of a client connection before its first byte of HTTP. */
export interface Arrival {
  /** As the socket says: `::ffff:a.b.c.d` for IPv4 on a dual-stack socket, `fe80::1%eth0` with its zone. */
  readonly remoteAddress: string;
  /** Whether it is encrypted: what the app is told as `X-Forwarded-Proto`. */
  readonly secure: boolean;
}
