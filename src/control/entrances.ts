import type { Answer } from './access/guard.ts';
import { guarded } from './access/guard.ts';
import type { Access } from './access/access.ts';
import { standingOf } from './access/standing.ts';
import { problemResponse } from './api/problem.ts';
import { serveElsewhere, type Elsewhere } from './api/serve.ts';
import { errorPage } from './dashboard/pages.ts';
import type { Deps } from './deps.ts';
import { whenFree } from './when-free.ts';

/** Where the API can be asked: always on the socket, and over TCP when teal.yaml says so. */
export interface Entrances {
  readonly socket: string;
  /** `https://127.0.0.1:7433`; null when there is only the socket. */
  readonly url: string | null;
  close(): Promise<void>;
}

/** The socket, and who answers on it. */
export interface Nearby {
  readonly socket: string;
  /** Answers by this from now on, until closed. */
  serve(answer: Answer): Promise<{ close(): Promise<void> }>;
  /** Other control planes share the event log: one that is stopped may still hold the address, and nobody waits for it. */
  readonly shared?: boolean;
}

/** Opens them, each with its guard before it. @throws TealError `port-taken`, `certificate-invalid` */
export async function openEntrances(
  { deps, access, answer }: { readonly deps: Deps; readonly access: Access; readonly answer: Answer },
  nearby: Nearby,
): Promise<Entrances> {
  const { listen, url, oidc, tls } = deps.config.control;
  const guard = (local: boolean, origin: string): Answer =>
    guarded(answer, {
      access,
      entrance: { local, origin, login: oidc !== null },
      together: deps.apps,
      standing: (apps) =>
        Object.fromEntries((apps ?? deps.apps.names()).map((app) => [app, standingOf(deps.apps.state(app))])),
      refuse: problemResponse,
      refusePage: errorPage,
    });
  await using undo = new AsyncDisposableStack();
  const near = undo.adopt(await nearby.serve(guard(true, 'http://teal')), (server) => server.close());
  const originAt = (port: number): string =>
    url ?? `${tls === null ? 'http' : 'https'}://${bracketed(listen?.host ?? '')}:${port}`;
  const far =
    listen === null
      ? null
      : await whenFree(
          () =>
            serveElsewhere(
              ({ port }) => {
                access.openedAt(originAt(port));
                return guard(false, originAt(port));
              },
              { listen, tls },
              deps.log,
            ),
          { shared: nearby.shared === true, log: deps.log, what: 'commands from elsewhere' },
        );
  undo.move();
  return {
    socket: nearby.socket,
    url: urlOf(far?.now ?? null),
    close: async () => void (await Promise.all([near.close(), far?.close()])),
  };
}

function urlOf(far: Elsewhere | null): string | null {
  if (far === null) return null;
  return `${far.secure ? 'https' : 'http'}://${bracketed(far.host)}:${far.port}`;
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
