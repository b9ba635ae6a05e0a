import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { LinkMade } from '../../src/control/contract-access.ts';
import type { Screen } from './screen.ts';
import type { Stage } from './story.ts';

/** Starts Teal where a browser reaches it, and says by which link; opens that where there is a screen to open it on. @returns the URL of the app */
export async function openDashboard({ teal, home, screen }: Stage): Promise<string> {
  await home.withDashboard();
  const url = await teal.up();
  const link = await teal.ask<LinkMade>('dashboard');
  screen.line();
  screen.line(`Dashboard: ${link.url}`);
  screen.line('(good once; another one: teal dashboard)');
  show(link.url);
  return url;
}

/** Resolves at Ctrl-C. */
export async function untilLeft(screen: Screen, signal: AbortSignal): Promise<void> {
  screen.part('Everything stays as it is until Ctrl-C');
  if (!signal.aborted) await once(signal, 'abort');
}

/** Where nobody sits at this machine there is nothing to open it with; the link is there all the same. */
function show(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY, CI } = process.env;
  const command = process.platform === 'darwin' ? 'open' : DISPLAY || WAYLAND_DISPLAY ? 'xdg-open' : null;
  if (command === null || CI) return;
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
