/** Servers that run already, which all apps share: two of each version. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { source } from '../lib/installation.ts';
import { freePort } from '../../test/free-port.ts';

export interface Origins {
  /** `host:port`, by version. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  close(): Promise<void>;
}

const each = 2;
const upMs = 10_000;

export async function startOrigins(versions: readonly string[]): Promise<Origins> {
  const children: ChildProcess[] = [];
  const addresses: Record<string, string[]> = {};
  for (const version of versions) {
    for (let index = 0; index < each; index += 1) {
      const port = await freePort();
      const env = { ...process.env, HOST: '127.0.0.1', PORT: String(port), TEAL_VERSION: version };
      children.push(
        spawn(process.execPath, [join(source, 'server.js')], { env, cwd: source, stdio: 'inherit' }),
      );
      await answers(port);
      (addresses[version] ??= []).push(`127.0.0.1:${port}`);
    }
  }
  return {
    addresses,
    async close() {
      const gone = children
        .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
        .map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

async function answers(port: number): Promise<void> {
  for (const deadline = performance.now() + upMs; ; await sleep(20)) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    if (answer?.ok === true) return;
    if (performance.now() > deadline) throw new Error(`nothing answers at port ${port}`);
  }
}
