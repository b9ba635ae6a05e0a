import { TealError, type ErrorJson } from '../../errors.ts';
import type { Deps } from '../deps.ts';
import { hiddenFor, hide, type Hidden } from '../hide.ts';
import type { MigrateEffect } from './work.ts';

/** Takes out of a text what is secret: the database's address, as a whole and its password alone, and all that teal.yaml names as such. */
export function hiding(
  deps: Pick<Deps, 'config' | 'apps'>,
  { policy, migration }: MigrateEffect,
  own: NodeJS.ProcessEnv,
): (text: string) => string {
  const shadow = policy.proof?.shadow;
  const addresses = [policy.url, typeof shadow === 'object' ? shadow : null]
    .filter((address) => address !== null)
    .map((value): Hidden => ({ value, shown: '[the address of the database]' }));
  return hide(hiddenFor(deps, migration.build.spec, addresses), own);
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
