import { TealError } from '../../errors.ts';

/** A control plane that is reached over TCP. */
export interface Server {
  /** `https://teal.example.com:7433`, without a path. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** PEM file of authorities that are believed beside those of Node. */
  readonly ca: string | null;
  /** Null: none was given. */
  readonly token: string | null;
  /** What the context is called; null when the address itself was given. */
  readonly context: string | null;
}

/**
 * Reads an address as a person writes it.
 * @throws TealError `usage` for what is no address, and for one to which a token would go in the clear
 */
export function serverAt(
  written: string,
  { token, ca, context }: Pick<Server, 'token' | 'ca' | 'context'>,
): Server {
  const text = /^https?:\/\//i.test(written) ? written : `https://${written}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new TealError('usage', `${written} is no address of a control plane.`, {
      remedy: 'write it such as https://teal.example.com:7433',
    });
  if (url.username !== '' || url.password !== '')
    throw new TealError('usage', 'An address with a name or password in it ends in logs.', {
      remedy: 'write it without; a token is given by TEAL_TOKEN, or kept by: teal login',
    });
  const secure = url.protocol === 'https:';
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  if (!secure && !/^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host))
    throw new TealError('usage', `${url.origin} is not encrypted: a token would be read on the way.`, {
      remedy: `write https://${url.host}`,
      details: { url: url.origin },
    });
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { url: url.origin, host, port, secure, ca, token, context };
}
