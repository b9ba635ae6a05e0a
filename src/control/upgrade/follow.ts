import { existsSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import { TealError } from '../../errors.ts';
import type { Program } from '../../router/embedded/options.ts';
import { Answerer, Caller, type Handler, type Message } from '../../router/embedded/rpc.ts';
import { socketPath } from '../../router/socket-path.ts';
import { prepareFile } from '../../store/file.ts';
import { ApiServer } from '../api/serve.ts';
import type { UpgradeBody, UpgradeResult, UpgradeView } from './contract.ts';
import type { ControlOptions } from '../control.ts';
import { storePlace } from '../store-place.ts';
import { storeFile } from '../system.ts';
import { LocalIncumbent } from './incumbent.ts';

/** What `teal up` gives, at first and each time after an upgrade. */
export type FollowOptions = Pick<ControlOptions, 'file' | 'log' | 'store' | 'onEvent' | 'onLeader'>;

/** Speaks to the process that has started this one. */
export interface Upwards {
  send(message: Message): void;
  onMessage(receive: (message: Message) => void): void;
  onGone(left: () => void): void;
}

/**
 * A control plane that was started to take over from one that runs, and does what it is told by the process of `teal up`.
 * Resolves when it has nothing more to do. @param force aborted when stopping shall not wait
 */
export async function follow(options: FollowOptions, force: AbortSignal, upwards: Upwards): Promise<void> {
  const caller = new Caller((message) => upwards.send(message));
  const incumbent = new LocalIncumbent({
    ...options,
    upgrade: async (body: UpgradeBody) => (await caller.call('upgrade', body)) as UpgradeResult,
  });
  const follower = new Follower(options, incumbent, force);
  const answerer = new Answerer((message) => upwards.send(message), follower.answer);
  upwards.onMessage((message) => {
    if ('op' in message || 'cancel' in message) answerer.receive(message);
    else caller.receive(message);
  });
  // Whoever holds the service is gone: another `teal up` has to find the lock free.
  const gone = new Promise<void>((resolve) => upwards.onGone(resolve));
  await Promise.race([incumbent.ended, gone]);
  await follower.end();
}

class Follower {
  readonly #options: FollowOptions;
  readonly #incumbent: LocalIncumbent;
  readonly #force: AbortSignal;
  #server: ApiServer | null = null;

  constructor(options: FollowOptions, incumbent: LocalIncumbent, force: AbortSignal) {
    this.#options = options;
    this.#incumbent = incumbent;
    this.#force = force;
  }

  async end(): Promise<void> {
    await this.#incumbent.stop({ everything: false });
    await this.#server?.close();
  }

  readonly answer: Handler = async (op, args) => {
    const operation = this.#operations[op];
    if (operation === undefined) {
      throw new TealError('internal', `this Teal knows no ${op}`, {
        remedy: 'Restart the service once: the control plane ends and starts again, traffic goes on.',
      });
    }
    return await operation(args as never);
  };

  readonly #operations: Readonly<Record<string, (args: never) => unknown>> = {
    prepare: async ({ data }: { data: string }) => {
      const { file, store } = this.#options;
      const config = await loadConfig(file);
      if (config.data !== data) throw moved(data, config.data);
      // Who is asked to upgrade has the event log in its file: of several control planes none is replaced so.
      if (storePlace(config, { flag: store, environment: process.env }).kind !== 'sqlite') throw shared(data);
      // Reads only: a log of a newer Teal is refused while the old control plane still has it.
      if (existsSync(storeFile(data))) prepareFile(storeFile(data));
      this.#server = await ApiServer.bind(socketPath(data, 'control.sock'));
    },
    take: () => this.#server?.take(),
    begin: async () => {
      await this.#incumbent.begin(this.#server === null ? {} : { server: this.#server });
    },
    leave: () => this.#incumbent.leave(),
    back: () => this.#incumbent.back(),
    note: (view: UpgradeView) => this.#incumbent.note(view),
    'hand-over': ({ program, drainMs }: { program: Program; drainMs: number | null }) =>
      this.#incumbent.handOver(program, drainMs),
    stop: ({ everything }: { everything: boolean }) =>
      this.#incumbent.stop({ everything, signal: this.#force }),
  };
}

function shared(data: string): TealError {
  return new TealError('config-invalid', `store is a database now, and a file in ${data} where Teal runs`, {
    remedy: 'Put it back, or bring the event log over: teal down, teal store migrate, teal up.',
  });
}

function moved(from: string, to: string): TealError {
  return new TealError('config-invalid', `data is ${to} in teal.yaml now, and ${from} where Teal runs`, {
    remedy: 'Put it back, or move: teal down, move the folder, teal up.',
    details: { from, to },
  });
}
