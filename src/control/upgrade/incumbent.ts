import type { HandedOver, Program } from '../../router/embedded/options.ts';
import type { UpgradeView } from './contract.ts';
import { startControl, type ControlOptions } from '../control.ts';
import type { Control } from '../running.ts';

/** Who controls: this process, or one that it has started. */
export interface Incumbent {
  /** Resolves when it has ended by itself or by `stop`, and not to make place; rejects when it failed. */
  readonly ended: Promise<void>;
  /** See `Control.handOver`. */
  handOver(program: Program, drainMs: number | null): Promise<Handed>;
  /** Makes place for another: what it controls goes on. */
  leave(): Promise<void>;
  /** Controls again, whether it has made place in vain already or not. @throws TealError */
  back(): Promise<void>;
  /** What its status shall say of an upgrade. */
  note(view: UpgradeView): void;
  stop(how: StopHow): Promise<void>;
}

export interface Handed extends HandedOver {
  readonly drainMs: number;
}

export interface StopHow {
  readonly everything: boolean;
  readonly signal?: AbortSignal;
}

/** The control plane in this process. */
export class LocalIncumbent implements Incumbent {
  readonly #options: ControlOptions;
  readonly #end = Promise.withResolvers<void>();
  #control: Control | null = null;
  #view: UpgradeView | null = null;

  constructor(options: ControlOptions) {
    this.#options = { ...options, upgraded: () => this.#view };
    this.#end.promise.catch(() => {});
  }

  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** @param more only for this time */
  async begin(more: Pick<ControlOptions, 'server'> = {}): Promise<Control> {
    const control = await startControl({ ...this.#options, ...more });
    this.#control = control;
    const over = (end: () => void): void => {
      if (this.#control === control) end();
    };
    control.ended.then(
      () => over(this.#end.resolve),
      (error: unknown) => over(() => this.#end.reject(error)),
    );
    return control;
  }

  async handOver(program: Program, drainMs: number | null): Promise<Handed> {
    return this.#running().handOver(program, drainMs);
  }

  async leave(): Promise<void> {
    const control = this.#running();
    this.#control = null;
    await control.stop({ everything: false });
  }

  async back(): Promise<void> {
    // The other may have taken its socket's path, and not come to have it leave.
    if (this.#control !== null) await this.leave();
    await this.begin();
  }

  note(view: UpgradeView): void {
    this.#view = view;
  }

  async stop(how: StopHow): Promise<void> {
    await this.#control?.stop(how);
  }

  #running(): Control {
    if (this.#control === null) throw new Error('no control plane runs in this process');
    return this.#control;
  }
}
