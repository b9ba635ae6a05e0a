import type { AudienceRequest } from '../../audience/request.ts';
import { colours } from '../../release/state.ts';
import { verifyPreview } from '../preview.ts';
import type { PreviewVerdict } from '../preview.ts';
import { visitorOf, type CompiledAudience, type Visitor } from './audience.ts';
import type { CompiledApp, CompiledEnvironment, CompiledRoute, CompiledTable } from './compiled-table.ts';
import { lookup, lookupIn } from './lookup.ts';
import { hasOwnCookie, previewCookie, splitCookie } from './own-cookies.ts';
import type { RequestHead } from './request-head.ts';
import type { Rule } from './rule.ts';
import { pinnedTo } from './skew.ts';
import { sameSet } from './together.ts';

/**
 * Where one request goes, as a pure function of one table. Nobody gets into an environment that is not live
 * without a token signed with the app's key (invariant 4).
 */
export type Decision =
  | {
      readonly kind: 'forward';
      readonly environment: CompiledEnvironment;
      readonly role: string;
      readonly rule: Rule;
      /** Who was asked who they are. */
      readonly visitor?: Visitor;
    }
  /** Something that the client brought is still being verified: to be decided again, by the table of then. */
  | { readonly kind: 'verify'; readonly verified: Promise<unknown> }
  | {
      readonly kind: 'refuse';
      readonly refusal: Refusal;
      readonly rule: Rule;
      /** Null when it was meant for none, or none that exists. */
      readonly app: CompiledApp | null;
    }
  | {
      readonly kind: 'redirect';
      readonly location: string;
      readonly cookie: string;
      readonly rule: Rule;
      readonly environment: CompiledEnvironment;
      readonly role: string;
    };

