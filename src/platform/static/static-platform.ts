/** The `static` driver: versions are servers that run already. It looks whether they are well, and never starts or stops one. */
import { TealError } from '../../errors.ts';
import type { Instance, Place, Platform, PlatformHooks, Stopped, Workload } from '../platform.ts';
import { abortable, within } from '../process/wait.ts';
import { Checks } from './checks.ts';
import { ServersAt, type Context } from './place.ts';

export interface StaticPlatformOptions {
  readonly hooks: PlatformHooks;
  readonly now?: () => number;
}

/** How long `adopt` waits for first checks, so that whoever asks next sees who is well. */
const adoptChecksMs = 2_000;

export class StaticPlatform implements Platform {
  readonly #places = new Map<string, ServersAt>();
  readonly #byApp = new Map<string, Set<ServersAt>>();
  readonly #context: Context;
  readonly #closing = new AbortController();

  constructor({ hooks, now = Date.now }: StaticPlatformOptions) {
    this.#context = { now, checks: new Checks(), hooks: this.#guarded(hooks) };
  }

  async adopt(expected: readonly Workload[]): Promise<void> {
    const own = expected.filter(({ spec }) => spec.origins !== undefined);
    await within(Promise.all(own.map((workload) => this.#at(workload).expect(workload))), adoptChecksMs);
  }

  ensure(workload: Workload, signal: AbortSignal): Promise<void> {
    return abortable(this.#at(workload).ensure(workload), AbortSignal.any([signal, this.#closing.signal]));
  }

  async stop(place: Place): Promise<readonly Stopped[]> {
    await this.#places.get(keyOf(place))?.stop();
    return [];
  }

  instances(app?: string): readonly Instance[] {
    const places = app === undefined ? this.#places.values() : (this.#byApp.get(app) ?? []);
    return [...places].flatMap((at) => at.instances());
  }

  async close(): Promise<void> {
    const remedy = 'The servers go on; the next Teal finds them by its state.';
    this.#closing.abort(new TealError('wrong-state', 'Teal has let go of its servers', { remedy }));
    for (const at of this.#places.values()) at.close();
    this.#context.checks.close();
  }

  #at(place: Place): ServersAt {
    const key = keyOf(place);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const { app, colour, role } = place;
    const at = new ServersAt({ app, colour, role }, this.#context);
    this.#places.set(key, at);
    const own = this.#byApp.get(app) ?? new Set();
    this.#byApp.set(app, own.add(at));
    return at;
  }

  /** Nobody is told anything after `close`. */
  #guarded(hooks: PlatformHooks): PlatformHooks {
    const { signal } = this.#closing;
    return {
      changed: (place) => {
        if (!signal.aborted) hooks.changed(place);
      },
      failing: (place, version, error) => {
        if (!signal.aborted) hooks.failing(place, version, error);
      },
      release: (instances) => abortable(hooks.release(instances), signal),
    };
  }
}

const keyOf = ({ app, colour, role }: Place): string => JSON.stringify([app, colour, role]);
