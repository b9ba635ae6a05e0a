import type { EvidenceView, Status } from '../control/contract.ts';
import { routerAlone } from '../control/router-alone.ts';
import { TealError } from '../errors.ts';
import { connectControl, type Client } from './client.ts';
import { renderEvidence } from './render/evidence.ts';
import { renderGroup } from './render/group.ts';
import { renderApp, renderStatus, routerPieces } from './render/status.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { withAppOrGroup } from './shell/target.ts';
import { onInterrupt } from './shell/interrupt.ts';
import { dataDirectory } from './shell/locate.ts';
import type { View } from './shell/terminal.ts';
import { pause } from './shell/watch.ts';

export interface StatusFlags extends CommonFlags {
  readonly watch?: boolean;
  readonly evidence?: boolean;
}

/** How often --watch looks. */
const watchEveryMs = 1000;

/** Shows what is live, what is being released, and what to do next. */
export async function status(this: Context, flags: StatusFlags, app?: string): Promise<Result | void> {
  const client = await connectControl(this, flags);
  try {
    if (flags.watch === true) return await watch({ context: this, client, flags }, app);
    return await show(client, app, flags);
  } catch (error) {
    throw await withRouter(error, client);
  }
}

/** Traffic is served without a control plane: who finds none is told by what, and since when nobody looks after it. */
async function withRouter(error: unknown, { config, elsewhere }: Client): Promise<unknown> {
  if (!(error instanceof TealError) || error.code !== 'control-unavailable' || elsewhere) return error;
  const router = await routerAlone(await dataDirectory(config));
  if (router === null) return error;
  const { code, message, remedy, details } = error;
  const goesOn = `${message}. Its router goes on: ${routerPieces(router, Date.now()).join(', ')}`;
  return new TealError(code, goesOn, { remedy, details: { ...details, router }, cause: error });
}

async function show(client: Client, app: string | undefined, { evidence }: StatusFlags): Promise<Result> {
  if (app !== undefined) {
    return withAppOrGroup<Result, Result>(client, app, {
      app: async () => {
        const one = await client.app(app);
        if (evidence !== true) return { json: one, text: (view) => renderApp(one, view) };
        const judged = await client.evidence(app);
        return {
          json: { ...one, evidence: judged },
          text: (view) => `${renderApp(one, view)}\n\n${judgedBy(judged, view)}`,
        };
      },
      group: async (apps) => {
        const found = evidence === true ? await Promise.all(apps.map((one) => client.evidence(one.app))) : [];
        return {
          json: { group: app, apps, ...(evidence === true ? { evidence: found } : {}) },
          text: (view) =>
            [renderGroup(app, apps, view), ...found.map((one) => judgedBy(one, view))].join('\n\n'),
        };
      },
    });
  }
  const all: Status = await client.status();
  if (evidence !== true) return { json: all, text: (view) => renderStatus(all, view) };
  const found = await Promise.all(all.apps.map(async (each) => client.evidence(each.app)));
  return {
    json: { ...all, evidence: Object.fromEntries(all.apps.map((each, index) => [each.app, found[index]])) },
    text: (view) => [renderStatus(all, view), ...found.map((each) => judgedBy(each, view))].join('\n\n'),
  };
}

const judgedBy = (evidence: EvidenceView | null, view: View): string =>
  evidence === null ? 'No release was judged yet.' : renderEvidence(evidence, view);

interface Watching {
  readonly context: Context;
  readonly client: Client;
  readonly flags: StatusFlags;
}

/** On a terminal the picture is redrawn in place; elsewhere it is printed again whenever it has changed. */
async function watch({ context, client, flags }: Watching, app: string | undefined): Promise<void> {
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const { terminal } = context;
  const signal = AbortSignal.any([interrupt.signal, terminal.closed]);
  let last = '';
  while (!signal.aborted) {
    const result = await show(client, app, flags);
    const data = JSON.stringify(result.json, steady);
    if (context.json) {
      if (data !== last) terminal.out(JSON.stringify(result.json));
    } else if (terminal.live) terminal.out(`\x1b[H\x1b[2J${result.text(terminal.view)}`);
    else if (data !== last) terminal.out(still(result, terminal.view));
    last = data;
    await pause(watchEveryMs, signal);
  }
}

/** The router hears from Teal every other second: that is no change. */
const steady = (key: string, value: unknown): unknown => (key === 'heard' ? undefined : value);

function still(result: Result, view: View): string {
  return `${result.text(view)}\n`;
}
