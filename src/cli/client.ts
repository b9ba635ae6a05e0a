import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type {
  AccessLine,
  ApplyBody,
  ApplyResult,
  AppStatus,
  Check,
  CommandBody,
  CommandName,
  CommandResult,
  DroppedLines,
  EventView,
  EvidenceView,
  ExplainBody,
  ExplainResult,
  GroupPlanBody,
  GroupResult,
  LeaseBody,
  LeaseView,
  LogLine,
  PlanBody,
  PlanResult,
  PreviewLink,
  RollbackBody,
  RollbackResult,
  Status,
  StopBody,
} from '../control/contract.ts';
import type {
  AuditEntry,
  AuditReport,
  DeviceAnswer,
  DeviceBegun,
  LinkMade,
  TokenBody,
  TokenMade,
  TokenView,
  UploadResult,
  WhoAmI,
} from '../control/contract-access.ts';
import type { UpgradeBody, UpgradeResult } from '../control/upgrade/contract.ts';
import type { FlagView, UnknownFlag } from '../control/flags/contract.ts';
import type { FlagSet } from '../features/flag-set.ts';
import { socketPath } from '../router/socket-path.ts';
import type { CommonFlags, Context } from './shell/context.ts';
import { request, type SocketRequest, type SocketResponse } from './shell/http.ts';
import { dataDirectory } from './shell/locate.ts';
import type { Packed } from './shell/pack.ts';
import { placeOf } from './shell/place.ts';
import { errorOf } from './shell/problem.ts';
import type { Server } from './shell/server.ts';
import { answeringSocket } from './shell/socket.ts';
import { explainFailure, notAnswered, notRunning } from './shell/unreachable.ts';

/** Reading anything is a matter of milliseconds; one that takes this long will not answer. */
const readTimeoutMs = 15_000;

/** The API of the control plane, typed. Everything throws TealError, `control-unavailable` when it is not there. */
export class Client {
  /** The teal.yaml whose control plane this is, or its address. */
  readonly config: string;
  /** Its socket on this machine, or where it is elsewhere. */
  readonly at: string | Server;

  constructor(config: string, at: string | Server) {
    this.config = config;
    this.at = at;
  }

  /** Whether its files are not those of this machine. */
  get elsewhere(): boolean {
    return typeof this.at !== 'string';
  }

  status(): Promise<Status> {
    return this.#get('/v1/status');
  }

  app(app: string): Promise<AppStatus> {
    return this.#get(`/v1/apps/${encodeURIComponent(app)}`);
  }

  /** Resolves when the control plane has accepted (or refused) the command, which may have to copy a version first. */
  command(app: string, command: CommandName, body: CommandBody): Promise<CommandResult> {
    return this.#post(`/v1/apps/${encodeURIComponent(app)}/${command}`, body);
  }

  /** To every app of a group. */
  groupCommand(group: string, command: CommandName, body: CommandBody): Promise<GroupResult> {
    return this.#post(`/v1/groups/${encodeURIComponent(group)}/${command}`, body);
  }

  /** Resolves when it is this caller's turn to make a deploy ready. */
  takeLease(body: LeaseBody): Promise<LeaseView> {
    return this.#post('/v1/leases', body);
  }

  renewLease(id: string): Promise<LeaseView> {
    return this.#post(`/v1/leases/${encodeURIComponent(id)}`, {});
  }

  async endLease(id: string): Promise<void> {
    await this.#json(await this.#send({ method: 'DELETE', path: `/v1/leases/${encodeURIComponent(id)}` }));
  }

  groupPlan(group: string, body: GroupPlanBody): Promise<readonly PlanResult[]> {
    return this.#post(`/v1/groups/${encodeURIComponent(group)}/plan`, body);
  }

  /** Of every app. */
  rollbackAll(body: RollbackBody): Promise<RollbackResult> {
    return this.#post('/v1/rollback', body);
  }

  apply(body: ApplyBody): Promise<ApplyResult> {
    return this.#post('/v1/apply', body);
  }

  explain(app: string, body: ExplainBody): Promise<ExplainResult> {
    return this.#post(`/v1/apps/${encodeURIComponent(app)}/explain`, body);
  }

  plan(app: string, body: PlanBody): Promise<PlanResult> {
    return this.#post(`/v1/apps/${encodeURIComponent(app)}/plan`, body);
  }

