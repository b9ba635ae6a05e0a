import { isKey } from './text.ts';
import type { Claims } from './request.ts';

export type ClaimReader = (claims: Claims) => unknown;

/** Looks for the claim of that very name first, since names are URLs with some providers; then takes dots as the way into maps. */
export function claimReader(path: string): ClaimReader {
  const way = path.split('.');
  return (claims) => {
    if (Object.hasOwn(claims, path)) return claims[path];
    let value: unknown = claims;
    for (const part of way) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[part];
    }
    return value;
  };
}

/** A claim that says who somebody is: text or a whole number, else null. */
export function keyOfClaim(value: unknown): string | null {
  if (typeof value === 'string') return isKey(value) ? value : null;
  return Number.isSafeInteger(value) ? `${value as number}` : null;
}

/** Tokens beyond this are not made for people. */
const mostGroups = 1000;

/** Whether a claim that is a list, or is itself one name, holds one of these. Blanks do not divide: a group may be called `site admins`. */
export function claimHolds(value: unknown, wanted: ReadonlySet<string>): boolean {
  if (!Array.isArray(value)) return isOf(value, wanted);
  const most = Math.min(value.length, mostGroups);
  for (let index = 0; index < most; index++) if (isOf(value[index], wanted)) return true;
  return false;
}

function isOf(value: unknown, wanted: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return wanted.has(value);
  const key = keyOfClaim(value);
  return key !== null && wanted.has(key);
}

/** The names themselves, to be shown. */
export function namesOfClaim(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value.slice(0, mostGroups) : [value];
  return items.map((item) => keyOfClaim(item)).filter((name) => name !== null);
}
