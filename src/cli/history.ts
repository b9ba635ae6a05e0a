import type { EventView } from '../control/contract.ts';
import { TealError } from '../errors.ts';
import { connectControl, type Client } from './client.ts';
import { renderCourse, renderEvidence } from './render/evidence.ts';
import { renderEvent } from './render/event.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { withAppOrGroup } from './shell/target.ts';
import { onInterrupt } from './shell/interrupt.ts';

export interface HistoryFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly limit?: number;
  readonly evidence?: string;
}

/** Shows events, the newest at the bottom, and goes on when asked to. */
export async function history(this: Context, flags: HistoryFlags, app?: string): Promise<Result | void> {
  const client = await connectControl(this, flags);
  if (flags.evidence !== undefined) return course(client, flags.evidence, app);
  const limit = flags.limit ?? 50;
  const about = app === undefined ? {} : { app };
  const { past, isMeant, follows } = await eventsOf(client, app, { about, limit });
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
  for await (const event of client.follow({ ...follows, after: past[0]?.seq ?? 0 }, signal))
    if (isMeant(event)) print(event);
}

interface Past {
  /** Newest first. */
  readonly past: readonly EventView[];
  readonly follows: { readonly app?: string };
  readonly isMeant: (event: EventView) => boolean;
}

/** Of all apps, of one, or of those of a group. */
async function eventsOf(
  client: Client,
  app: string | undefined,
  { about, limit }: { readonly about: { readonly app?: string }; readonly limit: number },
): Promise<Past> {
  const one = async (): Promise<Past> => ({
    past: await client.events({ ...about, limit }),
    follows: about,
    isMeant: () => true,
  });
  if (app === undefined) return one();
  return withAppOrGroup<Past, Past>(client, app, {
    app: one,
    group: async (members) => {
      const names = new Set(members.map((member) => member.app));
      const all = await Promise.all([...names].map((name) => client.events({ app: name, limit })));
      const past = all.flat().toSorted((first, second) => second.seq - first.seq);
      return { past: past.slice(0, limit), follows: {}, isMeant: (event) => names.has(event.app) };
    },
  });
}

/** How a release was judged, from its first tick to its last; its id begins with the name of its app. */
async function course(client: Client, release: string, app: string | undefined): Promise<Result> {
  const evidence = await client.evidence(app ?? release.replace(/-\d+$/, ''), release);
  if (evidence === null)
    throw new TealError('internal', `no evidence of ${release}`, { remedy: 'teal status' });
  return {
    json: evidence,
    text: (view) => `${renderCourse(evidence, view)}\n\n${renderEvidence(evidence, view)}`,
  };
}
