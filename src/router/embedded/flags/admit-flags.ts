import { bucketOf } from '../../../audience/bucket.ts';
import { tealContext, type Sent, type TealContext } from '../../../features/context.ts';
import type { GivenContext } from '../../../features/evaluate.ts';
import { crossOrigin, eventsPath, ofrep, type OfrepRequest } from '../../../features/ofrep.ts';
import { visitorOf } from '../audience.ts';
import type { Admission, AdmitMoment, Place } from '../claim.ts';
import type { CompiledApp, CompiledTable } from '../compiled-table.ts';
import { decide, type Decision } from '../decide.ts';
import { isPreview } from '../rule.ts';
import { occupy } from '../endpoint.ts';
import { headerValue } from '../header-value.ts';
import type { RequestHead } from '../request-head.ts';
import type { Waiter } from '../wait-line.ts';
import type { FlagHost } from './flag-host.ts';
import type { LocalAnswer, LocalServer } from './local-link.ts';

/** What Teal answers under every host of an app, beside the app. */
const base = '/.teal';
const prefix = `${base}/ofrep/`;

/** Whether a request is for an app's flags. */
export const asksForFlags = (target: string): boolean => target.startsWith(prefix);

/**
 * Admits a request for flags: who asks is found out as for any other request of theirs, by the same table and in the same block, and what is
 * known of them is all put down now. Where the app's requests of theirs would be refused, so is this.
 *
 * What a client says of itself (`targetingKey`, and the rest of its context) opens no release: its side is that of its cookie, token or address.
 */
export function admitFlags<Request extends Waiter>(
  host: FlagHost,
  asked: { readonly table: CompiledTable; readonly head: RequestHead; readonly moment: AdmitMoment },
  make: (place: Place, server: LocalServer, app: CompiledApp) => Request,
): Admission<Request> {
  const { table, head, moment } = asked;
  const decision = decide(table, head, moment);
  if (decision.kind !== 'forward') return decision;
  const app = table.apps.get(decision.environment.app);
  if (app === undefined) throw new Error('a decision names an app that its table has not');
  const who = whoAsks(app, decision, moment);
  if (who instanceof Promise) return { kind: 'verify', verified: who };
  const server = serverOf(host, app, { head, ...who });
  const request = make({ ...host.place, rule: 'flags', visitor: null }, server, app);
  const { counts } = host.place.environment;
  counts.inFlight++;
  counts.requests++;
  occupy(host.endpoint, request);
  return { kind: 'forward', request, endpoint: host.endpoint, queueTimeoutMs: 0 };
}

interface Who {
  readonly teal: TealContext;
  /** What buckets are computed from. */
  readonly seed: string;
}

type Forward = Extract<Decision, { readonly kind: 'forward' }>;

function whoAsks(app: CompiledApp, decision: Forward, { asking }: AdmitMoment): Who | Promise<unknown> {
  const { environment, rule } = decision;
  const { audience } = app;
  const sent: Sent = { environment: environment.colour, version: environment.version, cohort: 'live' };
  if (audience === null) {
    const teal = { app: app.name, ...sent, bucket: null, groups: [], country: null };
    return { teal: isPreview(rule) ? { ...teal, cohort: 'preview' } : teal, seed: app.name };
  }
  let { visitor } = decision;
  if (visitor === undefined) {
    const known = asking(audience);
    if (known instanceof Promise) return known;
    visitor = visitorOf(audience, known);
  }
  const { routed, visit } = visitor;
  // A candidate that has lost every instance has nobody, whoever was chosen.
  const there = routed.side === 'candidate' && environment.colour === routed.environment;
  const cohort = isPreview(rule) ? 'preview' : there ? 'candidate' : 'live';
  return {
    teal: tealContext(visit, { ...sent, cohort }, app.flags.audiences),
    seed: audience.table.seed,
  };
}

/** All that is needed of the head is taken now: the next request is read into the same one. */
function serverOf(
  host: FlagHost,
  app: CompiledApp,
  { head, teal, seed }: Who & { readonly head: RequestHead },
): LocalServer {
  const { method } = head;
  const path = head.target.slice(base.length);
  const ifNoneMatch = headerValue(head, 'if-none-match');
  if (path.startsWith(eventsPath) && method === 'GET') {
    const epoch = /[?&]epoch=([\w-]+)/.exec(path)?.[1] ?? app.flags.epoch;
    return { answer: (_body, to) => events(host, app, { epoch, to }) };
  }
  return {
    answer(body, to) {
      respond(
        to,
        { method, path, body, ifNoneMatch },
        {
          flags: app.flags.flags,
          teal: (given: GivenContext) => withBucket(teal, given, seed),
          events: `${base}${eventsPath}?epoch=${app.flags.epoch}`,
          count: (evaluated, named) => host.tally.count(app.name, evaluated, named),
        },
      );
    },
  };
}

/** Nobody knows who it is: then a percentage of no release goes by what the client calls itself. */
function withBucket(teal: TealContext, { targetingKey }: GivenContext, seed: string): TealContext {
  if (teal.bucket !== null || typeof targetingKey !== 'string' || targetingKey === '') return teal;
  return { ...teal, bucket: bucketOf(seed, targetingKey) };
}

function respond(to: LocalAnswer, request: OfrepRequest, context: Parameters<typeof ofrep>[1]): void {
  const { status, headers, body } = ofrep(request, context);
  to.whole(headOf(status, headers), body ?? '');
}

function events(
  host: FlagHost,
  app: CompiledApp,
  { epoch, to }: { readonly epoch: string; readonly to: LocalAnswer },
): void {
  const headers = { ...crossOrigin, 'content-type': 'text/event-stream', 'cache-control': 'no-store' };
  const sink = to.stream(headOf(200, headers));
  if (sink === null) return;
  sink.send('retry: 1000\n\n');
  if (!host.opened(app, sink, epoch)) sink.end();
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
};

/** Without the empty line at its end. */
function headOf(status: number, headers: Readonly<Record<string, string>>): string {
  let text = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  return text;
}
