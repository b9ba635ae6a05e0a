import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/free-port.ts';
import { keep, launch, versionOf, type Peer } from './peer.ts';

export const envoy: Peer = {
  name: 'envoy',
  install: null,
  version: () => versionOf('envoy', '--version'),
  start: async (place) => {
    const port = await freePort();
    const file = join(place.folder, 'envoy.json');
    await writeFile(file, JSON.stringify(config(port, place.origin)));
    const command = ['envoy', '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
    return launch('envoy', command, { ...place, port });
  },
};

const address = (port: number): object => ({
  socket_address: { address: '127.0.0.1', port_value: port },
});

const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;

function config(port: number, origin: number): object {
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'in',
    // Adds X-Forwarded-For, and believes nobody's.
    use_remote_address: true,
    common_http_protocol_options: { idle_timeout: `${keep.seconds}s` },
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'origin', timeout: '0s' } }],
        },
      ],
    },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': type('filters.http.router.v3.Router') } },
    ],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
  return {
    static_resources: {
      listeners: [{ name: 'in', address: address(port), filter_chains: [{ filters: [filter] }] }],
      clusters: [
        {
          name: 'origin',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: {
            cluster_name: 'origin',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(origin) } }] }],
          },
        },
      ],
    },
  };
}
