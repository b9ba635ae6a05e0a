import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/free-port.ts';
import { keep, launch, versionOf, type Peer, type Place } from './peer.ts';

export const haproxy: Peer = {
  name: 'haproxy',
  install: 'apt-get install haproxy',
  version: () => versionOf('haproxy', '-v'),
  start: async (place) => {
    const port = await freePort();
    const secure = { port: await freePort(), h2: true };
    const file = join(place.folder, 'haproxy.cfg');
    await writeFile(file, config({ port, secure: secure.port }, place));
    return launch('haproxy', ['haproxy', '-db', '-f', file], { ...place, port, secure });
  },
};

const config = (on: { port: number; secure: number }, { origin, certificate }: Place): string => `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client ${keep.seconds}s
  timeout server ${keep.seconds}s
  timeout http-keep-alive ${keep.seconds}s
frontend in
  bind 127.0.0.1:${on.port}
  bind 127.0.0.1:${on.secure} ssl crt ${certificate.both} alpn h2,http/1.1
  option forwardfor
  http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:${origin} pool-max-conn ${keep.upstreams} pool-purge-delay ${keep.seconds}s
`;
