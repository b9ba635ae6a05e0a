import { roles, type AccessRole } from '../../config/control.ts';

/** Each role may do what those before it may. */
export const mayAs = (role: AccessRole, needed: AccessRole): boolean =>
  roles.indexOf(role) >= roles.indexOf(needed);

/** The one that may most; null when there is none. */
export const highest = (held: readonly AccessRole[]): AccessRole | null =>
  roles.findLast((role) => held.includes(role)) ?? null;
