import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, keep, launch, versionOf, type Peer } from './peer.ts';

export const nginx: Peer = {
  name: 'nginx',
  install: 'apt-get install nginx',
  version: () => versionOf('nginx', '-v'),
  start: async (place) => {
    const port = await freePort();
    const file = join(place.folder, 'nginx.conf');
    await writeFile(file, config(place.folder, port, place.origin));
    return launch('nginx', ['nginx', '-p', place.folder, '-e', 'stderr', '-c', file], { ...place, port });
  },
};

/** Bodies are streamed as the others do, not written to a file first. */
const config = (folder: string, port: number, origin: number): string => `daemon off;
${process.getuid?.() === 0 ? 'user root;\n' : ''}worker_processes 1;
worker_rlimit_nofile 16000;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 8000; }
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
    listen 127.0.0.1:${port} backlog=4096;
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
