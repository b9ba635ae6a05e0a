import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type {
  AccessLine,
  AppStatus,
  CommandBody,
  EnvironmentStatus,
  EventView,
  InstanceView,
  ReleaseView,
  RollbackResult,
  StepView,
  Status,
} from '../../src/control/contract.ts';
import { problemOf, problemType } from '../../src/control/api/problem.ts';
import { TealError } from '../../src/errors.ts';
import { socketPath } from '../../src/router/socket-path.ts';

/** A fixed now for renderers: 2026-09-22 12:00:00 UTC. */
export const now = Date.UTC(2026, 8, 22, 12, 0, 0);

export function instance(more: Partial<InstanceView> = {}): InstanceView {
  return {
    id: 'shop-blue-web-1',
    role: 'web',
    state: 'healthy',
    pid: 4711,
    address: '127.0.0.1:41000',
    startedAt: now - 3_600_000,
    crashes: 0,
    traffic: { inFlight: 1, streams: 0, ejectedUntil: null },
    ...more,
  };
}

export function environment(more: Partial<EnvironmentStatus> = {}): EnvironmentStatus {
  return {
    version: 'v41',
    role: 'live',
    instances: [instance(), instance({ id: 'shop-blue-web-2' })],
    requests: 12_310,
    errors: 0,
    failed: 0,
    inFlight: 3,
    waiting: 0,
    ...more,
  };
}

export function step(more: Partial<StepView> = {}): StepView {
  return {
    index: 1,
    of: 3,
    name: 'smoke',
    kind: 'test',
    endsAt: null,
    asks: more.kind === 'approve',
    by: null,
    ...more,
  };
}

export function release(more: Partial<ReleaseView> = {}): ReleaseView {
  return {
    id: 'shop-7',
    kind: 'deploy',
    group: null,
    version: 'v42',
    from: 'v41',
    colour: 'green',
    status: 'stepping',
    ended: false,
    step: step(),
    exposed: [],
    approvals: [],
    verdict: null,
    actor: 'user:ann',
    startedAt: now - 12_000,
    pausedAt: null,
    deadlineAt: now + 540_000,
    windowEndsAt: null,
    differences: [],
    drain: null,
    reason: null,
    error: null,
    endedAt: null,
    ...more,
  };
}

export function app(more: Partial<AppStatus> = {}): AppStatus {
  return {
    group: null,
    app: 'shop',
    urls: ['http://localhost:8080/'],
    live: 'blue',
    version: 'v41',
    environments: {
      blue: environment(),
      green: environment({
        version: 'v42',
        role: 'candidate',
        instances: [
          instance({ id: 'shop-green-web-1' }),
          instance({ id: 'shop-green-web-2', state: 'starting' }),
        ],
        requests: 4,
        inFlight: 0,
      }),
    },
    release: release(),
    migration: null,
    harm: null,
    rollback: { to: 'v41', how: 'instant', harm: null },
    maintenance: null,
    frozen: null,
    queued: null,
    next: 'teal status shop',
    ...more,
  };
}

export function event(seq: number, says: string, more: Partial<EventView> = {}): EventView {
  return { seq, at: now, app: 'shop', actor: 'teal', reason: null, type: 'noted', says, data: null, ...more };
}

/** What arrived at the fake. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly actor: string;
  readonly body: CommandBody & Record<string, unknown>;
}

/** A control plane with a real socket and made-up apps, in a directory with a teal.yaml. */
export class FakeControl {
  readonly directory: string;
  readonly calls: Call[] = [];
  /** About who deploys next. */
  readonly leases: Call[] = [];
  /** By default nobody takes turns here. */
  onLease: (call: Call) => unknown = () => this.#find(undefined);
  readonly #server: Server;
  readonly #followers = new Set<ServerResponse>();
  readonly #events: EventView[] = [event(1, 'v41 is live')];
  apps: AppStatus[] = [app()];
  /** What of a command no event tells. */
  note: string | null = null;
  /** Called for a command; may change `apps`, emit, or throw a TealError. */
  onCommand: (call: Call) => string = (call) => `${call.path.split('/').at(-1) ?? ''} accepted`;
  /** Of `POST /v1/rollback`: what is said of an app instead; undefined: what `onCommand` says. */
  onRollback: ((app: AppStatus) => RollbackResult['apps'][number] | undefined) | null = null;

  /** Of `GET /v1/audit/export`. */
  onExport: (response: ServerResponse) => void = (response) => void response.end();

