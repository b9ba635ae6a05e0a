import type { App } from '../config/config.ts';
import type { RouterStatus } from '../router/router.ts';
import type { Deps } from './deps.ts';

/** Where this machine reaches the router: the port it really listens on, also when 0 was asked for. */
export async function baseUrl(deps: Pick<Deps, 'router'>): Promise<string> {
  const base = baseOf(await deps.router.status());
  if (base === null) throw new Error('the router listens nowhere');
  return base;
}

/** The same of a status that is known; null when the router listens nowhere. */
export function baseOf({ listen: [first] }: Pick<RouterStatus, 'listen'>): string | null {
  return first === undefined ? null : `http://${hostInUrl(first.host)}:${first.port}`;
}

/** What a person on this machine types to see the app. */
export function urlsOf(app: App, base: string): readonly string[] {
  const { port } = new URL(base);
  const [path = '/'] = app.paths;
  const hosts = app.hosts.filter((host) => !host.startsWith('*'));
  return hosts.length === 0 ? [`${base}${path}`] : hosts.map((host) => `http://${host}:${port}${path}`);
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
