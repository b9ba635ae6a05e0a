/** A Teal of its own for one scenario: real processes, sockets and files in a temporary folder, all gone at the end. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { buildShop, type BuildOptions } from '../../examples/shop/build.ts';
import { Client } from '../../src/cli/client.ts';
import { request } from '../../src/cli/shell/http.ts';
import { errorOf } from '../../src/cli/shell/problem.ts';
import type {
  AppStatus,
  CommandBody,
  CommandName,
  CommandResult,
  EventView,
} from '../../src/control/contract.ts';
import { runLoad, type Load, type LoadOptions } from '../../src/load/load.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { freePort } from '../free-port.ts';
import { issue } from '../router/certificates.ts';
import { isAlive, kill, processesOf } from './processes.ts';
import { patchEnvironment, sabotageVariable, type Patch } from './sabotage/patch.ts';
import { longPatienceMs, sleep, until, type Patience } from './until.ts';

const bin = path.resolve(import.meta.dirname, '../../bin/teal.js');

/** What a scenario has otherwise in its teal.yaml; values as they are written there. */
export interface Settings {
  /** The shop's when left out. */
  readonly command?: string;
  readonly instances?: number;
  readonly workers?: number;
  /** More keys of `run.process`. */
  readonly process?: Readonly<Record<string, string>>;
  /** Keys of `release`. */
  readonly release?: Readonly<Record<string, string>>;
  /** Entries of `release.tests`, each as the lines below `- `. */
  readonly tests?: readonly string[];
  /** The inside of these maps, in flow style. */
  readonly health?: string;
  readonly drain?: string;
  readonly upstream?: string;
  readonly client?: string;
  /** A second port, on which HTTP/2 is spoken without TLS. */
  readonly h2c?: boolean;
  /** A third one, for TLS; its certificate is trusted by this process. */
  readonly tls?: boolean;
  /** A fourth one, on which the control plane is asked with a token. */
  readonly control?: boolean;
  /** More keys of `router` and of the app, and who has which role: values in flow style. */
  readonly router?: Readonly<Record<string, string>>;
  readonly app?: Readonly<Record<string, string>>;
  readonly people?: string;
  /** Where the event log is, when not in the folder. */
  readonly store?: string;
  /** More entries of `run.process.environment`. */
  readonly environment?: string;
  /** Beside teal.yaml. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A control plane in the foreground, as `teal up` runs it. */
export interface Up {
  readonly child: ChildProcess;
  readonly ended: Promise<NodeJS.Signals | number | null>;
  readonly said: () => string;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
}

/** What would be left behind when this process is told to end in the middle of a scenario. */
const open = new Set<World>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.allSettled([...open].map((world) => world[Symbol.asyncDispose]())).then(() =>
      process.exit(130),
    );
  });
}

