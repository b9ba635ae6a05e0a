import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/free-port.ts';
import { keep, launch, versionOf, type Peer, type Place } from './peer.ts';

export const nginx: Peer = {
  name: 'nginx',
  install: 'apt-get install nginx',
  version: () => versionOf('nginx', '-v'),
  start: async (place) => {
    const port = await freePort();
    const secure = { port: await freePort(), h2: true };
    const file = join(place.folder, 'nginx.conf');
    await writeFile(file, config({ port, secure: secure.port }, place));
    return launch('nginx', ['nginx', '-p', place.folder, '-e', 'stderr', '-c', file], {
      ...place,
      port,
      secure,
    });
  },
};

/** Bodies are streamed as the others do, not written to a file first. */
const config = (
  on: { port: number; secure: number },
  { folder, origin, certificate }: Place,
): string => `daemon off;
${process.getuid?.() === 0 ? 'user root;\n' : ''}worker_processes 1;
worker_rlimit_nofile 18000;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 12000; }
http {
  access_log off;
  keepalive_timeout ${keep.seconds}s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder}/${each};`).join('\n  ')}
  upstream origin {
    server 127.0.0.1:${origin};
    keepalive ${keep.upstreams};
    keepalive_requests 1000000000;
    keepalive_timeout ${keep.seconds}s;
  }
  server {
    listen 127.0.0.1:${on.port} backlog=4096;
    listen 127.0.0.1:${on.secure} ssl http2 backlog=4096;
    ssl_certificate ${certificate.certificate};
    ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffers 16 16k;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
    }
  }
}
`;
