import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/free-port.ts';
import { keep, launch, versionOf, type Peer, type Place } from './peer.ts';

/** It adds X-Forwarded-For, -Proto and -Host by itself. */
export const caddy: Peer = {
  name: 'caddy',
  install: 'apt-get install caddy',
  version: () => versionOf('caddy', 'version'),
  start: async (place) => {
    const port = await freePort();
    const secure = { port: await freePort(), h2: true };
    const file = join(place.folder, 'Caddyfile');
    await writeFile(file, config({ port, secure: secure.port }, place));
    return launch('caddy', ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'], {
      ...place,
      port,
      secure,
      env: {
        GOMAXPROCS: '1',
        HOME: place.folder,
        XDG_DATA_HOME: place.folder,
        XDG_CONFIG_HOME: place.folder,
      },
    });
  },
};

/** Caddy 2.6 takes a snippet before its use. */
const config = (on: { port: number; secure: number }, { origin, certificate }: Place): string => `{
  admin off
  auto_https off
  servers {
    timeouts {
      idle ${keep.seconds}s
    }
  }
}
(app) {
  reverse_proxy 127.0.0.1:${origin} {
    transport http {
      keepalive ${keep.seconds}s
      keepalive_idle_conns ${keep.upstreams}
      keepalive_idle_conns_per_host ${keep.upstreams}
    }
  }
}
http://:${on.port} {
  bind 127.0.0.1
  import app
}
https://:${on.secure} {
  bind 127.0.0.1
  tls ${certificate.certificate} ${certificate.key}
  import app
}
`;
