import { TealError } from '../../../src/errors.ts';
import type {
  Instance as View,
  InstanceState,
  Place,
  PlatformHooks,
  Stopped,
  Workload,
} from '../../../src/platform/platform.ts';
import type { Instance } from './instances.ts';
import type { PlatformParts } from './platform.ts';

/** One that a driver knows. */
interface Known {
  readonly instance: Instance;
  /** Its health was looked at since this driver found or started it. */
  checked: boolean;
  /** Nothing new is started in its place. */
  retiring: boolean;
}

interface Turn {
  readonly workload: Workload;
  over: boolean;
  readonly done: Promise<void>;
}

/** So many ends within a minute are a crash loop. */
const loop = { ends: 3, ms: 60_000 };

/** One role in one environment, by the contract of `Platform`: exactly as many as were asked for last, healthy, and never stopped before they are released. */
export class SimulatedPlace {
  readonly #place: Place;
  readonly #parts: PlatformParts;
  readonly #hooks: PlatformHooks;
  #known: Known[] = [];
  #wish: Workload | null = null;
  #turn: Turn | null = null;
  #stopping: Promise<readonly Stopped[]> | null = null;
  /** When instances have ended unasked, by elapsed time. */
  #ends: number[] = [];
  #established = false;
  readonly #waiting = new Set<() => void>();
  #failure: TealError | null = null;

  constructor(place: Place, parts: PlatformParts, hooks: PlatformHooks) {
    this.#place = place;
    this.#parts = parts;
    this.#hooks = hooks;
  }

  get app(): string {
    return this.#place.app;
  }

  adopt(instance: Instance): void {
    const known = { instance, checked: false, retiring: instance.stopping };
    this.#known.push(known);
    this.#established ||= instance.everHealthy;
    if (instance.stopping) void this.#remove([known]);
    else this.#check(known);
    this.#hooks.changed(this.#place);
  }

  views(): readonly View[] {
    return this.#known
      .filter(({ instance }) => instance.alive)
      .map((known) => {
        const { instance } = known;
        const web = instance.workload.spec.kind === 'web';
        return {
          ...this.#place,
          id: instance.id,
          version: instance.workload.version,
          pid: 1,
          address: web ? { host: '127.0.0.1', port: instance.port } : null,
          state: stateOf(known),
          everHealthy: instance.everHealthy,
          startedAt: instance.startedAt,
          crashes: this.#ends.length,
          logs: { stdout: '', stderr: '' },
        };
      });
  }

