import * as v from 'valibot';
import {
  auditEntry,
  auditReport,
  deviceAnswer,
  deviceBegun,
  linkMade,
  loggedOut,
  sessionView,
  tokenMade,
  tokenView,
  uploadResult,
  whoAmI,
} from '../answers/access.ts';
import { list } from '../answers/exactly.ts';
import { archiveHeaders, deviceBody, tokenBody } from '../bodies-access.ts';
import type { Route } from '../route.ts';
import { none, whole } from './parts.ts';

const entering = { tag: 'access', about: 'own', params: none, query: none } as const;
const ruling = { tag: 'access', about: 'all', role: 'admin', params: none, query: none } as const;
const auditing = { ...ruling, method: 'GET' } as const;
const nothingElse = v.strictObject({});

/**
 * Who may come in. None heeds an idempotency key: its answers are kept for a day, and the secrets in these are kept nowhere. A token of a
 * name that is taken is refused all the same.
 */
export const access = {
  whoami: {
    ...entering,
    method: 'GET',
    role: 'viewer',
    path: '/v1/whoami',
    says: 'Who asks, and what they may.',
    answer: { kind: 'json', schema: whoAmI },
    errors: [],
  },
  session: {
    ...entering,
    method: 'GET',
    role: 'viewer',
    path: '/v1/session',
    says: 'Who the person at the browser is; renews its cookie.',
    answer: { kind: 'json', schema: sessionView },
    errors: [],
  },
  logout: {
    ...entering,
    method: 'POST',
    role: 'viewer',
    path: '/v1/logout',
    says: 'Ends the token or session that is shown.',
    body: nothingElse,
    answer: { kind: 'json', schema: loggedOut },
    errors: [],
  },
  'login-link': {
    ...entering,
    method: 'POST',
    role: 'viewer',
    path: '/v1/login/link',
    says: 'A link that lets one browser in, once, as who asks.',
    body: nothingElse,
    answer: { kind: 'json', schema: linkMade },
    errors: ['wrong-state'],
  },
  'login-device': {
    ...entering,
    method: 'POST',
    role: 'anyone',
    path: '/v1/login/device',
    says: 'Begins a sign-in of a command line, which somebody finishes in a browser.',
    body: nothingElse,
    answer: { kind: 'json', schema: deviceBegun },
    errors: ['login-failed'],
  },
  'login-device-token': {
    ...entering,
    method: 'POST',
    role: 'anyone',
    path: '/v1/login/device/token',
    says: 'Whether it is finished: then the token, once.',
    body: deviceBody,
    answer: { kind: 'json', schema: deviceAnswer },
    errors: ['login-failed'],
  },
  tokens: {
    ...ruling,
    method: 'GET',
    path: '/v1/tokens',
    says: 'Every token and session, without its secret.',
    answer: { kind: 'json', schema: list(tokenView) },
    errors: [],
  },
  'create-token': {
    ...ruling,
    method: 'POST',
    path: '/v1/tokens',
    says: 'Makes a token; its secret is in this answer and nowhere else.',
    body: tokenBody,
    answer: { kind: 'json', schema: tokenMade },
    errors: [],
  },
  'revoke-token': {
    ...ruling,
    method: 'POST',
    path: '/v1/tokens/:token/revoke',
    says: 'Ends a token, by name or id.',
    params: v.strictObject({ token: v.pipe(v.string(), v.minLength(1), v.maxLength(200)) }),
    body: nothingElse,
    answer: { kind: 'json', schema: tokenView },
    errors: [],
  },
  upload: {
    ...entering,
    method: 'POST',
    role: 'deployer',
    path: '/v1/uploads',
    says: 'Takes an archive, which `from: upload:…` of a deploy, or `log` of a plan, names for half an hour.',
    headers: archiveHeaders,
    takes: 'archive',
    answer: { kind: 'json', schema: uploadResult },
    errors: ['upload-invalid', 'upload-too-large'],
  },
  audit: {
    ...auditing,
    path: '/v1/audit',
    says: 'Who asked for what, newest first.',
    query: v.strictObject({
      limit: whole('How many; 50 when left out, never more than 1000.'),
      before: whole('Only those with a smaller number.'),
    }),
    answer: { kind: 'json', schema: list(auditEntry) },
    errors: [],
  },
  'audit-verify': {
    ...auditing,
    path: '/v1/audit/verify',
    says: 'Computes every hash of it again.',
    query: v.strictObject({
      expect: v.exactOptional(
        v.pipe(
          v.string(),
          v.regex(/^[0-9a-f]{64}$/),
          v.description('A hash that was noted elsewhere: it has to be in it.'),
        ),
      ),
    }),
    answer: { kind: 'json', schema: auditReport },
    errors: [],
  },
  'audit-export': {
    ...auditing,
    path: '/v1/audit/export',
    says: 'All of it, oldest first.',
    query: v.strictObject({ after: whole('Only those with a larger number.') }),
    answer: { kind: 'lines', schema: auditEntry },
    errors: [],
  },
} as const satisfies Record<string, Route>;
