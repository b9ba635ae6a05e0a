import type { EventView } from '../control/contract.ts';
import { connectControl } from './client.ts';
import { renderEvent } from './render/event.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { onInterrupt } from './shell/interrupt.ts';

export interface HistoryFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly limit?: number;
}

/** Shows events, the newest at the bottom, and goes on when asked to. */
export async function history(this: Context, flags: HistoryFlags, app?: string): Promise<Result | void> {
  const client = await connectControl(this, flags);
  const about = app === undefined ? {} : { app };
  const past = await client.events({ ...about, limit: flags.limit ?? 50 });
  const { terminal, json } = this;
  if (flags.follow !== true) {
    const oldestFirst = past.toReversed();
    const text = (view: typeof terminal.view): string =>
      oldestFirst.length === 0
        ? 'Nothing has happened yet. Next: teal deploy <app> <version>'
        : [
            ...oldestFirst.map((event) => renderEvent(event, view)),
            `Next: teal status${app === undefined ? '' : ` ${app}`}`,
          ].join('\n');
    return { json: past, text };
  }
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const print = (event: EventView): void =>
    terminal.out(json ? JSON.stringify(event) : renderEvent(event, terminal.view));
  for (const event of past.toReversed()) print(event);
  const signal = AbortSignal.any([interrupt.signal, terminal.closed]);
  for await (const event of client.follow({ ...about, after: past[0]?.seq ?? 0 }, signal)) print(event);
}
