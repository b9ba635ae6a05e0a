import type { AppStatus, CommandBody, CommandName } from '../../control/contract.ts';
import { connectControl, type Client } from '../client.ts';
import { renderBlock } from '../render/block.ts';
import { glyph, wrap } from '../render/paint.ts';
import { renderGroupDone } from '../render/group.ts';
import { renderDone } from '../render/result.ts';
import { waitTexts } from '../text.ts';
import type { Context, ReasonFlags, Result } from './context.ts';
import { underLease } from './lease.ts';
import { begun } from './simple.ts';
import { send, soleTarget, type Ordered } from './target.ts';
import type { Goal } from './outcome.ts';
import { waitForRelease, type Waiting } from './wait.ts';
import { lastEvent } from './watch.ts';

export interface WaitFlags extends ReasonFlags {
  readonly wait?: boolean;
  readonly until?: 'ready' | 'live';
  readonly timeout?: number;
}

export interface ReleaseOrder {
  readonly command: CommandName;
  readonly app: string | undefined;
  readonly body: CommandBody;
  /** Of a deploy: what has to be done under its lease before it can be asked, with what is then asked. */
  readonly prepare?: (client: Client, body: CommandBody) => Promise<CommandBody>;
  readonly goal: Goal;
}

/** Sends a command that moves a release, and waits for it when asked to. */
export async function orderRelease(
  context: Context,
  flags: WaitFlags,
  what: ReleaseOrder,
): Promise<Result | void> {
  const client = await connectControl(context, flags);
  const target = await soleTarget(client, what.app);
  const waits = flags.wait === true || flags.until !== undefined;
  const after = waits ? await lastEvent(client) : 0;
  const ordered =
    what.command === 'deploy'
      ? await underLease(context, client, { of: target, body: what.body }, async (body) =>
          send(client, target, { ...what, body: (await what.prepare?.(client, body)) ?? body }),
        )
      : await send(client, target, what);
  if (!waits) return begun(what.command, ordered);
  const waiting = { client, goal: what.goal, after, timeoutMs: flags.timeout, until: flags.until ?? 'live' };
  return ordered.kind === 'app'
    ? await waitForApp(context, waiting, { what, ordered })
    : await waitForGroup(context, waiting, { what, ordered });
}

type How = Omit<Waiting, 'app' | 'left' | 'queued'>;

async function waitForApp(
  context: Context,
  how: How,
  { what, ordered }: { readonly what: ReleaseOrder; readonly ordered: Ordered & { readonly kind: 'app' } },
): Promise<Result | void> {
  const { result } = ordered;
  const { app, release } = result.app;
  const queued = queuedBy(what, result.app);
  if (release === null && queued === null) return begun(what.command, ordered);
  warn(context, result.note);
  const waited = await waitForRelease(context, { ...how, app, left: result.app, queued });
  if (waited === null) return;
  if (waited.progress === 'ready') return ready(waited.app, { did: waitTexts.ready(app), app: waited.app });
  const done = { command: what.command, did: result.did, app: waited.app, complete: true };
  return { json: { did: result.did, app: waited.app }, text: (view) => renderDone(done, view) };
}

/** What the events that are told from here on do not say, such as what going back would do to the database. */
function warn({ json, terminal }: Context, note: string | null): void {
  // A Teal that is older than its command says none.
  if (json || !note) return;
  const view = terminal.noteView;
  terminal.note(`${glyph(view, 'warn')} ${wrap(note, view.width, 2)}`);
}

/** The version that a deploy has queued; null when its release has begun, and for all other commands. */
const queuedBy = ({ command, body }: ReleaseOrder, { queued }: AppStatus): string | null =>
  command === 'deploy' && (body.version ?? queued?.version) === queued?.version
    ? (queued?.version ?? null)
    : null;

/** The apps of a group go through their steps together: one is waited for and told of, the others are as far. */
async function waitForGroup(
  context: Context,
  how: How,
  { what, ordered }: { readonly what: ReleaseOrder; readonly ordered: Ordered & { readonly kind: 'group' } },
): Promise<Result | void> {
  const { group, apps } = ordered.result;
  const waited: AppStatus[] = [];
  for (const [index, { app: status, note }] of apps.entries()) {
    const { app, release } = status;
    const queued = queuedBy(what, status);
    if (release === null && queued === null) continue;
    warn(context, note);
    const after = index === 0 ? how.after : Number.MAX_SAFE_INTEGER;
    const one = await waitForRelease(context, { ...how, after, app, left: status, queued });
    if (one === null) return;
    if (one.progress === 'ready')
      return ready(one.app, { did: waitTexts.ready(group), group, apps: [one.app] });
    waited.push(one.app);
  }
  const done = {
    command: what.command,
    group,
    apps: waited.map((app) => ({ app, did: null })),
    complete: true,
  };
  return { json: { group, apps: waited }, text: (view) => renderGroupDone(done, view) };
}

function ready(app: AppStatus, json: { readonly did: string } & Readonly<Record<string, unknown>>): Result {
  return {
    json,
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Ready',
          value: json.did,
          rows: [
            ['Preview', `teal preview ${app.app}`],
            ['Next', app.next],
          ],
        },
        view,
      ),
  };
}
