import type { App } from '../config/config.ts';
import type { BoundAddress, RouterStatus } from '../router/router.ts';
import type { Deps } from './deps.ts';

/**
 * Where Teal itself reaches the router from this machine: the port it really listens on, also when 0 was asked for. Plain:
 * no certificate fits the address of this machine.
 */
export async function baseUrl(deps: Pick<Deps, 'router'>): Promise<string> {
  const { listen } = await deps.router.status({ apps: [] });
  const address = listen.find(({ secure }) => !secure);
  if (address === undefined) throw new Error('the router listens nowhere without encryption');
  return urlOf(address);
}

/** Where people reach the router of a status: by https when it can be; null when it listens nowhere. */
export function baseOf({ listen }: Pick<RouterStatus, 'listen'>): string | null {
  const address = listen.find(({ secure }) => secure) ?? listen[0];
  return address === undefined ? null : urlOf(address);
}

/** What a person types to see the app. */
export function urlsOf(app: App, base: string): readonly string[] {
  const [path = '/'] = app.paths;
  const hosts = app.hosts.filter((host) => !host.startsWith('*'));
  if (hosts.length === 0) return [`${base}${path}`];
  const [, scheme = 'http', port = ''] = /^(\w+):\/\/.*?(:\d+)?$/.exec(base) ?? [];
  return hosts.map((host) => `${scheme}://${host}${port}${path}`);
}

function urlOf({ host, port, secure }: BoundAddress): string {
  const base = `${secure ? 'https' : 'http'}://${hostInUrl(host)}`;
  return port === (secure ? 443 : 80) ? base : `${base}:${port}`;
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