  constructor(directory: string) {
    this.directory = directory;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async start(): Promise<FakeControl> {
    const fake = new FakeControl(await project());
    await new Promise<void>((resolve) => {
      fake.#server.listen(socketPath(path.join(fake.directory, '.teal'), 'control.sock'), resolve);
    });
    return fake;
  }

  /** As each test finds it: one app, which takes every command, and nobody takes turns. */
  reset(): void {
    this.apps = [app()];
    this.calls.length = 0;
    this.leases.length = 0;
    this.onLease = () => {
      throw new TealError('app-unknown', 'nobody takes turns here', { remedy: '' });
    };
    this.onCommand = () => 'it was accepted';
    this.onRollback = null;
  }

  get followers(): number {
    return this.#followers.size;
  }

  emit(says: string, more: Partial<EventView> = {}): void {
    const next = event((this.#events.at(-1)?.seq ?? 0) + 1, says, more);
    this.#events.push(next);
    for (const follower of this.#followers) follower.write(`${JSON.stringify(next)}\n`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.directory, { recursive: true, force: true });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://teal');
    const text = Buffer.concat(chunks).toString();
    const call: Call = {
      method: request.method ?? '',
      path: url.pathname + url.search,
      actor: String(request.headers['x-teal-actor']),
      body: text === '' ? {} : (JSON.parse(text) as Call['body']),
    };
    (url.pathname.startsWith('/v1/leases') ? this.leases : this.calls).push(call);
    try {
      this.#answer(call, url, response);
    } catch (error) {
      if (!(error instanceof TealError)) throw error;
      const problem = problemOf(error);
      response.writeHead(problem.status, { 'content-type': problemType });
      response.end(JSON.stringify(problem));
    }
  }

  #answer(call: Call, url: URL, response: ServerResponse): void {
    const parts = url.pathname.split('/').slice(2);
    if (parts[0] === 'events') return this.#eventsOf(url, response);
    if (parts[2] === 'logs') return logs(response);
    if (parts[0] === 'access') return access(response);
    if (parts[0] === 'audit') return this.onExport(response);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(this.#value(call, parts)));
  }

  #value(call: Call, [first, name, command]: readonly string[]): unknown {
    if (first === 'status') return this.#status();
    if (first === 'leases') return this.onLease(call);
    if (first === 'doctor')
      return [{ name: 'router', state: 'ok', says: 'serves generation 7', remedy: null }];
    if (first === 'stop') return { stopping: true };
    if (first === 'apply') {
      const change = {
        app: 'shop',
        path: 'run.process.instances',
        before: '2',
        after: '4',
        effect: 'next release',
      };
      return { changes: [change], applied: call.body['dryRun'] !== true };
    }
    if (first === 'groups') {
      const members = this.apps.filter(({ group }) => group === name);
      const did = this.onCommand(call);
      const now = members.map(({ app: each }) => this.#find(each));
      return { group: name, apps: now.map((each) => ({ app: each, did })) };
    }
    if (first === 'rollback') {
      const did = this.onCommand(call);
      return {
        apps: this.apps.map(
          (each) => this.onRollback?.(each) ?? { app: each, did, note: this.note, error: null },
        ),
      };
    }
    if (command === 'preview') return previewOf(name ?? '');
    if (call.method === 'GET') return this.#find(name);
    this.#find(name);
    return { did: this.onCommand(call), note: this.note, app: this.apps.find((each) => each.app === name) };
  }

  #find(name: string | undefined): AppStatus {
    const found = this.apps.find((each) => each.app === name);
    if (found !== undefined) return found;
    throw new TealError('app-unknown', `There is no app ${JSON.stringify(name)}`, {
      remedy: 'There is: shop',
      details: { app: name },
    });
  }

  #status(): Status {
    const router = {
      pid: 2,
      generation: 7,
      workers: [],
      listen: [],
      h2c: [],
      certificates: [],
      environments: [],
      endpoints: [],
      startedAt: 0,
      workersReplaced: { count: 0, last: null },
      heard: { at: null, expiresAfterMs: null, expiry: null },
      tablesRepaired: { count: 0, last: null },
      accessLog: null,
    };
    const store = { kind: 'sqlite' as const, where: '/x/teal.db' };
    const { directory: config, apps } = this;
    return { version: '0.1.0', pid: 1, startedAt: now, config, store, leader: null, router, apps };
  }

  #eventsOf(url: URL, response: ServerResponse): void {
    if (url.searchParams.get('follow') === null) {
      response.setHeader('content-type', 'application/json');
      const limit = Number(url.searchParams.get('limit') ?? '50');
      response.end(JSON.stringify(this.#events.toReversed().slice(0, limit)));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    const after = Number(url.searchParams.get('after'));
    for (const each of this.#events) if (each.seq > after) response.write(`${JSON.stringify(each)}\n`);
    this.#followers.add(response);
    response.on('close', () => this.#followers.delete(response));
  }
}

export const accessLine: AccessLine = {
  time: '2026-01-02T11:59:59.123Z',
  app: 'shop',
  environment: 'blue',
  version: 'v41',
  role: 'web',
  endpoint: 'shop-blue-web-1',
  rule: 'live',
  generation: 7,
  method: 'GET',
  host: 'shop.test',
  path: '/a',
  protocol: 'HTTP/1.1',
  status: 200,
  outcome: 'ok',
  code: null,
  tries: 1,
  bytesIn: 0,
  bytesOut: 5,
  ms: 12.3,
  connectMs: 0.2,
  firstByteMs: 12,
  client: '1.2.3.4',
  requestId: 'r-1',
  traceId: null,
  worker: 2,
};

function access(response: ServerResponse): void {
  response.write(`${JSON.stringify(accessLine)}\n`);
  response.end(`${JSON.stringify({ time: accessLine.time, worker: 2, dropped: 3 })}\n`);
}

function logs(response: ServerResponse): void {
  for (const [stream, line] of [
    ['stdout', 'listening'],
    ['stderr', 'oh no'],
  ]) {
    response.write(
      `${JSON.stringify({ instance: 'shop-blue-web-1', role: 'web', version: 'v41', stream, line })}\n`,
    );
  }
  response.end();
}

function previewOf(name: string): unknown {
  const header = { name: 'x-teal-preview', value: 'abc' };
  const url = 'http://localhost:8080/.teal/preview/abc/';
  return { app: name, version: 'v42', colour: 'green', url, header, expiresAt: Date.now() + 3_600_000 };
}

/** A directory of its own with a teal.yaml. */
export async function project(
  yaml = 'apps:\n  shop:\n    run: {process: {command: node server.js}}\n',
): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'teal-cli-'));
  await writeFile(path.join(directory, 'teal.yaml'), yaml);
  return directory;
}
