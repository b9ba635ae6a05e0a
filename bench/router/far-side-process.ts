import { Child } from '../lib/child.ts';
import type { Ask } from './far-side.ts';
import type { OpenLoopOptions, OpenLoopResult } from './open-loop.ts';
import { pinned } from './pin.ts';

/** Origin and load, as this process holds them. One thing is asked at a time. */
export interface FarSide {
  /** Where the origin listens. */
  readonly port: number;
  openLoop(options: OpenLoopOptions): Promise<OpenLoopResult>;
  hold(port: number, connections: number): Promise<void>;
  release(): Promise<void>;
  close(): Promise<void>;
}

export async function startFarSide(on: string): Promise<FarSide> {
  const child = await Child.start(new URL('far-side.ts', import.meta.url), {
    command: (line) => pinned(on, line),
  });
  const ask = (question: Ask): Promise<unknown> => child.ask(question);
  return {
    port: child.hello as number,
    openLoop: async (options) => (await ask({ kind: 'open-loop', options })) as OpenLoopResult,
    hold: async (to, connections) => void (await ask({ kind: 'hold', port: to, connections })),
    release: async () => void (await ask({ kind: 'release' })),
    close: () => child.close(),
  };
}
