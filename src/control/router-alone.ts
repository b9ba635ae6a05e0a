import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RouterStatus } from '../router/router.ts';
import { socketPath } from '../router/socket-path.ts';
import { endsWithin } from './pause.ts';
import { attach, connect } from './router-process.ts';

/** One that does not even answer by then hangs. */
const answerMs = 2000;

/** How the router of a data directory is, asked without a control plane, which counts as no word from one. Null: there is none, or it does not say. */
export async function routerAlone(data: string): Promise<RouterStatus | null> {
  // Looking at what never ran leaves no traces.
  if (!existsSync(path.join(data, 'router'))) return null;
  const socket = await connect(socketPath(data, path.join('router', 'control.sock')));
  if (socket === null) return null;
  try {
    const asked = attach(socket).call('status', {}) as Promise<RouterStatus>;
    const told = asked.catch(() => null);
    return (await endsWithin(told, answerMs)) ? await told : null;
  } finally {
    socket.destroy();
  }
}
