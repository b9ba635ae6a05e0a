import { followLogs, readLogs } from '../../platform/process/logs.ts';
import { followAccessLines, lastAccessLines } from '../../router/access-log.ts';
import { errorCodes, TealError, type ErrorCode } from '../../errors.ts';
import { socketPath } from '../../router/socket-path.ts';
import type { Access } from '../access/access.ts';
import { concerned } from '../access/authorize.ts';
import { accessHandlers } from '../access/handlers.ts';
import type { Caller } from '../access/caller.ts';
import { refuseElsewhere, refuseFiles, refuseShortcut } from '../access/elsewhere.ts';
import { securityChecks } from '../access/security.ts';
import { namesItsApp, onlyApps, refuseOther, shownTo } from '../access/visible.ts';
import { apply } from '../apply.ts';
import { boardHandlers } from '../board/handlers.ts';
import type { CommandBody, CommandName, CommandResult, GroupResult } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { doctor } from '../doctor.ts';
import { explainWho } from '../explain.ts';
import { flagViews, unknownFlags } from '../flags/view.ts';
import { leaseOf } from '../deploy-turn.ts';
import { groupCommand, knownGroup } from '../group.ts';
import { evidenceOf } from '../judge/view.ts';
import { known } from '../known.ts';
import { metricsText } from '../metrics.ts';
import { planGroup } from '../plan/group.ts';
import { plan } from '../plan/plan.ts';
import { previewLink } from '../preview.ts';
import { rollbackAll } from '../rollback-all.ts';
import { Traffic } from '../traffic/traffic.ts';
import type { UpgradeBody, UpgradeResult, UpgradeView } from '../upgrade/contract.ts';
import { version } from '../../config/version.ts';
import { accessLogOf, accessQuery } from './access-log.ts';
import { command } from './command.ts';
import { endOf, eventStream, followEvents, recentEvents } from './events.ts';
import { openApi } from './openapi.ts';
import { titleOf } from './problem.ts';
import { Readiness } from './ready.ts';
import type { Asked, Route, Source } from './route.ts';
import type { Handlers } from './routes/routes.ts';
import { statusOf, wholeStatus } from './status.ts';

export interface ApiOptions {
  readonly access: Access;
  readonly startedAt: number;
  readonly stop: (options: { readonly everything: boolean }) => void;
  /** Aborted when the control plane ends: streams end with it. */
  readonly closing: AbortSignal;
  /** Replaces Teal itself; refused when left out. */
  readonly upgrade?: (body: UpgradeBody) => Promise<UpgradeResult>;
  /** The last upgrade. */
  readonly upgraded?: () => UpgradeView | null;
  /** Absent: nobody looks at traffic. */
  readonly traffic?: Traffic;
}

/** As many lines of each log as a terminal shows. */
const defaultLines = 50;

interface ToApp {
  readonly params: { readonly app: string };
  readonly body: CommandBody;
  readonly by: Asked<Route>['by'];
  readonly signal: AbortSignal;
  readonly caller: Caller | null;
}

interface ToGroup extends Omit<ToApp, 'params'> {
  readonly params: { readonly group: string };
}

