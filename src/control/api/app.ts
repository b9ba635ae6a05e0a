import { Hono, type Context } from 'hono';
import { stream } from 'hono/streaming';
import type { StreamingApi } from 'hono/utils/stream';
import { didYouMean } from '../../config/did-you-mean.ts';
import { errorCodes, TealError } from '../../errors.ts';
import { followLogs, readLogs } from '../../platform/process/logs.ts';
import { socketPath } from '../../router/socket-path.ts';
import { followAccessLines, lastAccessLines } from '../../router/access-log.ts';
import { apply } from '../apply.ts';
import type { By } from '../apps.ts';
import { commandNames, type CommandName } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { doctor } from '../doctor.ts';
import { leaseOf } from '../deploy-turn.ts';
import { groupCommand, knownGroup } from '../group.ts';
import { evidenceOf } from '../judge/view.ts';
import { known } from '../known.ts';
import { explainWho } from '../explain.ts';
import { planGroup } from '../plan/group.ts';
import { plan } from '../plan/plan.ts';
import { previewLink } from '../preview.ts';
import { rollbackAll } from '../rollback-all.ts';
import type { Access } from '../access/access.ts';
import type { Caller, CallerEnv } from '../access/caller.ts';
import { refuseFiles, refuseShortcut } from '../access/elsewhere.ts';
import { auditRoutes } from '../access/audit-routes.ts';
import { accessRoutes } from '../access/routes.ts';
import { securityChecks } from '../access/security.ts';
import { signInRoutes } from '../access/sign-in-routes.ts';
import { namesItsApp, onlyApps, refuseOther, shownTo } from '../access/visible.ts';
import { accessLogOf, accessQuery } from './access.ts';
import {
  applyBody,
  commandBody,
  explainBody,
  groupPlanBody,
  leaseBody,
  parse,
  planBody,
  rollbackBody,
  stopBody,
} from './bodies.ts';
import { bodyOf } from './body.ts';
import { command } from './command.ts';
import { followEvents, recentEvents } from './events.ts';
import { statusOf, wholeStatus } from './status.ts';

export interface ApiOptions {
  readonly access: Access;
  readonly startedAt: number;
  readonly stop: (options: { readonly everything: boolean }) => void;
  /** Aborted when the control plane ends: streams end with it. */
  readonly closing: AbortSignal;
}

/** As many lines of each log as a terminal shows. */
const defaultLines = 50;

