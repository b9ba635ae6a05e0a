import { connectControl } from './client.ts';
import { renderLog } from './render/event.ts';
import { soleApp } from './shell/app.ts';
import type { CommonFlags, Context } from './shell/context.ts';
import { onInterrupt } from './shell/interrupt.ts';
import { logTexts } from './text.ts';

export interface LogsFlags extends CommonFlags {
  readonly role?: string;
  readonly instance?: string;
  readonly follow?: boolean;
  readonly lines?: number;
}

/** Shows what the instances wrote; JSON is one line for each. */
export async function logs(this: Context, flags: LogsFlags, app?: string): Promise<void> {
  const client = await connectControl(this, flags);
  const name = await soleApp(client, app);
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const signal = AbortSignal.any([interrupt.signal, this.terminal.closed]);
  const query = {
    lines: flags.lines ?? 100,
    ...(flags.role === undefined ? {} : { role: flags.role }),
    ...(flags.instance === undefined ? {} : { instance: flags.instance }),
    ...(flags.follow === true ? { follow: true } : {}),
  };
  let empty = true;
  for await (const line of client.logs(name, query, signal)) {
    empty = false;
    this.terminal.out(this.json ? JSON.stringify(line) : renderLog(line, this.terminal.view));
  }
  // Nothing at all would look like a command that did not work.
  if (empty && !this.json && !signal.aborted)
    this.terminal.note(logTexts.empty(name, flags.role ?? flags.instance));
}
