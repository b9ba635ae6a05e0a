import type { AccessRole } from '../../config/control.ts';
import { TealError } from '../../errors.ts';
import type { Caller } from './caller.ts';
import { stateOf, type Grant } from './grant.ts';

/** As somebody is told who they are to Teal. */
function called({ actor, role, apps }: Pick<Caller, 'actor' | 'role' | 'apps'>): string {
  return `${actor} (${role}${apps === null ? '' : ` of ${apps.join(', ')}`})`;
}

export const nobody = (login: boolean): TealError =>
  new TealError('not-signed-in', 'Teal does not know who asks.', {
    remedy: login
      ? 'sign in: teal login. Or show a token: TEAL_TOKEN'
      : 'show a token: TEAL_TOKEN, or teal login --token; an admin makes one with: teal token create',
  });

export const unknownSecret = (): TealError =>
  new TealError('not-signed-in', 'Nobody knows this token.', {
    remedy:
      'it may be of another installation, or was revoked long ago; an admin makes another: teal token create',
  });

/** Whoever has the secret may know what has become of it. */
export function ended(grant: Grant, now: number): TealError {
  const what = grant.kind === 'token' ? `The token ${grant.name}` : `The sign-in of ${grant.actor}`;
  const remedy =
    grant.kind === 'token' ? 'an admin makes another: teal token create' : 'sign in again: teal login';
  if (stateOf(grant, now) === 'revoked')
    return new TealError('not-signed-in', `${what} was revoked.`, { remedy, details: { id: grant.id } });
  const at = new Date(grant.expiresAt ?? now).toISOString();
  return new TealError('not-signed-in', `${what} has expired at ${at}.`, {
    remedy,
    details: { id: grant.id },
  });
}

export const tooLow = (caller: Caller, role: AccessRole, what: string): TealError =>
  new TealError('not-allowed', `${what} needs the role ${role}; you are ${called(caller)}.`, {
    remedy: `ask an admin for it, or somebody who is ${role}`,
    details: { needed: role, role: caller.role, actor: caller.actor },
  });

export const otherApp = (caller: Caller, app: string): TealError =>
  new TealError('not-allowed', `You are ${called(caller)}, and may do nothing with ${app}.`, {
    remedy: `use a token that is good for ${app}`,
    details: { app, apps: caller.apps, actor: caller.actor },
  });

export const everyApp = (caller: Caller, what: string): TealError =>
  new TealError('not-allowed', `${what} is about every app; you are ${called(caller)}.`, {
    remedy: 'name an app, or use a token that is good for all of them',
    details: { apps: caller.apps, actor: caller.actor },
  });

export const fromElsewhere = (why: string): TealError =>
  new TealError('not-allowed', `This is not a request of Teal's own page: ${why}.`, {
    remedy: 'open the dashboard itself; programs use a token',
  });

export const slower = (ms: number): TealError =>
  new TealError('too-many-requests', 'You ask too often.', {
    remedy: `wait ${Math.ceil(ms / 1000)} s`,
    details: { retryAfterSeconds: Math.ceil(ms / 1000) },
  });