/** The HTTP API of contract.ts. */
export function api(deps: Deps, options: ApiOptions): Hono {
  const app = new Hono().basePath('/v1');
  app.route('/', accessRoutes(options.access));
  app.route('/', signInRoutes(options.access));
  app.route('/', auditRoutes(options.access.audit, options.closing));
  app.get('/doctor/security', async (c) => c.json(await security(deps, options.access)));
  app.get('/status', async (c) => c.json(onlyApps(callerOf(c), await wholeStatus(deps, options.startedAt))));
  app.get('/doctor', async (c) => c.json(await doctor(deps, options.startedAt)));
  app.get('/apps/:app', async (c) => c.json(await statusOf(deps, c.req.param('app'))));
  app.get('/apps/:app/preview', async (c) => c.json(await previewLink(deps, c.req.param('app'))));
  app.get('/apps/:app/evidence', async (c) =>
    c.json(await evidenceOf(deps, c.req.param('app'), c.req.query('release'))),
  );
  app.get('/apps/:app/logs', (c) => logs(deps, c, options.closing));
  app.get('/access', (c) => access(deps, c, options.closing));
  app.get('/events', (c) => events(deps, c, options.closing));
  app.post('/apply', async (c) => {
    const { file = deps.config.file, ...asked } = parse(applyBody, await bodyOf(c));
    refuseFiles(callerOf(c), { file }, deps.config);
    return c.json(await apply(deps, { file, ...asked }, by(c)));
  });
  app.post('/rollback', async (c) => {
    const { reason = null } = parse(rollbackBody, await bodyOf(c));
    return c.json(await rollbackAll(deps, { ...by(c), reason }));
  });
  app.post('/leases', async (c) => {
    const { of, ...asked } = parse(leaseBody, await bodyOf(c));
    refuseOther(callerOf(c), deps.apps.names().includes(of) ? [of] : deps.apps.members(of), of);
    const apps = deps.apps.names().includes(of) ? [of] : knownGroup(deps, of);
    return c.json(await leaseOf(deps, { apps, body: asked, by: by(c) }, goneOr(c, options.closing)));
  });
  app.post('/leases/:id', (c) => c.json(deps.leases.renew(c.req.param('id'))));
  app.delete('/leases/:id', (c) => {
    deps.leases.end(c.req.param('id'));
    return c.json({});
  });
  app.post('/stop', async (c) => {
    const asked = parse(stopBody, await bodyOf(c));
    // After the answer has left: stopping ends the server that gives it.
    setImmediate(() => options.stop(asked));
    return c.json({ stopping: true });
  });
  app.post('/apps/:app/explain', async (c) =>
    c.json(await explainWho(deps, c.req.param('app'), parse(explainBody, await bodyOf(c)))),
  );
  app.post('/apps/:app/plan', async (c) => {
    // Who gives up waiting has no use for the rest of a long log.
    const signal = goneOr(c, options.closing);
    const asked = parse(planBody, await bodyOf(c));
    refuseFiles(callerOf(c), asked, deps.config);
    return c.json(await plan(deps, c.req.param('app'), { ...asked, ...by(c) }, signal));
  });
  app.post('/groups/:group/plan', async (c) => {
    const signal = goneOr(c, options.closing);
    const asked = parse(groupPlanBody, await bodyOf(c));
    refuseFiles(callerOf(c), asked, deps.config);
    return c.json(await planGroup(deps, c.req.param('group'), { ...asked, ...by(c) }, signal));
  });
  app.post('/groups/:group/:command', async (c) => {
    const name = commandName(c.req.param('command'));
    const asked = parse(commandBody, await bodyOf(c));
    const manual = deps.apps.members(c.req.param('group')).some((each) => isManual(deps, each));
    refuseFiles(callerOf(c), asked, deps.config);
    refuseShortcut(callerOf(c), asked, manual);
    const who = { ...by(c), reason: asked.reason ?? null };
    const signal = goneOr(c, options.closing);
    return c.json(await groupCommand(deps, c.req.param('group'), { name, body: asked, by: who, signal }));
  });
  app.post('/apps/:app/:command', async (c) => {
    const asked = { name: commandName(c.req.param('command')), body: parse(commandBody, await bodyOf(c)) };
    refuseFiles(callerOf(c), asked.body, deps.config);
    refuseShortcut(callerOf(c), asked.body, isManual(deps, c.req.param('app')));
    const who = by(c);
    return c.json(
      await command(deps, c.req.param('app'), {
        ...asked,
        by: { ...who, reason: asked.body.reason ?? null },
        signal: goneOr(c, options.closing),
      }),
    );
  });
  app.notFound((c) =>
    refuse(
      c,
      new TealError('usage', `There is nothing at ${c.req.path}.`, { remedy: 'see the API: GET /v1/status' }),
    ),
  );
  app.onError((error, c) => {
    if (error instanceof TealError) return refuse(c, error);
    deps.log.error({ error, path: c.req.path }, 'a request of the API failed');
    return refuse(
      c,
      new TealError('internal', `Teal failed: ${error.message}`, {
        remedy: 'see the log of teal up, and report it',
      }),
    );
  });
  return app;
}

/** Aborted when whoever asks has gone, or Teal goes. */
const goneOr = (c: Context, closing: AbortSignal): AbortSignal =>
  AbortSignal.any([c.req.raw.signal, closing]);

