/** A small real app with a teal.yaml, a control plane of it in this process, and its API on the real socket. */
import { mkdir, symlink, readFile, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startControl } from '../../src/control/control.ts';
import type { Control } from '../../src/control/running.ts';
import type { AppStatus, EventView } from '../../src/control/contract.ts';
import { stopLeftBehind } from '../../src/control/left-behind.ts';
import type { ErrorJson } from '../../src/errors.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { atEnd } from '../at-end.ts';
import { scratch, until } from './help.ts';

/** Answers its version; a file beside it, named after what shall go wrong and the version, makes that happen. */
const server = `
const { createServer } = require('node:http');
const { existsSync, writeSync } = require('node:fs');
const { TEAL_VERSION: version, PORT, HOST } = process.env;
const told = (what) => existsSync(__dirname + '/' + what + '-' + version);
const crash = setInterval(() => told('crash') && process.exit(7), 20);
const server = createServer((request, response) => {
  if (request.url === '/health') response.statusCode = told('sick') ? 500 : 200;
  if (request.url === '/secret') writeSync(1, 'the key is ' + process.env.API_KEY + '\\n');
  if (request.url === '/slow') return setTimeout(() => response.end(version), 1500);
  response.end(version);
});
process.on('SIGTERM', () => {
  clearInterval(crash);
  server.close();
  server.closeIdleConnections();
});
server.listen(PORT, HOST);
`;

/** Notes when it starts and when it has ended; takes its time to end, or does not end at all. */
const worker = `
const { appendFileSync, existsSync } = require('node:fs');
const { TEAL_VERSION: version } = process.env;
const note = (what) => appendFileSync(__dirname + '/jobs', what + ' ' + version + '\\n');
note('start');
setInterval(() => undefined, 1000);
process.on('SIGTERM', () => {
  note('stop');
  if (existsSync(__dirname + '/hang-' + version)) return;
  setTimeout(() => { note('end'); process.exit(0); }, 300);
});
`;

export interface Project {
  readonly folder: string;
  readonly file: string;
  readonly data: string;
  /** Starts Teal in this process; it and all it runs are ended after the test. */
  up(onEvent?: (event: EventView) => void): Promise<Running>;
  /** Makes a version to deploy. */
  add(version: string): Promise<void>;
  write(name: string, text?: string): Promise<void>;
  remove(name: string): Promise<void>;
  read(name: string): Promise<string>;
}

export interface Running {
  readonly control: Control;
  readonly api: Api;
  /** What the router answers at this path. */
  ask(
    at?: string,
    headers?: Record<string, string>,
  ): Promise<{ readonly status: number; readonly body: string }>;
  deploy(version: string): Promise<AppStatus>;
  /** The app's status as soon as it is so. */
  when(what: string, holds: (status: AppStatus) => boolean): Promise<AppStatus>;
}

export interface Yaml {
  /** Lines of the app `shop`, below its own. */
  readonly app?: string;
  readonly process?: string;
  readonly release?: string;
  readonly top?: string;
  readonly listen?: string;
}

export const yaml = (more: Yaml = {}): string => `
data: ./data
router: { listen: "${more.listen ?? '127.0.0.1:0'}", workers: 1 }
${more.top ?? ''}
apps:
  shop:
    run:
      process:
        command: [${process.execPath}, server.js]
        directory: ./versions/{version}
        ${more.process ?? ''}
    health: { path: /health, interval: 100ms, timeout: 2s, deadline: 20s }
    release: { ${more.release ?? ''} }
    drain: { deadline: 5s }
${more.app ?? ''}
`;

export const withWorker = `    roles:
      worker: { command: [${process.execPath}, worker.js], stop-deadline: 1s }
`;

