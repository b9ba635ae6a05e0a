import { version } from '../../config/version.ts';
import { TealError } from '../../errors.ts';
import { toTealError, type Handler } from '../../router/embedded/rpc.ts';
import type { UpgradeBody, UpgradeResult, UpgradeView } from './contract.ts';
import type { Control } from '../running.ts';
import type { FollowOptions } from './follow.ts';
import { LocalIncumbent, type Incumbent, type StopHow } from './incumbent.ts';
import { NextProcess } from './next-process.ts';
import { notify } from './notify.ts';
import { askProgram, type OtherTeal } from './program.ts';

export interface HolderOptions extends FollowOptions {
  /** For a control plane that takes over, after `up`. */
  readonly args: readonly string[];
}

/**
 * The process that a person or a service manager has started by `teal up`, and knows by its pid. It controls by itself
 * until the first upgrade; then one that it has started does, and it stays only to pass signals on, and to put the old one
 * back when the new one cannot begin. So neither a terminal nor systemd has to be told of another pid.
 */
export class Holder {
  readonly first: Control;
  readonly ended: Promise<void>;
  readonly #options: HolderOptions;
  readonly #end = Promise.withResolvers<void>();
  #current: Incumbent;
  #version = version;
  #view: UpgradeView | null = null;
  #stopping = false;
  /** Resolves when none is under way. */
  #upgrading: Promise<void> = Promise.resolve();

  private constructor(options: HolderOptions, current: Incumbent, first: Control) {
    this.#options = options;
    this.#current = current;
    this.first = first;
    this.ended = this.#end.promise;
    this.ended.catch(() => {});
    this.#watch(current);
  }

  /** @throws TealError as `startControl` */
  static async start(options: HolderOptions): Promise<Holder> {
    let holder: Holder | null = null;
    const upgrade = async (body: UpgradeBody): Promise<UpgradeResult> => {
      if (holder === null) throw busy();
      return await holder.upgrade(body);
    };
    const { args: _, ...control } = options;
    const incumbent = new LocalIncumbent({ ...control, upgrade });
    holder = new Holder(options, incumbent, await incumbent.begin());
    notify('READY=1', `STATUS=teal ${version}`);
    return holder;
  }

  async stop(how: StopHow): Promise<void> {
    this.#stopping = true;
    notify('STOPPING=1');
    // Half way nobody controls, and nobody could stop anything.
    await this.#upgrading;
    await this.#current.stop(how);
  }

  /**
   * Starts the new program's control plane as far as it goes without touching anything, has the routers replaced, answers,
   * and then lets the new one control. Whatever fails before that leaves everything as it was.
   * @throws TealError `already-running` while one is under way, `upgrade-failed`, `port-taken` …
   */
  async upgrade(body: UpgradeBody): Promise<UpgradeResult> {
    if (this.#stopping || (this.#view !== null && this.#view.endedAt === null)) throw busy();
    const current = this.#current;
    const over = Promise.withResolvers<void>();
    this.#upgrading = over.promise;
    notify('RELOADING=1', 'STATUS=being upgraded');
    this.#note({
      state: 'routers',
      from: this.#version,
      to: null,
      startedAt: Date.now(),
      endedAt: null,
      error: null,
    });
    let next: NextProcess | null = null;
    try {
      const other = await askProgram(body.node, body.program);
      this.#note({ to: other.version });
      next = new NextProcess({ ...body, args: this.#options.args, handler: this.#answer });
      await next.prepare(this.first.data);
      const { pid, drainMs } = await current.handOver(other.router, body.drainMs ?? null);
      // Nobody shall begin what is about to end.
      if (this.#stopping) throw busy();
      this.#note({ state: 'control' });
      void this.#replace(current, next, other).finally(over.resolve);
      return { from: this.#view?.from ?? version, to: other.version, router: pid, drainMs };
    } catch (error) {
      await next?.kill();
      this.#failed(error);
      over.resolve();
      throw error;
    }
  }

  async #replace(current: Incumbent, next: NextProcess, { version: to }: OtherTeal): Promise<void> {
    // Whichever of both ends from here on, it is found out here.
    this.#current = next;
    try {
      await next.take();
      // One that was killed has left, too; one that has not keeps the next from beginning.
      await current.leave().catch(() => {});
      await next.begin();
    } catch (error) {
      await next.kill();
      this.#current = current;
      await this.#putBack(current, error);
      return;
    }
    this.#version = to;
    this.#watch(next);
    this.#note({ state: 'done', endedAt: Date.now() });
    notify('READY=1', `STATUS=teal ${to}`);
    if (current instanceof NextProcess) await current.dismiss();
  }

  /** The routers are handed back when it finds them to be of another Teal. */
  async #putBack(current: Incumbent, why: unknown): Promise<void> {
    this.#failed(why);
    try {
      await current.back();
      if (this.#view !== null) current.note(this.#view);
    } catch (error) {
      this.#end.reject(error);
    }
  }

  #watch(incumbent: Incumbent): void {
    const over = (end: () => void): void => {
      if (this.#current === incumbent) end();
    };
    incumbent.ended.then(
      () => over(this.#end.resolve),
      (error: unknown) => over(() => this.#end.reject(error)),
    );
  }

  /** What a control plane in another process asks for. */
  readonly #answer: Handler = async (op, args) => {
    if (op === 'upgrade') return await this.upgrade(args as UpgradeBody);
    throw new TealError('internal', `the process of teal up knows no ${op}`, {
      remedy: 'Restart the service once: the control plane ends and starts again, traffic goes on.',
    });
  };

  #failed(error: unknown): void {
    this.#note({ state: 'failed', endedAt: Date.now(), error: toTealError(error).toJSON() });
    notify('READY=1', `STATUS=teal ${this.#version}; the upgrade failed`);
  }

  #note(change: Partial<UpgradeView>): void {
    this.#view = { ...this.#view, ...change } as UpgradeView;
    this.#current.note(this.#view);
  }
}

function busy(): TealError {
  return new TealError('already-running', 'Teal is being upgraded or stopped already', {
    remedy: 'Look how far it is: teal status',
  });
}