function refuse(c: Context, error: TealError): Response {
  return c.json(error.toJSON(), errorCodes[error.code].status);
}

const security = (deps: Deps, { book, audit }: Access) =>
  securityChecks({
    config: deps.config,
    grants: book.list(),
    audit,
    socket: socketPath(deps.config.data, 'control.sock'),
    now: deps.wall(),
    uid: process.getuid?.() ?? null,
    environment: process.env,
  });

/** Who asks, as the guard has found out; null where there is none. */
const callerOf = (c: Context): Caller | null => (c.env as CallerEnv | undefined)?.caller ?? null;

const by = (c: Context): By => ({ actor: callerOf(c)?.actor ?? 'user:unknown', reason: null });

const isManual = (deps: Pick<Deps, 'apps'>, app: string): boolean =>
  deps.apps.state(app).config?.release.promote.kind === 'manual';

function commandName(name: string): CommandName {
  const found = commandNames.find((each) => each === name);
  if (found !== undefined) return found;
  const meant = didYouMean(name, commandNames);
  throw new TealError(
    'usage',
    `There is no command ${name}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
    {
      remedy: `one of: ${commandNames.join(', ')}`,
      details: { command: name },
    },
  );
}

async function events(deps: Deps, c: Context, closing: AbortSignal): Promise<Response> {
  const app = c.req.query('app');
  // Who may not know of it is not told whether there is one.
  const apps = shownTo(callerOf(c), app);
  if (app !== undefined && app !== '') known(deps, app);
  if (c.req.query('follow') === undefined) {
    return c.json(
      await recentEvents(deps.store, { apps, limit: number(c, 'limit'), before: number(c, 'before') }),
    );
  }
  return lines({ deps, c, closing }, (signal) =>
    followEvents(deps, { apps, after: number(c, 'after') ?? 0 }, signal),
  );
}

async function logs(deps: Deps, c: Context, closing: AbortSignal): Promise<Response> {
  const app = known(deps, c.req.param('app') ?? '').app;
  const role = c.req.query('role');
  const instance = c.req.query('instance');
  const query = {
    data: deps.config.data,
    app,
    own: process.env,
    lines: number(c, 'lines') ?? defaultLines,
    ...(role === undefined ? {} : { role }),
    ...(instance === undefined ? {} : { instance }),
  };
  if (c.req.query('follow') !== undefined)
    return lines({ deps, c, closing }, (signal) => followLogs(query, signal));
  const read = await readLogs(query);
  return lines({ deps, c, closing }, () => each(read));
}

function access(deps: Deps, c: Context, closing: AbortSignal): Response {
  const file = accessLogOf(deps.config);
  const query = accessQuery((name) => c.req.query(name), number(c, 'lines') ?? defaultLines);
  namesItsApp(callerOf(c), query.app);
  if (query.app !== undefined) known(deps, query.app);
  const follow = c.req.query('follow') !== undefined;
  return lines({ deps, c, closing }, (signal) =>
    follow ? followAccessLines(file, query, signal) : each(lastAccessLines(file, query)),
  );
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

type Streaming = { readonly deps: Deps; readonly c: Context; readonly closing: AbortSignal };

/** One JSON document per line, until the source ends, the client goes, or Teal does. */
function lines(
  { deps, c, closing }: Streaming,
  source: (signal: AbortSignal) => AsyncIterable<unknown>,
): Response {
  c.header('content-type', 'application/x-ndjson');
  const pour = async (out: StreamingApi): Promise<void> => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    for await (const item of source(AbortSignal.any([gone.signal, closing])))
      await out.write(`${JSON.stringify(item)}\n`);
  };
  return stream(c, pour, async (error) =>
    deps.log.error({ error, path: c.req.path }, 'a stream of the API failed'),
  );
}

function number(c: Context, name: string): number | undefined {
  const text = c.req.query(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TealError('usage', `${name}=${text} is not a whole number.`, {
    remedy: `for example ${name}=50`,
    details: { name },
  });
}
