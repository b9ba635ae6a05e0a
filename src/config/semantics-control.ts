import { isLoopback } from './control.ts';
import type { Finding } from './finding.ts';
import type { FileInput } from './schema.ts';

const path = ['control'];

/** What the keys of `control` mean together. */
export function controlOf({ control }: FileInput): readonly Finding[] {
  const { listen, tls, url, oidc } = control;
  const found: Finding[] = [];
  const error = (key: string, what: Pick<Finding, 'expected' | 'got' | 'remedy'>): void =>
    void found.push({ severity: 'error', path: [...path, key], others: [], ...what });
  if (listen === undefined) {
    for (const key of ['tls', 'url', 'oidc'] as const)
      if (control[key] !== undefined)
        error(key, {
          expected: 'control.listen beside it',
          got: 'none',
          remedy: 'add control: { listen: 127.0.0.1:7433 }',
        });
    return found;
  }
  if (tls === undefined && !isLoopback(listen.host))
    error('listen', {
      expected: 'control.tls beside an address that can be reached from elsewhere',
      got: `${listen.host}:${listen.port} without encryption`,
      remedy: `add tls: { certificate: …, key: … }, or write 127.0.0.1:${listen.port} and let a proxy with TLS stand before it`,
    });
  if (tls !== undefined && url?.startsWith('http:'))
    error('url', {
      expected: 'https://, since control.tls is there',
      got: url,
      remedy: `write ${url.replace('http:', 'https:')}`,
    });
  if (oidc === undefined) return found;
  if (url === undefined)
    error('oidc', {
      expected: 'control.url beside it',
      got: 'none',
      remedy: 'add control.url: the provider sends people back there, and only there',
    });
  if (!oidc.scopes.includes('openid'))
    error('oidc', {
      expected: 'the scope openid',
      got: oidc.scopes.join(', '),
      remedy: 'add openid to scopes',
    });
  if (Object.values(oidc.roles).every((groups) => groups.length === 0))
    error('oidc', {
      expected: 'at least one group in roles',
      got: 'nobody',
      remedy: 'name a group: roles: { admin: [ops] }',
    });
  return found;
}
