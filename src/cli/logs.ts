import { TealError } from '../errors.ts';
import type { Client } from './client.ts';
import { connectControl } from './client.ts';
import { renderAccess } from './render/access.ts';
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
  readonly access?: boolean;
  readonly status?: string;
  readonly outcome?: string;
}

/** Shows what the instances wrote, or the requests that the router carried; JSON is one line for each. */
export async function logs(this: Context, flags: LogsFlags, app?: string): Promise<void> {
  refuseMixed(flags);
  const client = await connectControl(this, flags);
  if (flags.access === true) {
    await accessLog(this, client, flags, app);
    return;
  }
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

async function accessLog(context: Context, client: Client, flags: LogsFlags, app?: string): Promise<void> {
  const { terminal, json } = context;
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const signal = AbortSignal.any([interrupt.signal, terminal.closed]);
  const query = {
    lines: flags.lines ?? 100,
    ...(app === undefined ? {} : { app }),
    ...(flags.status === undefined ? {} : { status: flags.status }),
    ...(flags.outcome === undefined ? {} : { outcome: flags.outcome }),
    ...(flags.follow === true ? { follow: true } : {}),
  };
  let empty = true;
  for await (const line of client.access(query, signal)) {
    empty = false;
    terminal.out(json ? JSON.stringify(line) : renderAccess(line, terminal.view));
  }
  if (empty && !json && !signal.aborted) terminal.note(logTexts.noRequests);
}

/** A flag that would be ignored has been misunderstood. */
function refuseMixed(flags: LogsFlags): void {
  const given = (names: readonly (keyof LogsFlags)[]): string | undefined =>
    names.find((name) => flags[name] !== undefined);
  const wrong = flags.access === true ? given(['role', 'instance']) : given(['status', 'outcome']);
  if (wrong === undefined) return;
  const message =
    flags.access === true
      ? `--${wrong} is not for --access: it shows requests, not what instances wrote`
      : `--${wrong} is only for --access`;
  throw new TealError('usage', message, { remedy: 'see: teal logs --help', details: { flag: wrong } });
}
