import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killAtAppend } from '../../test/acceptance/killing/at-append.ts';
import { patchEnvironment, type Patch } from '../../test/acceptance/sabotage/patch.ts';
import type { Kill } from './blame.ts';
import { interrupted } from '../lib/interruptible.ts';
import type { Site } from './site.ts';

const bin = join(import.meta.dirname, '../../bin/teal.js');
/** Lives of a control plane, in milliseconds from when it answers: some see a release through, some hardly begin. */
const shortestLife = 50;
const longestLife = 2500;
/** Of lives that end before they answer: from the start of the process. */
const longestStart = 1200;
/** Appends in one life at which it may be told to die. */
const mostAppends = 4;
/** On a machine that is short of CPU for everybody; it takes a second. */
const startMs = 300_000;

interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<NodeJS.Signals | number | null>;
  readonly said: () => string;
  readonly startedAt: number;
}

/** A service manager that starts `teal up` again at once, and a hand that kills it: at random moments, and right before or after its n-th append. */
export class Control {
  readonly kills: (Kill & { readonly kind: 'control' })[] = [];
  /** Milliseconds from a start to the first answer. */
  readonly starts: number[] = [];
  readonly #site: Site;
  readonly #random: () => number;
  readonly #log: string;
  #life: Life | null = null;

  constructor(site: Site, random: () => number) {
    this.#site = site;
    this.#random = random;
    this.#log = join(site.folder, 'appends.log');
  }

  /** One that nobody is going to kill; resolves when it answers. */
  async up(): Promise<void> {
    const life = this.#launch([]);
    if (!(await this.#answers(life))) throw new Error(`teal up ended by itself: ${life.said()}`);
  }

  /** Kills until the signal; leaves one running that nobody is going to kill. */
  async run(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.#end('at a random moment');
      await this.#one(over);
    }
    await this.#end('at a random moment');
    await this.up();
  }

  /** As Ctrl-C does: everything is drained and stopped. @returns its exit code, or the signal that ended it */
  async down(): Promise<NodeJS.Signals | number | null> {
    const life = this.#life;
    if (life === null) return null;
    life.child.kill('SIGINT');
    return await life.ended;
  }

  async close(): Promise<void> {
    this.#life?.child.kill('SIGKILL');
    await this.#life?.ended;
  }

  /** Kinds of events that were the last thing a control plane did, or the next that it would have done. */
  transitions(): ReadonlyMap<string, number> {
    const lines = existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n').slice(0, -1) : [];
    const counts = new Map<string, number>();
    for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
    return counts;
  }

  async #one(over: AbortSignal): Promise<void> {
    const random = this.#random;
    const kind = random();
    const nth = 1 + Math.floor(random() * mostAppends);
    const patches = kind < 0.5 ? [killAtAppend(kind < 0.25 ? 'before' : 'after', nth, this.#log)] : [];
    const life = this.#launch(patches);
    if (kind > 0.85) {
      await Promise.race([life.ended, sleep(random() * longestStart)]);
      await this.#end('while it started');
      return;
    }
    if (!(await this.#answers(life))) {
      this.#died(life);
      return;
    }
    const ms = shortestLife + random() * (longestLife - shortestLife);
    const ended = await Promise.race([
      life.ended.then(() => true),
      sleep(ms, false, { signal: over }).catch(() => false),
    ]);
    if (ended) this.#died(life);
  }

  /** Nobody else has killed it: it did so itself, as it was told, or there is a fault. */
  #died(life: Life): void {
    if (life.child.signalCode !== 'SIGKILL') throw new Error(`teal up ended by itself: ${life.said()}`);
    this.#killed(life, 'at an append');
  }

  #killed({ child }: Life, how: string): void {
    this.kills.push({ kind: 'control', at: Date.now(), pid: child.pid ?? 0, how });
    this.#life = null;
  }

  async #end(how: string): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    if (life.child.exitCode === null && life.child.signalCode === null) {
      life.child.kill('SIGKILL');
      await life.ended;
      this.#killed(life, how);
    } else {
      this.#died(life);
    }
  }

  #launch(patches: readonly Patch[]): Life {
    const child = spawn(process.execPath, [bin, 'up', '--json', '--config', this.#site.config], {
      cwd: this.#site.folder,
      env: { ...process.env, ...patchEnvironment(patches) },
      // A session of its own: Ctrl-C in a terminal reaches the bench alone, which then ends it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const hear = (text: string): void => {
      said = (said + text).slice(-20_000);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
      child.on('exit', (code, signal) => resolve(signal ?? code));
    });
    this.#life = { child, ended, said: () => said, startedAt: performance.now() };
    return this.#life;
  }

  /** Whether it came so far. */
  async #answers(life: Life): Promise<boolean> {
    const until = performance.now() + startMs;
    while (life.child.exitCode === null && life.child.signalCode === null) {
      const status = await this.#site.client.status().catch(() => null);
      if (status?.pid === life.child.pid) {
        this.starts.push(performance.now() - life.startedAt);
        return true;
      }
      interrupted.throwIfAborted();
      if (performance.now() > until) throw new Error(`teal up does not answer: ${life.said()}`);
      await sleep(40);
    }
    return false;
  }
}
