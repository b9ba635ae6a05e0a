import type { Origins } from './config.ts';
import type { ListenAddress } from './router.ts';
import { versionPlace } from './kinds-static.ts';

/** The servers of a version; none when nothing says where they are. */
export function originsOf({ versions, addresses }: Origins, version: string): readonly ListenAddress[] {
  const own = Object.hasOwn(versions, version) ? versions[version] : undefined;
  // Names of hosts are in lower case, wherever they stand.
  const filled = (host: string): string => host.replaceAll(versionPlace, version.toLowerCase());
  return own ?? addresses.map(({ host, port }) => ({ host: filled(host), port }));
}