  ensure(workload: Workload): Promise<void> {
    if (this.#turn !== null && !this.#turn.over && same(this.#turn.workload, workload))
      return this.#turn.done;
    if (this.#turn !== null) this.#turn.over = true;
    this.#wish = workload;
    this.#failure = null;
    this.#wake();
    const started = Promise.withResolvers<void>();
    const turn: Turn = { workload, over: false, done: started.promise };
    started.promise.catch(() => undefined);
    this.#turn = turn;
    void this.#take(turn).then(started.resolve, started.reject);
    return turn.done;
  }

  stop(): Promise<readonly Stopped[]> {
    if (this.#turn !== null) this.#turn.over = true;
    this.#turn = null;
    this.#wish = null;
    this.#wake();
    this.#stopping ??= this.#empty([...this.#known]).finally(() => {
      this.#stopping = null;
    });
    return this.#stopping;
  }

  changed(instance: Instance): void {
    const known = this.#known.find((each) => each.instance === instance);
    if (known === undefined) return;
    known.checked = true;
    this.#established = true;
    this.#wake();
    this.#hooks.changed(this.#place);
  }

  /** One that ends unasked is started again, a little later each time. */
  ended(instance: Instance): void {
    const known = this.#known.find((each) => each.instance === instance);
    if (known === undefined) return;
    this.#known = this.#known.filter((each) => each !== known);
    this.#hooks.changed(this.#place);
    if (known.retiring || instance.stopping) return;
    const { time, life } = this.#parts;
    this.#ends = [...this.#ends.filter((at) => time.now - at < loop.ms), time.now];
    if (this.#ends.length >= loop.ends) this.#crashLoops(instance.workload.version);
    time.after(100 * 2 ** Math.min(this.#ends.length, 8), () => this.#restore(), life);
  }

  #crashLoops(version: string): void {
    const error = new TealError('crash-loop', `${version} ends again and again`, { remedy: 'see its log' });
    if (this.#waiting.size > 0) {
      this.#failure = error;
      this.#wake();
    } else if (this.#established && this.#ends.length === loop.ends)
      this.#hooks.failing(this.#place, version, error);
  }

  #restore(): void {
    const wish = this.#wish;
    if (this.#parts.life.fenced || wish === null || this.#known.length >= wish.instances) return;
    this.#launch(wish);
  }

  async #take(turn: Turn): Promise<void> {
    const { workload } = turn;
    if (this.#stopping !== null) await this.#stopping.catch(() => undefined);
    this.#goesOn(turn);
    try {
      await this.#converge(turn, workload);
    } catch (error) {
      if (!turn.over)
        await this.#remove(this.#known.filter(({ instance }) => !instance.everHealthy)).catch(
          () => undefined,
        );
      throw error;
    } finally {
      if (this.#turn === turn) this.#turn = null;
    }
  }

  async #converge(turn: Turn, workload: Workload): Promise<void> {
    await this.#empty(
      this.#known.filter((each) => each.retiring || each.instance.workload.version !== workload.version),
    );
    this.#goesOn(turn);
    await this.#empty(this.#bestFirst().slice(workload.instances));
    this.#goesOn(turn);
    while (this.#known.length < workload.instances) this.#launch(workload);
    const old = this.#known.filter(({ instance }) => instance.workload.restart < workload.restart);
    let fresh = this.#known.length - old.length;
    await this.#untilHealthy(turn, fresh);
    for (const each of old) {
      this.#launch(workload);
      await this.#untilHealthy(turn, ++fresh);
      await this.#empty([each]);
      this.#goesOn(turn);
    }
  }

  #bestFirst(): readonly Known[] {
    const rank = (known: Known): number => (stateOf(known) === 'healthy' ? 0 : 1);
    return this.#known.toSorted((one, two) => rank(one) - rank(two));
  }

  #goesOn(turn: Turn): void {
    if (!turn.over) return;
    throw new TealError('wrong-state', 'a later call wants something else here', {
      remedy: 'see teal status',
    });
  }

  /** So many that are not older than the last restart. */
  async #untilHealthy(turn: Turn, count: number): Promise<void> {
    const { time, life } = this.#parts;
    const { health } = turn.workload.spec;
    const deadline = time.now + (health?.deadlineMs ?? 10_000);
    this.#failure = null;
    const overdue = time.after(deadline - time.now, () => this.#wake(), life);
    try {
      while (this.#healthy(turn.workload) < count) {
        this.#goesOn(turn);
        if (this.#failure !== null) throw this.#failure;
        if (time.now >= deadline) throw late(turn.workload.version);
        await this.#woken();
      }
      this.#goesOn(turn);
    } finally {
      overdue.cancelled = true;
    }
  }

  #healthy({ restart, spec }: Workload): number {
    return this.#known.filter(
      (each) =>
        !each.retiring &&
        each.instance.workload.restart >= restart &&
        (spec.kind === 'background' || stateOf(each) === 'healthy'),
    ).length;
  }

  #launch(workload: Workload): void {
    const { machine } = this.#parts;
    this.#known.push({ instance: machine.launch(workload), checked: false, retiring: false });
    this.#hooks.changed(this.#place);
  }

  #check(known: Known): void {
    const { time, random, life } = this.#parts;
    time.after(
      random.spread(5, 500),
      () => {
        known.checked = true;
        this.#wake();
        this.#hooks.changed(this.#place);
      },
      life,
    );
  }

  /** Released first, then stopped. */
  async #empty(some: readonly Known[]): Promise<readonly Stopped[]> {
    if (some.length === 0) return [];
    for (const each of some) {
      each.retiring = true;
      each.instance.leaving = true;
    }
    this.#hooks.changed(this.#place);
    const ids = new Set(some.map(({ instance }) => instance.id));
    const views = this.views().filter(({ id }) => ids.has(id));
    if (views.length > 0) await this.#hooks.release(views);
    return await this.#remove(some);
  }

  async #remove(some: readonly Known[]): Promise<readonly Stopped[]> {
    const { machine, outside, life } = this.#parts;
    const stopped = await Promise.all(
      some.map(({ instance }) => outside.act(life, `stop of ${instance.id}`, () => machine.stop(instance))),
    );
    this.#known = this.#known.filter((each) => !some.includes(each));
    this.#hooks.changed(this.#place);
    return stopped;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.add(resolve));
  }
}

function stateOf({ instance, checked, retiring }: Known): InstanceState {
  if (retiring || instance.stopping) return 'stopping';
  return checked && instance.healthy ? 'healthy' : 'starting';
}

const late = (version: string): TealError =>
  new TealError('health-deadline', `${version} was not healthy in time`, { remedy: 'see its log' });

/** What matters of a wish; the spec comes with the version. */
const same = (one: Workload, two: Workload): boolean =>
  one.version === two.version && one.instances === two.instances && one.restart === two.restart;