export class World implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  /** Where HTTP/2 is spoken without TLS, where TLS is, and the control plane, if they are asked for. */
  readonly h2cPort: number;
  readonly tlsPort: number;
  readonly controlPort: number;
  readonly url: string;
  readonly client: Client;
  readonly #patches: readonly Patch[];
  /** As in its settings, for more of them. */
  store: string = 'sqlite';
  #up: Up | null = null;
  readonly #loads: Load[] = [];

  private constructor(
    folder: string,
    [port = 0, h2cPort = 0, tlsPort = 0, controlPort = 0]: readonly number[],
  ) {
    this.folder = folder;
    this.port = port;
    this.h2cPort = h2cPort;
    this.tlsPort = tlsPort;
    this.controlPort = controlPort;
    this.url = `http://127.0.0.1:${port}`;
    mkdirSync(this.data, { mode: 0o700 });
    this.client = new Client(this.config, socketPath(this.data, 'control.sock'));
    this.#patches = JSON.parse(process.env[sabotageVariable] ?? '[]') as readonly Patch[];
  }

  /** A folder with a teal.yaml; nothing runs yet. */
  static async create(settings: Settings = {}): Promise<World> {
    const folder = mkdtempSync(path.join(tmpdir(), 'teal-accept-'));
    const world = new World(folder, [await freePort(), await freePort(), await freePort(), await freePort()]);
    world.configure(settings);
    open.add(world);
    return world;
  }

  /** One with `teal up` and v1 live; the steps of `release` are for the versions after it. */
  static async live(settings: Settings = {}): Promise<World> {
    const { steps, ...release } = settings.release ?? {};
    const world = await World.create({ ...settings, release });
    try {
      await world.build('v1');
      await world.up();
      await world.deploy('v1', { promote: 'auto' });
      await world.promoted('v1');
      if (steps !== undefined) await world.apply(settings);
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  get data(): string {
    return path.join(this.folder, 'data');
  }

  get config(): string {
    return path.join(this.folder, 'teal.yaml');
  }

  /** Of `tls` (PEM). */
  get certificate(): string {
    return readFileSync(path.join(this.folder, 'tls.pem'), 'utf8');
  }

  configure(settings: Settings): void {
    this.store = settings.store ?? this.store;
    if (settings.tls === true) certify(this.folder);
    for (const [name, content] of Object.entries(settings.files ?? {}))
      writeFileSync(path.join(this.folder, name), content);
    writeFileSync(this.config, yaml(settings, this));
  }

  /** Writes teal.yaml anew and puts it in force. */
  async apply(settings: Settings): Promise<void> {
    this.configure(settings);
    await this.client.apply({ file: this.config });
  }

  async build(version: string, options: BuildOptions = {}): Promise<string> {
    return await buildShop(version, path.join(this.folder, 'versions', version), options);
  }

  /** Starts `teal up`. @param more patches beside the sabotage, e.g. one that ends the process at some point */
  async up(more: readonly Patch[] = [], env: Readonly<Record<string, string>> = {}): Promise<Up> {
    const up = this.launch(more, env);
    await Promise.race([
      until('teal up', () => up.said().includes('"up":'), {
        state: up.said,
        // No sabotage keeps it from starting, but a busy machine may be slow.
        patienceMs: longPatienceMs,
      }),
      up.ended.then((how) => {
        throw new Error(`teal up ended (${how}): ${up.said()}`);
      }),
    ]);
    return up;
  }

  /** The same without waiting for it: it may be meant to die early. */
  launch(more: readonly Patch[] = [], env: Readonly<Record<string, string>> = {}): Up {
    const child = spawn(process.execPath, [bin, 'up', '--json', '--config', this.config], {
      cwd: this.folder,
      env: { ...clean(), ...preloading([patchEnvironment([...this.#patches, ...more]), env]) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
      child.on('exit', (code, signal) => resolve(signal ?? code));
    });
    this.#up = {
      child,
      ended,
      said: () => said,
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
    };
    return this.#up;
  }

  /** SIGKILL of the control plane; the router and the instances go on. */
  async kill(): Promise<void> {
    await this.#up?.kill();
  }

  /** Runs `teal` as a person would. */
  teal(...args: readonly string[]): Promise<Finished> {
    const child = spawn(process.execPath, [bin, ...args, '--config', this.config], {
      cwd: this.folder,
      env: clean(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, err }));
    });
  }

  async deploy(version: string, body: Omit<CommandBody, 'version'> = {}) {
    return await this.client.command('shop', 'deploy', { version, ...body });
  }

  /** What somebody else than who runs this asks for. @throws TealError the refusal */
  async order(actor: string, command: CommandName, body: CommandBody = {}): Promise<CommandResult> {
    const headers = { 'x-teal-actor': actor, accept: 'application/json' };
    const answer = await request({
      socket: this.client.at,
      headers,
      method: 'POST',
      path: `/v1/apps/shop/${command}`,
      body: JSON.stringify(body),
    });
    let text = '';
    for await (const chunk of answer.body) text += chunk.toString();
    if (answer.status >= 400) throw errorOf(JSON.parse(text), answer.status);
    return JSON.parse(text) as CommandResult;
  }

  /** A token of that name, made by an admin on the machine. @returns the secret */
  async token(name: string, role: string, as?: string): Promise<string> {
    const more = as === undefined ? [] : ['--as', as];
    const { code, out, err } = await this.teal('token', 'create', name, '--role', role, ...more, '--json');
    assert.equal(code, 0, err);
    return (JSON.parse(out) as { readonly secret: string }).secret;
  }

  /** What the control plane answers to whoever asks from elsewhere. */
  async far(
    at: string,
    token: string,
    options: { method?: string; body?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> {
    const json = options.body === undefined ? {} : { 'content-type': 'application/json' };
    const headers = { authorization: `Bearer ${token}`, connection: 'close', ...json, ...options.headers };
    return await fetch(`http://127.0.0.1:${this.controlPort}${at}`, { ...options, headers });
  }

  app(): Promise<AppStatus> {
    return this.client.app('shop');
  }

  /** Polls the app until it is so; a control plane that is away is waited for. */
  async reaches(
    what: string,
    holds: (app: AppStatus) => boolean,
    patience: Patience = {},
  ): Promise<AppStatus> {
    let last: AppStatus | null = null;
    return await until(
      what,
      async () => {
        last = await this.app().catch(() => null);
        return last !== null && holds(last) && last;
      },
      { ...patience, state: () => last?.release },
    );
  }

  /** Everyone is on the version, and its release has nothing left to do but to wait for its window. */
  promoted(version: string, patience: Patience = {}): Promise<AppStatus> {
    const isLive = ({ version: live, release }: AppStatus): boolean => {
      const over =
        release?.status === 'completed' || (release?.status === 'promoted' && release.drain !== null);
      return live === version && over;
    };
    return this.reaches(`${version} live`, isLive, patience);
  }

  /** Everything that happened to the shop, oldest first. */
  async events(): Promise<readonly EventView[]> {
    return (await this.client.events({ app: 'shop', limit: 1000 })).toReversed();
  }

  async event(type: string, which: (event: EventView) => boolean = () => true): Promise<EventView> {
    return await until(`event ${type}`, async () => {
      return (await this.events()).findLast((event) => event.type === type && which(event)) ?? null;
    });
  }

  /** Requests against the router, counted; stopped at the end of the world if not before. */
  load(options: Partial<LoadOptions> = {}): Load {
    const load = runLoad({ url: `${this.url}/api/products`, rps: 150, connections: 16, ...options });
    this.#loads.push(load);
    return load;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
    open.delete(this);
    const up = this.#up;
    if (up !== null && up.child.exitCode === null && up.child.signalCode === null) {
      up.child.kill('SIGTERM');
      await Promise.race([up.ended, sleep(3000)]);
      await up.kill();
    }
    await this.#sweep();
    if (process.env['ACCEPTANCE_KEEP'] === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  /** The router and the instances outlive a control plane, as they should; here they end. */
  async #sweep(): Promise<void> {
    const left = (): readonly number[] => processesOf(this.folder).filter(isAlive);
    // Again, since one may have started another one a moment before.
    for (let round = 0; round < 20 && left().length > 0; round++) {
      for (const pid of left()) kill(pid, 'SIGKILL');
      await sleep(50);
    }
    assert.deepEqual(left(), [], 'processes were left behind');
  }
}

/** A certificate for localhost, which this process trusts from now on. */
function certify(folder: string): void {
  const file = path.join(folder, 'tls.pem');
  if (existsSync(file)) return;
  const { certificate, key } = issue({ names: ['localhost'] });
  writeFileSync(file, certificate);
  writeFileSync(path.join(folder, 'tls.key'), key, { mode: 0o600 });
  setDefaultCACertificates([certificate]);
}

/** Each of them may preload something of its own. */
function preloading(all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const options = all.flatMap((each) => each['NODE_OPTIONS'] ?? []).join(' ');
  return { ...Object.assign({}, ...all), ...(options === '' ? {} : { NODE_OPTIONS: options }) };
}

function clean(): NodeJS.ProcessEnv {
  const foreign = /^(TEAL_|NO_COLOR|FORCE_COLOR|NODE_TEST|NODE_OPTIONS|COLUMNS|SUDO_|CI$|ACCEPTANCE_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function yaml(settings: Settings, { folder, port, h2cPort, tlsPort, controlPort, store }: World): string {
  const release = { 'rollback-window': '1h', deadline: '60s', 'preview-instances': '1', ...settings.release };
  const tests = settings.tests ?? ['http: /api/products\n          contains: cup'];
  const keys = (of: Readonly<Record<string, string>> = {}, indent: string): string =>
    Object.entries(of)
      .map(([key, value]) => `${indent}${key}: ${value}\n`)
      .join('');
  return `data: ${folder}/data
store: ${store}
${settings.people === undefined ? '' : `people: ${settings.people}`}
${settings.control === true ? `control: { listen: 127.0.0.1:${controlPort} }` : ''}
router:
  listen: 127.0.0.1:${port}
  workers: ${settings.workers ?? 1}
  ${settings.client === undefined ? '' : `client: { ${settings.client} }`}
  ${settings.tls === true ? `tls: { listen: 127.0.0.1:${tlsPort}, redirect: false, certificates: { certificate: ./tls.pem, key: ./tls.key } }` : ''}
  ${settings.h2c === true ? `h2c: 127.0.0.1:${h2cPort}` : ''}
${keys(settings.router, '  ')}apps:
  shop:
${keys(settings.app, '    ')}    run:
      process:
        command: ${process.execPath} ${settings.command ?? 'server.js'}
        directory: ./versions/{version}
        environment: { SHOP_DATA: ${folder}/jobs.sqlite, ${settings.environment ?? ''} }
        instances: ${settings.instances ?? 2}
        stop-deadline: 3s
${keys(settings.process, '        ')}    health: { path: /healthz, interval: 200ms, timeout: 2s, ${settings.health ?? 'deadline: 20s'} }
    release:
${keys(release, '      ')}      tests:${tests.length === 0 ? ' []' : ''}
${tests.map((test) => `        - ${test}\n`).join('')}
    drain: { ${settings.drain ?? 'streams: drain, deadline: 20s'} }
    ${settings.upstream === undefined ? '' : `upstream: { ${settings.upstream} }`}
`;
}
