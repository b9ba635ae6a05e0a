/** Little programs that tests run as instances, and what tests need to run them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health, Limits, Role } from '../../src/config/config.ts';
import type { Instance, Place, Platform, PlatformHooks, Workload } from '../../src/platform/platform.ts';
import { atEnd } from '../at-end.ts';

/** A folder that is removed after the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'teal-platform-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** Writes a program into the folder and returns the command that runs it with this very Node. */
export function program(folder: string, name: string, source: string): readonly string[] {
  writeFileSync(path.join(folder, name), source);
  return [process.execPath, path.join(folder, name)];
}

/** Answers 200 with what it was told by its environment; SIGTERM ends it. */
export const wellBehaved = `
const { createServer } = require('node:http');
process.on('SIGTERM', () => process.exit(0));
createServer((request, response) => {
  if (request.url === '/crash') process.exit(7);
  const told = Object.entries(process.env).filter(([name]) => /^(TEAL|HOST|PORT|COLOUR)/.test(name));
  response.end(JSON.stringify({ pid: process.pid, ...Object.fromEntries(told) }));
}).listen(process.env.PORT, process.env.HOST);
`;

export const unlimited: Limits = { memoryBytes: null, cpus: null, openFiles: null, processes: null };

export const quickHealth: Health = {
  path: '/',
  status: [[200, 299]],
  intervalMs: 100,
  timeoutMs: 1_000,
  deadlineMs: 15_000,
  fall: 2,
};

export const web: Role = {
  name: 'web',
  kind: 'web',
  runsIn: 'both',
  command: [],
  directory: '',
  environment: {},
  instances: 1,
  stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
  limits: unlimited,
  hosts: [],
  paths: [],
  health: quickHealth,
};

export const background: Role = { ...web, name: 'worker', kind: 'background', health: null };

export const blue: Place = { app: 'shop', colour: 'blue', role: 'web' };

/** A workload of the web role at `blue`, changed as the test needs. */
export function workload(directory: string, role: Partial<Role>, more: Partial<Workload> = {}): Workload {
  const spec = { ...web, directory, ...role };
  return { ...blue, version: 'v1', directory, spec, instances: 1, restart: 0, ...more };
}

export const forever = new AbortController().signal;

export type Told =
  | { readonly what: 'release'; readonly ids: readonly string[]; readonly healthyThen: readonly string[] }
  | { readonly what: 'failing'; readonly version: string; readonly code: string; readonly message: string };

/** Hooks that note what they were told, in order. */
export function recorder(): PlatformHooks & { readonly told: Told[]; platform: Platform | null } {
  const told: Told[] = [];
  return {
    told,
    platform: null,
    changed() {},
    async release(instances) {
      const ids = instances.map((instance) => instance.id);
      told.push({ what: 'release', ids, healthyThen: healthyOf(this.platform?.instances() ?? []) });
    },
    failing(_place, version, error) {
      told.push({ what: 'failing', version, code: error.code, message: error.message });
    },
  };
}

export const healthyOf = (instances: readonly Instance[]): readonly string[] =>
  instances.filter((instance) => instance.state === 'healthy').map((instance) => instance.id);

/** Polls until the function answers something, or fails after the deadline. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false,
  ms = 20_000,
): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    await sleep(10);
  }
  throw new Error(`waited ${ms} ms in vain until ${what}`);
}

export function isRunning(pid: number | null | undefined): boolean {
  if (pid === null || pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function ask(instance: Instance, at = '/'): Promise<Record<string, string>> {
  const { host, port } = instance.address ?? { host: '', port: 0 };
  const response = await fetch(`http://${host}:${port}${at}`, { headers: { connection: 'close' } });
  return (await response.json()) as Record<string, string>;
}
