import { randomBytes } from 'node:crypto';
import type { ListenAddress } from '../../config/router.ts';
import type { RoutingTable } from '../table.ts';
import type { Moment } from './balance.ts';
import type { CompiledTable } from './compiled-table.ts';
import { compileTable } from './compile.ts';
import { Registry } from './registry.ts';
import { whole } from './share.ts';

/** Where an authority looks for the answer to its challenge (RFC 8555 §8.3): by plain HTTP, at port 80. */
export function isChallenge(target: string): boolean {
  return target.startsWith('/.well-known/acme-challenge/');
}

/** An ACME client that answers challenges itself, as a table of its own: every host, and no app's counts. */
export class AcmeClient {
  readonly table: CompiledTable;
  readonly registry: Registry;

  /** @param moment the worker's clock */
  constructor({ host, port }: ListenAddress, moment: () => Moment) {
    this.registry = new Registry(whole, moment);
    this.table = compileTable(tableTo(host, port), this.registry);
    this.registry.adopt(this.table, null);
  }
}

function tableTo(host: string, port: number): RoutingTable {
  const endpoint = { id: 'acme', role: 'web', host, port };
  return {
    generation: 1,
    apps: [
      {
        app: 'acme',
        live: 'blue',
        routes: [{ role: 'web', hosts: [], paths: ['/'] }],
        environments: { blue: { version: 'acme', endpoints: [endpoint] }, green: null },
        maintenance: null,
        // Nobody signs with it.
        previewKey: randomBytes(32).toString('base64url'),
        drain: { streams: 'close', deadlineMs: 0 },
        // It is on this machine or near, and answers out of memory.
        upstream: {
          connectTimeoutMs: 1_000,
          responseTimeoutMs: 10_000,
          idleTimeoutMs: 10_000,
          keepAliveMs: 1_000,
          maxBodyBytes: null,
          protocol: 'http1',
        },
      },
    ],
  };
}