/** What each route does. */
export function handlers(deps: Deps, options: ApiOptions): Handlers {
  const { uploads } = options.access;
  const { upgrade = notHere, upgraded = () => null } = options;
  const to =
    (name: CommandName) =>
    async ({ params, body, by, signal, caller }: ToApp): Promise<CommandResult> => {
      refuseFiles(caller, body, deps.config);
      refuseShortcut(caller, body, isManual(deps, params.app));
      const seen = body.seen === undefined ? {} : { seen: body.seen };
      const asked = { name, body, by: { ...by, ...seen, reason: body.reason ?? null }, signal };
      return await uploads.during([body.from], () => command(deps, params.app, asked));
    };
  const together =
    (name: CommandName) =>
    async ({ params, body, by, signal, caller }: ToGroup): Promise<GroupResult> => {
      refuseFiles(caller, body, deps.config);
      const manual = deps.apps.members(params.group).some((each) => isManual(deps, each));
      refuseShortcut(caller, body, manual);
      const asked = { name, body, by: { ...by, reason: body.reason ?? null }, signal };
      return await uploads.during([body.from], () => groupCommand(deps, params.group, asked));
    };
  const readiness = new Readiness(deps, options.closing);
  return {
    status: async ({ caller }) => {
      const status = await wholeStatus(deps, options.startedAt);
      return onlyApps(caller, { ...status, upgrade: upgraded() });
    },
    app: ({ params }) => statusOf(deps, params.app),
    preview: ({ params }) => previewLink(deps, params.app),
    evidence: ({ params, query }) => evidenceOf(deps, params.app, query.release),
    explain: ({ params, body }) => explainWho(deps, params.app, body),
    flags: async ({ query, caller }) => {
      const apps = shownTo(caller, query.app);
      if (query.app !== undefined) known(deps, query.app);
      return await flagViews(deps, apps);
    },
    'unknown-flags': async ({ query, caller }) => {
      const apps = shownTo(caller, query.app);
      if (query.app !== undefined) known(deps, query.app);
      return await unknownFlags(deps, apps);
    },
    plan: async ({ params, body, by, signal, caller }) => {
      refuseFiles(caller, body, deps.config);
      return await uploads.during([body.log], () => plan(deps, params.app, { ...body, ...by }, signal));
    },
    'group-plan': async ({ params, body, by, signal, caller }) => {
      refuseFiles(caller, body, deps.config);
      return await uploads.during([body.log], () =>
        planGroup(deps, params.group, { ...body, ...by }, signal),
      );
    },
    events: async ({ query, caller }) => {
      const { app, limit, before, after, follow } = query;
      // Who may not know of it is not told whether there is one.
      const apps = shownTo(caller, app);
      if (app !== undefined) known(deps, app);
      if (follow === true) return (signal) => followEvents(deps, { apps, after: after ?? 0 }, signal);
      const events = await recentEvents(deps.store, { apps, limit, before });
      return events.filter(({ seq }) => seq > (after ?? 0));
    },
    'event-stream': async ({ query, lastEventId, caller }) => {
      const { app } = query;
      const apps = shownTo(caller, app);
      if (app !== undefined) known(deps, app);
      const after = lastEventId ?? query.after ?? (await endOf(deps.store));
      return (signal) => eventStream(deps, { apps, after }, signal);
    },
    logs: async ({ params, query: { follow, lines = defaultLines, ...of } }) => {
      const { app } = known(deps, params.app);
      const query = { data: deps.config.data, app, own: process.env, lines, ...of };
      if (follow === true) return (signal) => followLogs(query, signal);
      return each(await readLogs(query));
    },
    access: async ({ query: { follow, lines = defaultLines, ...of }, caller }) => {
      const file = accessLogOf(deps.config);
      const query = accessQuery(of, lines);
      namesItsApp(caller, query.app);
      if (query.app !== undefined) known(deps, query.app);
      if (follow === true) return (signal) => followAccessLines(file, query, signal);
      return each(lastAccessLines(file, query));
    },
    doctor: () => doctor(deps, options.startedAt),
    security: ({ signal }) => securityOf(deps, options.access, signal),
    deploy: to('deploy'),
    promote: to('promote'),
    approve: to('approve'),
    reject: to('reject'),
    abort: to('abort'),
    retry: to('retry'),
    rollback: to('rollback'),
    pause: to('pause'),
    resume: to('resume'),
    freeze: to('freeze'),
    unfreeze: to('unfreeze'),
    'group-deploy': together('deploy'),
    'group-promote': together('promote'),
    'group-approve': together('approve'),
    'group-reject': together('reject'),
    'group-abort': together('abort'),
    'group-retry': together('retry'),
    'group-rollback': together('rollback'),
    'group-pause': together('pause'),
    'group-resume': together('resume'),
    'group-freeze': together('freeze'),
    'group-unfreeze': together('unfreeze'),
    'rollback-all': ({ body, by }) => rollbackAll(deps, { ...by, reason: body.reason ?? null }),
    scale: to('scale'),
    restart: to('restart'),
    maintenance: to('maintenance'),
    'rotate-keys': to('rotate-keys'),
    remove: to('remove'),
    contract: to('contract'),
    undo: to('undo'),
    apply: async ({ body: { file = deps.config.file, ...body }, by, caller }) => {
      refuseFiles(caller, { file }, deps.config);
      return await apply(deps, { file, ...body }, by);
    },
    lease: async ({ body: { of: named, ...body }, by, signal, caller }) => {
      const isApp = deps.apps.names().includes(named);
      const about = isApp ? { app: named, group: null } : { app: null, group: named };
      refuseOther(caller, concerned(about, deps.apps), named);
      const apps = isApp ? [named] : knownGroup(deps, named);
      return await leaseOf(deps, { apps, body, by }, signal);
    },
    'renew-lease': async ({ params }) => deps.leases.renew(params.id),
    'end-lease': async ({ params }) => {
      deps.leases.end(params.id);
      return {};
    },
    stop: async ({ body, afterwards }) => {
      // Stopping ends the server that gives the answer.
      afterwards(() => options.stop(body));
      return { stopping: true };
    },
    upgrade: async ({ body, caller }) => {
      refuseElsewhere(caller, 'teal upgrade');
      return await upgrade(body);
    },
    ...boardHandlers(deps, options.traffic ?? new Traffic(deps)),
    ...accessHandlers(options.access),
    healthz: async () => ({ alive: true, version }),
    readyz: () => readiness.check(),
    metrics: () => metricsText(deps),
    openapi: async () => ({ ...openApi() }),
    errors: async () => (Object.keys(errorCodes) as ErrorCode[]).map(kindOf),
    error: async ({ params }) => kindOf(codeNamed(params.code)),
  };
}

const securityOf = (deps: Deps, { book, audit }: Access, signal: AbortSignal) =>
  securityChecks({
    config: deps.config,
    grants: book.list(),
    audit,
    socket: socketPath(deps.config.data, 'control.sock'),
    now: deps.wall(),
    uid: process.getuid?.() ?? null,
    environment: process.env,
    signal,
  });

function notHere(): Promise<never> {
  throw new TealError('wrong-state', 'This Teal cannot be replaced while it runs.', {
    remedy: 'It is part of another program: restart that one.',
  });
}

const isManual = (deps: Pick<Deps, 'apps'>, app: string): boolean =>
  deps.apps.state(app).config?.release.promote.kind === 'manual';

const each = <T>(items: readonly T[]): Source<T> =>
  async function* () {
    yield* items;
  };

const kindOf = (code: ErrorCode) => ({ code, title: titleOf(code), ...errorCodes[code] });

function codeNamed(name: string): ErrorCode {
  if (Object.hasOwn(errorCodes, name)) return name as ErrorCode;
  throw new TealError('not-found', 'There is no such code.', { remedy: 'all of them: GET /v1/errors' });
}
