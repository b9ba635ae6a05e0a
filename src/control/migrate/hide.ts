import { valueOf } from '../../config/secret.ts';
import { TealError, type ErrorJson } from '../../errors.ts';
import { redact } from '../../platform/process/environment.ts';
import type { MigrateEffect } from './work.ts';

// Shorter ones would be found in every other word.
const leastHidden = 4;

/** Takes out of a text what is secret: values of the app's roles, and the database's address, as a whole and its password alone. */
export function hiding(
  { policy, migration }: MigrateEffect,
  own: NodeJS.ProcessEnv,
): (text: string) => string {
  const { roles } = migration.build.spec;
  return (text) => {
    const bare = roles.reduce((shown, { environment }) => redact(shown, environment, own), text);
    const shadow = policy.proof?.shadow;
    return [...partsOf(policy.url, own), ...partsOf(typeof shadow === 'object' ? shadow : null, own)].reduce(
      (shown, [part, name]) => shown.replaceAll(part, name),
      bare,
    );
  };
}

/** Read each time: a file with a secret is written anew when that changes. */
function partsOf(url: MigrateEffect['policy']['url'], own: NodeJS.ProcessEnv): readonly [string, string][] {
  if (url === null) return [];
  const value = readable(url, own);
  const address = URL.canParse(value) ? new URL(value) : null;
  const password = address?.password ?? '';
  const parts: readonly [string, string][] = [
    [value, '[the address of the database]'],
    [password, '[password]'],
    [decoded(password), '[password]'],
    [address?.searchParams.get('password') ?? '', '[password]'],
  ];
  return parts.filter(([part]) => part.length >= leastHidden);
}

function readable(url: NonNullable<MigrateEffect['policy']['url']>, own: NodeJS.ProcessEnv): string {
  try {
    return valueOf('the database', url, own);
  } catch {
    return '';
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The error without secrets, in whatever of its parts they are; and without its cause, which may hold rows. */
export function hiddenIn(error: TealError, hide: (text: string) => string): TealError {
  const { code, message, remedy, details } = error;
  return TealError.from({
    code,
    message: hide(message),
    remedy: hide(remedy),
    details: within(details, hide) as ErrorJson['details'],
  });
}

function within(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value)) return value.map((each) => within(each, hide));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, within(each, hide)]));
}
