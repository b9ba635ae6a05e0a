import type { App, UpstreamPolicy } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { RouterOptions } from '../../src/router/embedded/options.ts';

export interface Wishes {
  readonly workers: number;
  readonly idleTimeoutMs: number;
  /** HTTP/2 without TLS, on a port of its own. */
  readonly h2c?: boolean;
  /** TLS, with HTTP/2, on a port of its own. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
}

const anywhere = { host: '127.0.0.1', port: 0 };

/** A teal.yaml that says as little as one can. @param router more keys of `router`, as lines */
const yaml = (router = ''): string => `router:
  listen: 127.0.0.1:8080
${router}apps:
  bench:
    run: { process: { command: node server.js } }
    health: { path: / }
`;

/** What a router is started with: the defaults that people get, but on free ports. */
export function routerOptions(data: string, wishes: Wishes): RouterOptions {
  const { workers, idleTimeoutMs, certificate, h2c = false } = wishes;
  const tls =
    certificate === undefined
      ? ''
      : `  tls:
    listen: 127.0.0.1:8443
    certificates: [{ certificate: ${certificate.certificate}, key: ${certificate.key} }]
`;
  const { router } = parseConfig(yaml(tls), `${data}/teal.yaml`);
  return {
    ...router,
    data,
    workers,
    listen: [anywhere],
    h2c: h2c ? [anywhere] : [],
    tls: router.tls === null ? null : { ...router.tls, listen: [anywhere], redirect: false },
    client: { ...router.client, idleTimeoutMs },
  };
}

/** How the router deals with an app that says nothing of that. @param keepAliveMs of connections to it */
export function upstreamPolicy(keepAliveMs: number): UpstreamPolicy {
  const app = parseConfig(yaml(), '/teal.yaml').apps['bench'] as App;
  return { ...app.upstream, keepAliveMs };
}
