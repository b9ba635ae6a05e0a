import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, keep, launch, versionOf, type Peer } from './peer.ts';

/** It adds X-Forwarded-For, -Proto and -Host by itself. */
export const caddy: Peer = {
  name: 'caddy',
  install: 'apt-get install caddy',
  version: () => versionOf('caddy', 'version'),
  start: async (place) => {
    const port = await freePort();
    const file = join(place.folder, 'Caddyfile');
    await writeFile(file, config(port, place.origin));
    return launch('caddy', ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'], {
      ...place,
      port,
      env: {
        GOMAXPROCS: '1',
        HOME: place.folder,
        XDG_DATA_HOME: place.folder,
        XDG_CONFIG_HOME: place.folder,
      },
    });
  },
};

const config = (port: number, origin: number): string => `{
  admin off
  auto_https off
  servers {
    timeouts {
      idle ${keep.seconds}s
    }
  }
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${origin} {
    transport http {
      keepalive ${keep.seconds}s
      keepalive_idle_conns ${keep.upstreams}
      keepalive_idle_conns_per_host ${keep.upstreams}
    }
  }
}
`;
