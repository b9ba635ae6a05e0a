/**
 * Entry of the process on the other side of the proxies, on the cores that are not theirs: the origin, the load at a
 * fixed rate, and clients that hold idle connections. Told over IPC what to do; ends when its parent does.
 */
import type { AddressInfo } from 'node:net';
import { answer } from '../lib/child.ts';
import { Line, openLoop, type OpenLoopOptions } from './open-loop.ts';
import { startOrigin } from './origin.ts';

export type Ask =
  | { readonly kind: 'open-loop'; readonly options: OpenLoopOptions }
  /** Opens that many connections, and sends one request over each. */
  | { readonly kind: 'hold'; readonly port: number; readonly connections: number }
  | { readonly kind: 'release' };

/** Opened at a time: no listen queue shall overflow. */
const opening = 50;

let held: Line[] = [];

async function handle(ask: Ask): Promise<unknown> {
  switch (ask.kind) {
    case 'open-loop':
      return openLoop(ask.options);
    case 'hold':
      return hold(ask.port, ask.connections);
    case 'release':
      for (const line of held) line.close();
      held = [];
      return null;
  }
}

async function hold(port: number, connections: number): Promise<null> {
  while (held.length < connections) {
    const batch = await Promise.all(
      Array.from({ length: Math.min(opening, connections - held.length) }, () => Line.open(port)),
    );
    held.push(...batch);
    await Promise.all(batch.map(answered));
  }
  return null;
}

function answered(line: Line): Promise<void> {
  return new Promise((resolve, reject) => {
    line.ask((okay) => (okay ? resolve() : reject(new Error('a connection to be held got no answer'))));
  });
}

const origin = await startOrigin();
answer((origin.address() as AddressInfo).port, handle);
