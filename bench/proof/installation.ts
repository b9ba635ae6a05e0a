import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/cli/client.ts';
import type { AppStatus, EventView } from '../../src/control/contract.ts';
import { app, source, startInstallation, type Installation } from '../lib/installation.ts';
import { letIn, type Crowd } from './crowd.ts';

/** Who somebody is. */
export const person = 'x-user';
/** Of a healthy version: a live side that never fails would make it too easy to see a bad one. */
const usualErrors = 0.001;
/** As apps take that ask a database: an app that answers at once would measure how warm its process is. */
const medianMs = 30;
/** Requests that an instance asks itself before it is healthy: its code is compiled then, as that of the old version is. */
const warmUp = 2000;
/** More than are ever under way at once. */
const connections = 128;
const pollMs = 250;

export interface Stage {
  readonly runs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface SiteOptions {
  readonly people: number;
  readonly rps: number;
  /** Lines of teal.yaml below `release`. */
  readonly release: readonly string[];
  /** The part of requests that fail, by kind of version. */
  readonly errors: Readonly<Record<string, number>>;
}

/** An installation with people on its first version. */
export interface Site {
  readonly client: Client;
  readonly crowd: Crowd;
  /** Deploys a version of this kind. */
  deploy(version: string, kind: string): Promise<void>;
  /** Polls until it holds; null when the time is over. */
  until(holds: (status: AppStatus) => boolean, withinMs: number): Promise<AppStatus | null>;
  /** What was written down after this number, oldest first. */
  events(after: number): Promise<readonly EventView[]>;
  close(): Promise<void>;
}

/** The judge has its defaults but for its pace: a tick a second, and steps of five at least. */
const judged = ['judge: { tick: 1s, min: 5s, hold-back: { percent: 5, for: 10s } }'];

export async function openSite(options: SiteOptions, signal: AbortSignal): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-proof-'));
  let installation: Installation | null = null;
  let crowd: Crowd | null = null;
  const close = async (): Promise<void> => {
    await crowd?.close();
    await installation?.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const [kind, errors] of Object.entries({ usual: usualErrors, ...options.errors })) {
      await cp(source, join(folder, kind), { recursive: true });
      await writeFile(join(folder, kind, 'people.json'), JSON.stringify({ errors, medianMs }));
    }
    installation = await startInstallation(warmUp, {
      app: [`identity: { sources: [{ header: ${person}, from: anyone }] }`, ...judged],
      release: options.release,
    });
    const { client, url } = installation;
    const deploy = async (version: string, kind: string): Promise<void> => {
      await client.command(app, 'deploy', { version, from: join(folder, kind), promote: 'auto' });
    };
    const until: Site['until'] = async (holds, withinMs) => {
      for (const deadline = performance.now() + withinMs; performance.now() < deadline;) {
        signal.throwIfAborted();
        const status = await client.app(app);
        if (holds(status)) return status;
        await sleep(pollMs);
      }
      return null;
    };
    await deploy('v1', 'usual');
    if ((await until(({ release }) => release?.ended === true, 60_000)) === null)
      throw new Error(`v1 does not go live: ${JSON.stringify((await client.app(app)).release)}`);
    crowd = await letIn({ url, people: options.people, rps: options.rps, connections });
    // Everyone has been there once, and is known.
    await sleep((options.people / options.rps) * 1000, undefined, { signal });
    return {
      client,
      crowd,
      deploy,
      until,
      events: async (after) =>
        (await client.events({ app, limit: 200 }))
          .filter(({ seq }) => seq > after)
          .toSorted((a, b) => a.seq - b.seq),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