export async function project(t: TestContext, text: string = yaml()): Promise<Project> {
  const folder = await scratch(t);
  const file = path.join(folder, 'teal.yaml');
  await mkdir(path.join(folder, 'app'));
  await mkdir(path.join(folder, 'versions'));
  const made: Project = {
    folder,
    file,
    data: path.join(folder, 'data'),
    up: async (onEvent) => {
      const control = await startControl({
        file,
        log: 'silent',
        ...(onEvent === undefined ? {} : { onEvent }),
      });
      atEnd(t, () => control.stop({ everything: true }).catch(() => undefined));
      return running(control);
    },
    // The app says what TEAL_VERSION says: one folder is enough for all of them.
    add: (version) => symlink('../app', path.join(folder, 'versions', version)),
    write: (name, content = '') => writeFile(path.join(folder, name), content),
    remove: (name) => rm(path.join(folder, name)),
    read: (name) => readFile(path.join(folder, name), 'utf8'),
  };
  await made.write('teal.yaml', text);
  await made.write('app/server.js', server);
  await made.write('app/worker.js', worker);
  for (const version of ['v0', 'v1', 'v2', 'v3']) await made.add(version);
  // Whatever a failed test leaves.
  atEnd(t, () => stopLeftBehind({ file, signal: AbortSignal.abort() }).catch(() => undefined));
  return made;
}

function running(control: Control): Running {
  const api = apiAt(control.socket);
  const [base = ''] = control.urls;
  const when: Running['when'] = (what, holds) =>
    until(what, async () => {
      const status = await api.get<AppStatus>('/v1/apps/shop');
      return holds(status) && status;
    });
  return {
    control,
    api,
    when,
    ask: async (at = '/', headers = {}) => {
      const response = await fetch(new URL(at, base), { headers: { connection: 'close', ...headers } });
      return { status: response.status, body: await response.text() };
    },
    deploy: async (version) => {
      await api.post('/v1/apps/shop/deploy', { version });
      return await when(`${version} is live`, ({ release }) => {
        if (release?.error) throw new Error(release.error.message);
        return (
          release?.version === version && (release.status === 'promoted' || release.status === 'completed')
        );
      });
    },
  };
}

export interface Api {
  get<T>(at: string): Promise<T>;
  post<T>(at: string, body?: unknown): Promise<T>;
  raw(method: string, at: string, body?: string, headers?: Record<string, string>): Promise<Answer>;
  /** Lines of a stream, as they come; `end` resolves when the other side has ended it. */
  stream(at: string, headers?: Record<string, string>): Promise<Stream>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Stream {
  readonly lines: string[];
  readonly end: Promise<'ended' | 'cut'>;
  close(): void;
}

/** As it travels: RFC 9457. */
export type Problem = Omit<ErrorJson, 'message'> & { readonly status: number; readonly detail: string };

/** What the API refused with. */
export class Refused extends Error {
  readonly status: number;
  readonly json: ErrorJson;
  constructor(status: number, { detail, ...problem }: Problem) {
    super(detail);
    this.status = status;
    this.json = { ...problem, message: detail };
  }
}

export function apiAt(socketFile: string): Api {
  const raw: Api['raw'] = (method, at, body, more = {}) =>
    new Promise((resolve, reject) => {
      const headers: OutgoingHttpHeaders = {
        'x-teal-actor': 'user:test',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...more,
      };
      const request = http.request(
        { socketPath: socketFile, method, path: at, agent: false, headers },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            const { statusCode: status = 0, headers: given } = response;
            resolve({ status, body: text, headers: given });
          });
          response.on('error', reject);
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  const json = async <T>(method: string, at: string, body?: string): Promise<T> => {
    const answer = await raw(method, at, body);
    const value = JSON.parse(answer.body) as unknown;
    if (answer.status !== 200) throw new Refused(answer.status, value as Problem);
    return value as T;
  };
  return {
    raw,
    get: (at) => json('GET', at),
    post: (at, body) => json('POST', at, JSON.stringify(body ?? {})),
    stream: (at, headers = {}) =>
      new Promise((resolve, reject) => {
        const request = http.get({ socketPath: socketFile, path: at, agent: false, headers }, (response) => {
          const lines: string[] = [];
          let rest = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            const parts = (rest + chunk).split('\n');
            rest = parts.pop() ?? '';
            lines.push(...parts);
          });
          const end = new Promise<'ended' | 'cut'>((ended) => {
            response.on('end', () => ended('ended'));
            response.on('error', () => ended('cut'));
          });
          resolve({ lines, end, close: () => request.destroy() });
        });
        request.on('error', reject);
      }),
  };
}

export const socketOf = (data: string): string => socketPath(data, 'control.sock');
