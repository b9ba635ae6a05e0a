import type { AppState } from '../../release/state.ts';
import { transitions } from '../../release/transitions.ts';
import type { EnvironmentCounts, RouterStatus } from '../../router/router.ts';
import type { Deps } from '../deps.ts';
import type { TrafficPoint, TrafficView } from './contract.ts';
import { between, reading, type Reading } from './points.ts';

/** A curve that follows what somebody does. */
const lookMs = 2000;
/** Of what nobody looks at: enough that whoever comes sees how it was before. */
const restEvery = 5;
/** Looking may take this part of the time of the router and of us, however many apps there are. */
const share = 1 / 20;
/** How long somebody counts as looking after they asked; a page asks every few seconds. */
const watchedMs = 30_000;
/** How long is kept: a release of some steps, in about ten kilobytes for an app at rest. */
const keptMs = 15 * 60_000;

type Sources = Pick<Deps, 'router' | 'now'> & { readonly apps: Pick<Deps['apps'], 'states'> };

/**
 * What traffic was like in the last quarter of an hour, for people to see: routers count only sums, so somebody has to look
 * at them again and again. Nothing is decided by it, and it is gone with the process.
 */
export class Traffic {
  readonly #sources: Sources;
  readonly #last = new Map<string, Reading>();
  readonly #points = new Map<string, TrafficPoint[]>();
  readonly #watched = new Map<string, number>();
  #router: RouterStatus | null = null;
  #everyone = Number.NEGATIVE_INFINITY;
  #turn = 0;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Looks from now on. */
  start(): this {
    this.#timer = setTimeout(() => void this.#next(), lookMs).unref();
    return this;
  }

  /** Who asks for one app looks at it; what is known is given at once. @param after only what is newer */
  of(app: string, after = 0): TrafficView {
    const { now } = this.#sources;
    this.#watched.set(app, now());
    return { app, at: now(), points: this.#kept(app).filter(({ at }) => at > after) };
  }

  /** The same of all of them, for a page that has every one. */
  all(): (app: string) => readonly TrafficPoint[] {
    this.#everyone = this.#sources.now();
    return (app) => this.#kept(app);
  }

  /** As the router was seen last; null: not yet, or it did not answer. */
  router(): RouterStatus | null {
    return this.#router;
  }

  /** One look at the router: of all apps, or of those that somebody watches or that are released just now. */
  async look(): Promise<void> {
    const { router, now } = this.#sources;
    const apps = this.#turn++ % restEvery === 0 || this.#isWatched(this.#everyone) ? null : this.#chosen();
    if (apps !== null && apps.length === 0) return;
    const status = await router.status(apps === null ? undefined : { apps }).catch(() => null);
    if (status === null) {
      this.#router = null;
      return;
    }
    this.#router = apps === null ? status : merged(this.#router, status, apps);
    const at = now();
    for (const counts of status.environments) this.#add(counts, at);
    this.#forget(at);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
  }

  async #next(): Promise<void> {
    const began = performance.now();
    this.#looking = this.look();
    await this.#looking;
    if (this.#closed) return;
    const took = performance.now() - began;
    this.#timer = setTimeout(() => void this.#next(), Math.max(lookMs, took / share)).unref();
  }

  #isWatched(since: number): boolean {
    return this.#sources.now() - since < watchedMs;
  }

  #chosen(): readonly string[] {
    const released = this.#sources.apps.states().filter(isMoving);
    const watched = [...this.#watched].filter(([, since]) => this.#isWatched(since));
    return [...new Set([...released.map(({ app }) => app), ...watched.map(([app]) => app)])];
  }

  #add(counts: EnvironmentCounts, at: number): void {
    const { app, colour } = counts;
    const key = `${app}/${colour}/${counts.version}`;
    const now = reading(counts, at);
    const before = this.#last.get(key);
    this.#last.set(key, now);
    const point = before === undefined ? null : between(before, now, colour);
    if (point === null) return;
    const points = this.#points.get(app);
    if (points === undefined) this.#points.set(app, [point]);
    else points.push(point);
  }

  #kept(app: string): readonly TrafficPoint[] {
    return this.#points.get(app) ?? [];
  }

  #forget(now: number): void {
    for (const [app, points] of this.#points) {
      const first = points.findIndex(({ at }) => now - at < keptMs);
      if (first === -1) this.#points.delete(app);
      else if (first > 0) points.splice(0, first);
    }
    for (const [key, { at }] of this.#last) if (now - at >= keptMs) this.#last.delete(key);
    for (const [app, since] of this.#watched) if (!this.#isWatched(since)) this.#watched.delete(app);
  }
}

/** What was seen of some apps, and of the others before. */
function merged(
  before: RouterStatus | null,
  now: RouterStatus,
  apps: readonly string[],
): RouterStatus | null {
  if (before === null) return null;
  const others = <Item extends { readonly app: string }>(items: readonly Item[]): readonly Item[] =>
    items.filter(({ app }) => !apps.includes(app));
  return {
    ...now,
    environments: [...others(before.environments), ...now.environments],
    endpoints: [...others(before.endpoints), ...now.endpoints],
  };
}

const isMoving = ({ release }: AppState): boolean =>
  release !== null && !transitions[release.status].ended && release.status !== 'promoted';
