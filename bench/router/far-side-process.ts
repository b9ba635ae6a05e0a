import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
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
  const entry = fileURLToPath(new URL('far-side.ts', import.meta.url));
  const [command, args] = pinned(on, [process.execPath, entry]);
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // JSON has no Infinity, which is how long an answer that never came has taken.
    serialization: 'advanced',
  });
  const ask = async (question: Ask): Promise<unknown> => {
    const answer = answerOf(child);
    child.send(question);
    return answer;
  };
  const port = (await answerOf(child)) as number;
  return {
    port,
    openLoop: async (options) => (await ask({ kind: 'open-loop', options })) as OpenLoopResult,
    hold: async (to, connections) => void (await ask({ kind: 'hold', port: to, connections })),
    release: async () => void (await ask({ kind: 'release' })),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() => Promise.reject(new Error('load and origin have ended'))),
    ])) as [{ readonly result?: unknown; readonly error?: string }];
    if (message.error !== undefined) throw new Error(message.error);
    return message.result;
  } finally {
    over.abort();
  }
}
