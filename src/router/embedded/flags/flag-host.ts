import { refetch } from '../../../features/ofrep.ts';
import type { RoutingTable } from '../../table.ts';
import type { Moment } from '../balance.ts';
import type { Place } from '../claim.ts';
import type { CompiledApp, CompiledTable } from '../compiled-table.ts';
import { compileTable } from '../compile.ts';
import type { EndpointState } from '../endpoint.ts';
import { Registry } from '../registry.ts';
import { whole } from '../share.ts';
import type { EventSink } from './local-link.ts';
import { FlagTally } from './tally.ts';

/** A context is a few hundred bytes; nobody's is as long. */
const mostBodyBytes = 64 * 1024;
/** Less than proxies and browsers wait for a silent stream. */
const heartbeatMs = 15_000;
/** Of one worker: beyond it a page asks when it is looked at again. */
const mostStreams = 10_000;

interface Stream {
  readonly app: string;
  readonly sink: EventSink;
  /** What the page has. */
  epoch: string;
}

/** Where requests for flags go: an app of the router's own, in its own process and with its own counts. */
export class FlagHost {
  readonly tally: FlagTally = new FlagTally();
  readonly place: Omit<Place, 'rule' | 'visitor'>;
  readonly endpoint: EndpointState;
  readonly #streams = new Set<Stream>();
  #beat: NodeJS.Timeout | null = null;

  /** @param moment the worker's clock */
  constructor(moment: () => Moment) {
    const registry = new Registry(whole, moment);
    const table = compileTable(ownTable, registry);
    registry.adopt(table, null);
    const environment = table.apps.get('flags')?.environments.blue;
    const group = environment?.roles.get('web');
    const endpoint = group?.endpoints[0];
    if (environment == null || group === undefined || endpoint === undefined)
      throw new Error('the table of flags has no endpoint');
    const want = { tried: null, home: null, stream: false, repeatable: false };
    this.place = { environment, role: 'web', group, want };
    this.endpoint = endpoint;
  }

  /** @returns false when there are too many */
  opened(app: CompiledApp, sink: EventSink, epoch: string): boolean {
    if (this.#streams.size >= mostStreams) return false;
    const stream = { app: app.name, sink, epoch };
    this.#streams.add(stream);
    sink.onClose = () => this.#closed(stream);
    this.#beat ??= setInterval(() => this.#heartbeat(), heartbeatMs).unref();
    this.#tell(stream, app.flags.epoch);
    return true;
  }

  /** After a table has come into force: pages whose flags are others ask again. */
  adopt(table: CompiledTable): void {
    for (const stream of this.#streams) {
      const app = table.apps.get(stream.app);
      if (app === undefined) stream.sink.end();
      else this.#tell(stream, app.flags.epoch);
    }
  }

  /** Ends every stream, so that a worker that closes waits for none. */
  end(): void {
    for (const { sink } of this.#streams) sink.end();
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#beat = null;
  }

  #tell(stream: Stream, epoch: string): void {
    if (stream.epoch === epoch) return;
    stream.epoch = epoch;
    stream.sink.send(refetch(epoch, Date.now()));
  }

  #heartbeat(): void {
    for (const { sink } of this.#streams) sink.send(': still here\n\n');
  }

  #closed(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0 || this.#beat === null) return;
    clearInterval(this.#beat);
    this.#beat = null;
  }
}

/** Nobody connects to its port: a request has a link of its own. */
const ownTable: RoutingTable = {
  generation: 1,
  apps: [
    {
      app: 'flags',
      live: 'blue',
      routes: [{ role: 'web', hosts: [], paths: ['/'] }],
      environments: {
        blue: { version: 'flags', endpoints: [{ id: 'flags', role: 'web', host: '127.0.0.1', port: 1 }] },
        green: null,
      },
      maintenance: null,
      // Nobody signs with it.
      previewKey: '',
      drain: { streams: 'close', deadlineMs: 0 },
      upstream: {
        connectTimeoutMs: 1_000,
        responseTimeoutMs: 10_000,
        idleTimeoutMs: 4 * heartbeatMs,
        keepAliveMs: 1_000,
        maxBodyBytes: mostBodyBytes,
        protocol: 'http1',
      },
    },
  ],
};