  preview(app: string): Promise<PreviewLink> {
    return this.#get(`/v1/apps/${encodeURIComponent(app)}/preview`);
  }

  /** Of the last release that was judged when none is named; null when there is none. */
  evidence(app: string, release?: string): Promise<EvidenceView | null> {
    const asked = release === undefined ? {} : { release };
    return this.#get(`/v1/apps/${encodeURIComponent(app)}/evidence${search(asked)}`);
  }

  doctor(): Promise<readonly Check[]> {
    return this.#get('/v1/doctor');
  }

  /** Every feature flag, of one app or of all. */
  flags(app?: string): Promise<readonly FlagView[]> {
    return this.#get(`/v1/flags${search(app === undefined ? {} : { app })}`);
  }

  /** Names that code asks for, and that are no flags. */
  unknownFlags(app?: string): Promise<readonly UnknownFlag[]> {
    return this.#get(`/v1/flags/unknown${search(app === undefined ? {} : { app })}`);
  }

  /** The flags of an app as flagd reads them. */
  flagd(app: string): Promise<FlagSet> {
    return this.#get(`/v1/apps/${encodeURIComponent(app)}/flagd`);
  }

  whoami(): Promise<WhoAmI> {
    return this.#get('/v1/whoami');
  }

  /** A link that lets one browser in. */
  dashboardLink(): Promise<LinkMade> {
    return this.#post('/v1/login/link', {});
  }

  async logout(): Promise<void> {
    await this.#post('/v1/logout', {});
  }

  beginLogin(): Promise<DeviceBegun> {
    return this.#post('/v1/login/device', {});
  }

  /** The token is null while the person has not answered. */
  finishLogin(id: string): Promise<DeviceAnswer> {
    return this.#post('/v1/login/device/token', { id });
  }

  tokens(): Promise<readonly TokenView[]> {
    return this.#get('/v1/tokens');
  }

  createToken(body: TokenBody): Promise<TokenMade> {
    return this.#post('/v1/tokens', body);
  }

  /** By name or id. */
  revokeToken(token: string): Promise<TokenView> {
    return this.#post(`/v1/tokens/${encodeURIComponent(token)}/revoke`, {});
  }

  /** Newest first. */
  audit(query: { readonly limit: number }): Promise<readonly AuditEntry[]> {
    return this.#get(`/v1/audit${search(query)}`);
  }

  auditVerify(expect: string | undefined): Promise<AuditReport> {
    return this.#wait(`/v1/audit/verify${search({ expect })}`);
  }

  auditExport(after: number, signal: AbortSignal): AsyncGenerator<AuditEntry> {
    return this.#lines(`/v1/audit/export${search({ after })}`, signal);
  }

  /** What is open, and to whom. */
  security(): Promise<readonly Check[]> {
    return this.#wait('/v1/doctor/security');
  }

  /** Resolves when all of it has arrived as it was sent. */
  async upload({ file, bytes, sha256, folder }: Packed): Promise<UploadResult> {
    const headers = {
      'content-type': 'application/gzip',
      'content-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
      ...(folder ? { 'x-teal-packed': 'folder' } : {}),
    };
    const what = { method: 'POST' as const, path: '/v1/uploads', headers, body: { file, bytes } };
    return (await this.#json(await this.#send(what))) as UploadResult;
  }

  /** Resolves when the routers are replaced; the control plane is next, and this client's from then on. */
  upgrade(body: UpgradeBody): Promise<UpgradeResult> {
    return this.#post('/v1/upgrade', body);
  }

  async stop(body: StopBody): Promise<void> {
    await this.#post('/v1/stop', body);
  }

  /** Newest first. */
  events(query: { readonly app?: string; readonly limit?: number }): Promise<readonly EventView[]> {
    return this.#get(`/v1/events${search(query)}`);
  }

  /** Every event after `after`, oldest first, until the signal. */
  follow(
    query: { readonly app?: string; readonly after: number },
    signal: AbortSignal,
  ): AsyncGenerator<EventView> {
    return this.#lines(`/v1/events${search({ ...query, follow: 1 })}`, signal);
  }

  logs(app: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const { follow, ...rest } = query;
    const path = `/v1/apps/${encodeURIComponent(app)}/logs`;
    return this.#lines(`${path}${search({ ...rest, ...(follow ? { follow: 1 } : {}) })}`, signal);
  }

  access(query: AccessQuery, signal: AbortSignal): AsyncGenerator<AccessLine | DroppedLines> {
    const { follow, ...rest } = query;
    return this.#lines(`/v1/access${search({ ...rest, ...(follow ? { follow: 1 } : {}) })}`, signal);
  }

  #get<T>(path: string): Promise<T> {
    return this.#wait(path, AbortSignal.timeout(readTimeoutMs));
  }

