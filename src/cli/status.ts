import type { Status } from '../control/contract.ts';
import { connectControl, type Client } from './client.ts';
import { renderApp, renderStatus } from './render/status.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { onInterrupt } from './shell/interrupt.ts';
import type { View } from './shell/terminal.ts';
import { pause } from './shell/wait.ts';

export interface StatusFlags extends CommonFlags {
  readonly watch?: boolean;
}

/** How often --watch looks. */
const watchEveryMs = 1000;

/** Shows what is live, what is being released, and what to do next. */
export async function status(this: Context, flags: StatusFlags, app?: string): Promise<Result | void> {
  const client = await connectControl(this, flags);
  if (flags.watch === true) return watch(this, client, app);
  return show(client, app);
}

async function show(client: Client, app: string | undefined): Promise<Result> {
  if (app !== undefined) {
    const one = await client.app(app);
    return { json: one, text: (view) => renderApp(one, view) };
  }
  const all: Status = await client.status();
  return { json: all, text: (view) => renderStatus(all, view) };
}

/** On a terminal the picture is redrawn in place; elsewhere it is printed again whenever it has changed. */
async function watch(context: Context, client: Client, app: string | undefined): Promise<void> {
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const { terminal } = context;
  const signal = AbortSignal.any([interrupt.signal, terminal.closed]);
  let last = '';
  while (!signal.aborted) {
    const result = await show(client, app);
    const data = JSON.stringify(result.json);
    if (context.json) {
      if (data !== last) terminal.out(data);
    } else if (terminal.live) terminal.out(`\x1b[H\x1b[2J${result.text(terminal.view)}`);
    else if (data !== last) terminal.out(still(result, terminal.view));
    last = data;
    await pause(watchEveryMs, signal);
  }
}

function still(result: Result, view: View): string {
  return `${result.text(view)}\n`;
}
