import type { AccessRole } from '../../config/control.ts';
import { commandNames, type CommandName } from '../contract.ts';

/**
 * Who may ask for what, as the guard goes by it, before any route: a route that is not in it is for admins alone. That the routes say it again
 * (api/routes) is meant so: one slip then opens nothing, since each is asked by itself, and a test says where they differ.
 */
export interface Need {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As the routes are written, a parameter after each colon. */
  readonly path: string;
  /** `anyone`: also who has not signed in. `command`: what `commandRoles` says of it. */
  readonly role: AccessRole | 'anyone' | 'command';
  /**
   * What it is about, for tokens of some apps only: the app or group in its path; `own`: the answer is cut down to their
   * apps, or is about themselves; `all`: every app, so that they may not.
   */
  readonly about: 'app' | 'group' | 'own' | 'all';
}

const row = (method: Need['method'], path: string, role: Need['role'], about: Need['about']): Need => ({
  method,
  path,
  role,
  about,
});

export const needs: readonly Need[] = [
  row('GET', '/v1/status', 'viewer', 'own'),
  row('GET', '/v1/doctor', 'viewer', 'all'),
  row('GET', '/v1/apps/:app', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/preview', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/evidence', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/logs', 'viewer', 'app'),
  row('GET', '/v1/overview', 'viewer', 'own'),
  row('GET', '/v1/apps/:app/board', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/traffic', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/releases', 'viewer', 'app'),
  row('POST', '/v1/apps/:app/explain', 'viewer', 'app'),
  row('POST', '/v1/apps/:app/plan', 'viewer', 'app'),
  // For servers and jobs, by OFREP and as flagd reads definitions.
  row('POST', '/v1/apps/:app/ofrep/v1/evaluate/flags', 'viewer', 'app'),
  row('POST', '/v1/apps/:app/ofrep/v1/evaluate/flags/:key', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/ofrep/v1/events', 'viewer', 'app'),
  row('GET', '/v1/apps/:app/flagd', 'viewer', 'app'),
  row('POST', '/v1/apps/:app/:command', 'command', 'app'),
  row('POST', '/v1/groups/:group/plan', 'viewer', 'group'),
  row('POST', '/v1/groups/:group/:command', 'command', 'group'),
  row('GET', '/v1/flags', 'viewer', 'own'),
  row('GET', '/v1/flags/unknown', 'viewer', 'own'),
  row('GET', '/v1/events', 'viewer', 'own'),
  row('GET', '/v1/events/stream', 'viewer', 'own'),
  row('GET', '/healthz', 'anyone', 'own'),
  row('GET', '/readyz', 'anyone', 'own'),
  row('GET', '/v1/openapi.json', 'anyone', 'own'),
  row('GET', '/v1/errors', 'anyone', 'own'),
  row('GET', '/v1/errors/:code', 'anyone', 'own'),
  // Addresses of people are in it.
  row('GET', '/v1/access', 'deployer', 'own'),
  row('GET', '/metrics', 'viewer', 'all'),
  row('POST', '/v1/apply', 'deployer', 'all'),
  row('POST', '/v1/rollback', 'deployer', 'all'),
  row('POST', '/v1/stop', 'admin', 'all'),
  row('POST', '/v1/upgrade', 'admin', 'all'),
  // Whose app it is stands in the body.
  row('POST', '/v1/leases', 'deployer', 'own'),
  row('POST', '/v1/leases/:id', 'deployer', 'own'),
  row('DELETE', '/v1/leases/:id', 'deployer', 'own'),
  row('POST', '/v1/uploads', 'deployer', 'own'),
  row('GET', '/v1/whoami', 'viewer', 'own'),
  row('GET', '/v1/session', 'viewer', 'own'),
  row('POST', '/v1/logout', 'viewer', 'own'),
  row('POST', '/v1/login/link', 'viewer', 'own'),
  row('POST', '/v1/login/device', 'anyone', 'own'),
  row('POST', '/v1/login/device/token', 'anyone', 'own'),
  row('GET', '/login', 'anyone', 'own'),
  row('GET', '/login/callback', 'anyone', 'own'),
  row('GET', '/login/token', 'anyone', 'own'),
  row('POST', '/login/token', 'anyone', 'own'),
  row('GET', '/login/link', 'anyone', 'own'),
  row('GET', '/', 'viewer', 'own'),
  row('GET', '/apps/:app', 'viewer', 'app'),
  row('GET', '/apps/:app/history', 'viewer', 'app'),
  row('GET', '/apps/:app/logs', 'viewer', 'app'),
  row('GET', '/events', 'viewer', 'own'),
  row('GET', '/assets/:file', 'anyone', 'own'),
  row('GET', '/v1/doctor/security', 'admin', 'all'),
  row('GET', '/v1/audit', 'admin', 'all'),
  row('GET', '/v1/audit/verify', 'admin', 'all'),
  row('GET', '/v1/audit/export', 'admin', 'all'),
  row('GET', '/v1/tokens', 'admin', 'all'),
  row('POST', '/v1/tokens', 'admin', 'all'),
  row('POST', '/v1/tokens/:token/revoke', 'admin', 'all'),
];

/** They change nothing that lasts: the deploy that a lease is for is written down, and a sign-in is written down when it is finished. */
const reading: ReadonlySet<string> = new Set([
  '/v1/apps/:app/explain',
  '/v1/apps/:app/ofrep/v1/evaluate/flags',
  '/v1/apps/:app/ofrep/v1/evaluate/flags/:key',
  '/v1/apps/:app/plan',
  '/v1/groups/:group/plan',
  '/v1/leases',
  '/v1/leases/:id',
  '/v1/login/device',
  '/v1/login/device/token',
  '/login/token',
]);

/**
 * What brings people back, or holds things where they are, is for whoever may deploy: nobody should have to look for
 * somebody else then. What lets a release past a gate is for approvers; `promote` passes gates, too.
 */
export const commandRoles: Readonly<Record<CommandName, AccessRole>> = {
  deploy: 'deployer',
  abort: 'deployer',
  rollback: 'deployer',
  retry: 'deployer',
  pause: 'deployer',
  resume: 'deployer',
  reject: 'deployer',
  scale: 'deployer',
  restart: 'deployer',
  maintenance: 'deployer',
  freeze: 'deployer',
  // What a release that they may start does by itself, or takes back.
  contract: 'deployer',
  undo: 'deployer',
  promote: 'approver',
  approve: 'approver',
  unfreeze: 'approver',
  remove: 'admin',
  'rotate-keys': 'admin',
};

/** What a request needs, with what its path says. */
export interface Needed {
  readonly role: AccessRole | 'anyone';
  readonly about: Need['about'];
  /** Of `/apps/:app`; null when there is none. */
  readonly app: string | null;
  readonly group: string | null;
  /** The command, or the route. */
  readonly what: string;
  /** Whether anything may be different afterwards: then it is in the audit log. */
  readonly changes: boolean;
}

/** @param path as it came, still encoded */
export function neededFor(method: string, path: string): Needed {
  const asked = method === 'HEAD' ? 'GET' : method;
  for (const need of needs) {
    if (need.method !== asked) continue;
    const found = match(need.path, path);
    if (found === null) continue;
    const { app = null, group = null, command } = found;
    const role = need.role === 'command' ? roleOf(command) : need.role;
    const changes = asked !== 'GET' && !reading.has(need.path);
    return { role, about: need.about, app, group, what: command ?? `${asked} ${need.path}`, changes };
  }
  const what = `${asked} ${path}`;
  return { role: 'admin', about: 'all', app: null, group: null, what, changes: asked !== 'GET' };
}

/** Of a command that there is not it is told only who may give any. */
function roleOf(command: string | undefined): AccessRole {
  const known = commandNames.find((name) => name === command);
  return known === undefined ? 'deployer' : commandRoles[known];
}

function match(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':') && value !== '') found[part.slice(1)] = decoded(value);
    else if (part !== value) return null;
  }
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