/** What a client is told that goes nowhere. */
interface Refusal {
  readonly status: 403 | 404 | 503;
  readonly code: string;
  readonly says: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

const previewPrefix = '/.teal/preview/';
/** A guess that makes clients and crawlers come back soon without hammering. */
const maintenanceRetrySeconds = 30;

/** Decides, and takes the preview prefix off `head.target`. */
export function decide(table: CompiledTable, head: RequestHead, at: DecideMoment): Decision {
  const now = at.today;
  if (head.target.startsWith(previewPrefix)) return byPath(table, head, now);
  if (head.preview !== '') return byToken(table, head, verify(table, head.preview, now), 'preview-header');
  const route = lookup(table, head.host, head.target);
  if (head.cookie.includes(previewCookie)) {
    const preview = byCookie(table, head, { route, now });
    if (preview !== null) return preview;
  }
  if (route === null) return unknownHost();
  return together(route, head, now) ?? live(route, head, at);
}

/** What an app asks of another that is released with it, for somebody whom it serves: the version that goes with its own. */
function together({ app, role }: CompiledRoute, head: RequestHead, now: number): Decision | null {
  if (app.together === null || app.maintenance !== null) return null;
  const colour = sameSet(app.together, head, now);
  const environment = colour === null ? null : app.environments[colour];
  if (environment === null || !isThere(environment, role)) return null;
  const rule = colour === app.live ? 'group' : 'group-candidate';
  return { kind: 'forward', environment, role, rule };
}

/** Whether the request names a preview, by path, header or cookie; nothing is said about whether it may see it. */
export function asksForPreview(head: RequestHead): boolean {
  return head.target.startsWith(previewPrefix) || head.preview !== '' || head.cookie.includes(previewCookie);
}

function ruleOf(reason: Visitor['routed']['reason']): Rule {
  switch (reason) {
    case 'admitted':
    case 'everyone':
    case 'audience':
    case 'percent':
    case 'expired':
      return reason;
    default:
      return 'live';
  }
}

export interface DecideMoment {
  /** Milliseconds since the epoch. */
  readonly today: number;
  readonly asking: Asking;
  /** The candidate has had its turn, and none of its instances took the request. */
  readonly left: boolean;
}

/** Finds out who asks. A promise: it has to be verified first, and is known at once when asked again. */
export type Asking = (audience: CompiledAudience) => AudienceRequest | Promise<unknown>;

function live(route: CompiledRoute, head: RequestHead, { asking, left }: DecideMoment): Decision {
  const { app } = route;
  if (app.maintenance !== null) {
    const says = app.maintenance.message;
    const retryAfter = maintenanceRetrySeconds;
    return refuse({ status: 503, code: 'maintenance', says, retryAfter }, 'maintenance', app);
  }
  const environment = app.live === null ? null : app.environments[app.live];
  if (environment === null) {
    return refuse({ status: 503, code: 'no-live-version', says: 'No version is live yet.' }, 'live', app);
  }
  const pinned = app.skew === null ? null : pinnedTo(app.skew, head);
  const old = pinned === null ? null : app.environments[pinned];
  if (old !== null && isThere(old, route.role))
    return { kind: 'forward', environment: old, role: route.role, rule: 'pinned' };
  const { audience } = app;
  if (audience === null || !(audience.asksAll || hasOwnCookie(head.cookie)))
    return { kind: 'forward', environment, role: route.role, rule: 'live' };
  const known = asking(audience);
  if (known instanceof Promise) return { kind: 'verify', verified: known };
  const visitor = visitorOf(audience, known);
  const chosen = app.environments[visitor.routed.environment];
  // A candidate that has lost every instance is about to be taken back: nobody is refused for its sake.
  const there = chosen !== null && !left && isThere(chosen, route.role) ? chosen : null;
  const rule = ruleOf(visitor.routed.reason);
  return { kind: 'forward', environment: there ?? environment, role: route.role, rule, visitor };
}

const isThere = ({ roles }: CompiledEnvironment, role: string): boolean =>
  (roles.get(role)?.endpoints.length ?? 0) > 0;

/** `/.teal/preview/<token>/rest`: a browser gets a cookie instead, so that absolute links work. */
function byPath(table: CompiledTable, head: RequestHead, now: number): Decision {
  const slash = head.target.indexOf('/', previewPrefix.length);
  const query = head.target.indexOf('?', previewPrefix.length);
  const ends = [slash, query].filter((end) => end >= 0);
  const end = ends.length === 0 ? head.target.length : Math.min(...ends);
  const token = head.target.slice(previewPrefix.length, end);
  const verdict = verify(table, token, now);
  // One slash: `//host` and `/\host` would send the browser to another site.
  const rest = `/${head.target.slice(end).replace(/^[/\\]+/, '')}`;
  head.target = rest;
  const decision = byToken(table, head, verdict, 'preview-path');
  // Only when there is something to see: a cookie that opens nothing would show the live version in its place.
  if (decision.kind !== 'forward' || !isNavigation(head)) return decision;
  const cookie = `${previewCookie}=${token}; HttpOnly; SameSite=Lax; Path=/`;
  return { ...decision, kind: 'redirect', location: rest, cookie };
}

function byToken(table: CompiledTable, head: RequestHead, verdict: PreviewVerdict, rule: Rule): Decision {
  if (!verdict.ok) {
    const says =
      verdict.why === 'expired'
        ? 'This preview link has expired. Ask for a new one: teal preview.'
        : 'This preview token is not valid.';
    const code = verdict.why === 'expired' ? 'preview-expired' : 'preview-refused';
    return refuse({ status: 403, code, says }, rule, null);
  }
  const app = table.apps.get(verdict.grant.app);
  const environment = app === undefined ? null : holder(app, verdict.grant.version);
  const route = app === undefined ? null : lookupIn(app, head.target);
  if (environment === null || route === null) {
    const says = `Version ${verdict.grant.version} of ${verdict.grant.app} is not running any more.`;
    return refuse({ status: 404, code: 'preview-version-gone', says }, rule, app ?? null);
  }
  return { kind: 'forward', environment, role: route.role, rule };
}

/** A cookie outlives what it was made for: one that opens nothing (any more) is as good as none. */
function byCookie(
  table: CompiledTable,
  head: RequestHead,
  context: { readonly route: CompiledRoute | null; readonly now: number },
): Decision | null {
  const { route, now } = context;
  for (const part of head.cookie.split(';')) {
    const [name, token] = splitCookie(part);
    if (name !== previewCookie) continue;
    const verdict = verify(table, token, now);
    if (!verdict.ok || (route !== null && route.app.name !== verdict.grant.app)) continue;
    const app = table.apps.get(verdict.grant.app);
    const environment = app === undefined ? null : holder(app, verdict.grant.version);
    if (app === undefined || environment === null) continue;
    const role = route?.role ?? lookupIn(app, head.target)?.role;
    if (role !== undefined) return { kind: 'forward', environment, role, rule: 'preview-cookie' };
  }
  return null;
}

function verify(table: CompiledTable, token: string, now: number): PreviewVerdict {
  return verifyPreview(token, now, (app, id) => table.apps.get(app)?.keys.get(id) ?? null);
}

function holder(app: CompiledApp, version: string): CompiledEnvironment | null {
  for (const colour of colours) {
    if (app.environments[colour]?.version === version) return app.environments[colour];
  }
  return null;
}

function isNavigation(head: RequestHead): boolean {
  if (head.method !== 'GET') return false;
  return head.fetchMode === '' ? head.accept.includes('text/html') : head.fetchMode === 'navigate';
}

function unknownHost(): Decision {
  const says = 'No app is served under this host and path.';
  return refuse({ status: 404, code: 'unknown-host', says }, 'no-app', null);
}

function refuse(refusal: Refusal, rule: Rule, app: CompiledApp | null): Decision {
  return { kind: 'refuse', refusal, rule, app };
}