  /** The same of what takes as long as it takes: all of a log is read for it. */
  async #wait<T>(path: string, limit?: AbortSignal): Promise<T> {
    return (await this.#json(await this.#send({ method: 'GET', path }, limit))) as T;
  }

  async #post<T>(path: string, body: object): Promise<T> {
    return (await this.#json(await this.#send({ method: 'POST', path, body: JSON.stringify(body) }))) as T;
  }

  async *#lines<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
    try {
      const response = await this.#send({ method: 'GET', path }, signal);
      if (response.status >= 400) await this.#json(response);
      let rest = '';
      // A character may lie across two chunks; only whole lines are decoded into JSON.
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield JSON.parse(line) as T;
      }
    } catch (error) {
      if (!signal.aborted) throw this.#explain(error);
    }
  }

  async #send(
    { headers, ...what }: Omit<SocketRequest, 'socket' | 'headers'> & Partial<Pick<SocketRequest, 'headers'>>,
    signal?: AbortSignal,
  ): Promise<SocketResponse> {
    try {
      const all = { accept: 'application/json', 'user-agent': 'teal', ...this.#who(), ...headers };
      return await request({ socket: this.at, headers: all, ...what }, signal);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** On the socket a name is believed; elsewhere a token says who it is. */
  #who(): Readonly<Record<string, string>> {
    if (typeof this.at === 'string') return { 'x-teal-actor': actor() };
    return this.at.token === null ? {} : { authorization: `Bearer ${this.at.token}` };
  }

  async #json(response: SocketResponse): Promise<unknown> {
    let value: unknown;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      value = text === '' ? null : JSON.parse(text);
    } catch (error) {
      throw notAnswered(response.status, null, this.config) ?? this.#explain(error);
    }
    if (response.status < 400) return value;
    const between = notAnswered(response.status, value, this.config);
    if (between !== null) throw between;
    throw errorOf(value, response.status);
  }

  #explain(error: unknown): unknown {
    return explainFailure(error, { name: this.config, to: this.at, patienceMs: readTimeoutMs });
  }
}

export interface AccessQuery {
  readonly app?: string;
  /** `404`, `5xx`, `400-403`, or several between commas. */
  readonly status?: string;
  readonly outcome?: string;
  readonly lines?: number;
  readonly follow?: boolean;
}

export interface LogQuery {
  readonly role?: string;
  readonly instance?: string;
  readonly lines?: number;
  readonly follow?: boolean;
}

/** Finds the control plane that is meant: of the teal.yaml in question, or elsewhere. */
export async function connectControl(context: Context, flags: CommonFlags): Promise<Client> {
  const place = placeOf(flags, context);
  if (place.kind === 'elsewhere') return elsewhere(context, place.server);
  const { config } = place;
  const data = await dataDirectory(config);
  // Asking for the socket's path would create the directory: looking at something that never ran leaves no traces.
  if (!existsSync(data)) throw notRunning(config);
  return new Client(config, await answeringSocket(socketPath(data, 'control.sock')));
}

/** A person is told where their command goes: a context in use is easily forgotten. */
function elsewhere({ terminal, json }: Context, server: Server): Client {
  if (terminal.interactive && !json)
    terminal.note(`→ ${server.context === null ? '' : `${server.context}  `}${server.url}`);
  return new Client(server.url, server);
}

function search(query: Readonly<Record<string, string | number | undefined>>): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return '';
  return `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()}`;
}

/**
 * Who asks, for the history and for approvals; header-safe whatever the system calls its users. Behind sudo it is who typed it: the user that
 * runs Teal is nobody in particular, and whoever may run commands as that user could say any name anyway.
 */
function actor(): string {
  const name = process.env['SUDO_USER'] || systemUser();
  return `user:${name.replaceAll(/[^\x21-\x7e]/g, '?')}`;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a uid that has no name; the environment's word is as good as any then.
    return process.env['USER'] ?? 'unknown';
  }
}
