import { setTimeout as sleep } from 'node:timers/promises';
import type { AppStatus, CommandBody, CommandName } from '../../src/control/contract.ts';
import { TealError } from '../../src/errors.ts';
import { interrupted } from '../lib/interruptible.ts';
import { app, type Site } from './site.ts';

/** A release takes some seconds; one that takes this long while its control plane is killed every other second is stuck. */
const stuckMs = 90_000;
const pollMs = 50;

/** What a release is led to; a kill may lead it elsewhere. */
const plots = ['live', 'rollback', 'completed', 'abort', 'promote', 'full'] as const;
type Plot = (typeof plots)[number];

/** One deploy, and what became of it. */
export interface Told {
  readonly version: string;
  readonly plot: Plot;
  /** Teal said yes before it was killed; otherwise it was found to have been taken. */
  readonly acknowledged: boolean;
  readonly ended: string;
}

/** Deploys one version after the other, and takes some back: as a person who asks again when nobody answers. */
export class Releaser {
  readonly told: Told[] = [];
  /** Refused commands, by code: what was asked made no sense any more, since a kill had changed what is so. */
  readonly refused: Record<string, number> = {};
  /** In words: what never ended. */
  readonly stuck: string[] = [];
  readonly #site: Site;
  #next = 1;

  constructor(site: Site) {
    this.#site = site;
  }

  /** The first version, before anybody is killed. */
  async first(): Promise<void> {
    await this.#release('completed', AbortSignal.timeout(stuckMs));
  }

  async run(over: AbortSignal): Promise<void> {
    for (let turn = 0; !over.aborted; turn += 1)
      await this.#release(plots[turn % plots.length] ?? 'live', over);
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<AppStatus | null> {
    return await this.#until('everything to have settled', settled);
  }

  /** @param over nothing new is asked for then; what runs is seen to its end */
  async #release(plot: Plot, over: AbortSignal): Promise<void> {
    const version = `v${this.#next}`;
    this.#next += 1;
    const manual = plot === 'abort' || plot === 'promote' || plot === 'full';
    const body: CommandBody = { version, from: this.#site.source, promote: manual ? 'manual' : 'auto' };
    const mine = ({ release }: AppStatus): boolean =>
      release?.version === version && release.kind === 'deploy';
    const asked = await this.#order('deploy', body, mine);
    if (asked === 'refused') return;
    if (!over.aborted) await this.#lead(plot, version);
    const last = await this.#until(`${version} (${plot}) to end`, plot === 'completed' ? closed : settled);
    const ended = last?.release?.status ?? 'stuck';
    this.told.push({ version, plot, acknowledged: asked === 'acknowledged', ended });
  }

  async #lead(plot: Plot, version: string): Promise<void> {
    const over = (status: AppStatus): boolean => settled(status) || status.release?.version !== version;
    if (plot === 'rollback') {
      const live = await this.#until(
        `${version} live`,
        (status) => status.version === version || over(status),
      );
      if (live?.version !== version) return;
      await this.#order('rollback', {}, ({ release }) => backwards.includes(release?.status ?? ''));
    } else if (plot === 'abort' || plot === 'full') {
      await this.#until(`${version} exposed`, ({ release, ...status }) => {
        return (release?.exposed.length ?? 0) > 0 || over({ ...status, release });
      });
      if (plot === 'abort')
        await this.#order('abort', {}, ({ release }) => givenUp.includes(release?.status ?? ''));
      else await this.#order('promote', { full: true }, (status) => isPromoted(status, version));
    } else if (plot === 'promote') {
      const waits = await this.#until(
        `${version} to wait for a person`,
        (status) => asks(status) || over(status),
      );
      if (waits !== null && asks(waits))
        await this.#order('promote', {}, (status) => isPromoted(status, version));
    }
  }

  /** Until it is taken: again when nobody answers, and nothing shows that it was taken. */
  async #order(
    name: CommandName,
    body: CommandBody,
    taken: (status: AppStatus) => boolean,
  ): Promise<'acknowledged' | 'found' | 'refused'> {
    for (;;) {
      const status = await this.#until(`an answer, to ${name}`, () => true);
      if (status === null) return 'refused';
      if (taken(status)) return 'found';
      try {
        await this.#site.client.command(app, name, body);
        return 'acknowledged';
      } catch (error) {
        if (!(error instanceof TealError)) throw error;
        if (error.code === 'control-unavailable') continue;
        if (error.code === 'internal') throw error;
        this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
        return 'refused';
      }
    }
  }

  async #until(what: string, holds: (status: AppStatus) => boolean): Promise<AppStatus | null> {
    const until = performance.now() + stuckMs;
    let last: AppStatus | null = null;
    while (performance.now() < until) {
      const status = await this.#site.client.app(app).catch(() => null);
      if (status !== null && holds(status)) return status;
      last = status ?? last;
      if (interrupted.aborted) return null;
      await sleep(pollMs);
    }
    this.stuck.push(`waited ${stuckMs / 1000} s for ${what}: ${JSON.stringify(last?.release ?? null)}`);
    return null;
  }
}

const backwards: readonly string[] = ['reverting', 'reverted', 'rolled-back'];
const givenUp: readonly string[] = ['aborting', 'aborted'];

const isPromoted = ({ version, release }: AppStatus, wanted: string): boolean =>
  version === wanted ||
  release?.version !== wanted ||
  ['scaling', 'switching', 'promoted'].includes(release.status);

/** A person is waited for. */
const asks = ({ release, next }: AppStatus): boolean =>
  release?.status === 'stepping' && (release.step?.asks === true || next.startsWith('teal promote'));

const closed = ({ release }: AppStatus): boolean => release === null || release.ended;

/** Nothing is under way but the wait for the rollback window to close. */
const settled = (status: AppStatus): boolean =>
  closed(status) || (status.release?.status === 'promoted' && status.release.drain !== null);
