import type { AccessRole, OidcConfig } from '../../config/control.ts';
import { roles } from '../../config/control.ts';
import { TealError } from '../../errors.ts';
import { highest } from './role.ts';

/** What an issuer says of somebody, verified. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Person {
  readonly actor: string;
  readonly role: AccessRole;
}

/** A name as teal.yaml may list it under `people`, so that approvals mean the same person. */
const nameForm = /^[\w.@+-]{1,100}$/;

/** Who has signed in, and what they may. @throws TealError `login-failed` */
export function personOf(claims: Claims, oidc: Pick<OidcConfig, 'name' | 'groups' | 'roles'>): Person {
  const name = claims[oidc.name];
  if (typeof name !== 'string' || !nameForm.test(name))
    throw refused(`the issuer gives no name in the claim ${oidc.name} that can be used here`, {
      remedy: 'name another claim in control.oidc.name, or ask for its scope in control.oidc.scopes',
    });
  if (oidc.name === 'email' && claims['email_verified'] !== true)
    throw refused(`the issuer has not verified the address ${name}`, {
      remedy: 'have it verified there, or name another claim in control.oidc.name',
    });
  const groups = new Set(['*', ...groupsOf(claims, oidc.groups)]);
  const role = highest(roles.filter((each) => oidc.roles[each].some((group) => groups.has(group))));
  if (role === null)
    throw refused(`${name} is in no group that may do anything here`, {
      remedy: `an admin adds a group to control.oidc.roles, or ${name} to one of its groups`,
    });
  return { actor: `user:${name}`, role };
}

/** The claim itself, or where dots lead into maps, as in `realm_access.roles`. */
function groupsOf(claims: Claims, name: string): readonly string[] {
  const direct = claims[name];
  const found =
    direct ??
    name
      .split('.')
      .reduce<unknown>(
        (at, part) => (typeof at === 'object' && at !== null ? (at as Claims)[part] : undefined),
        claims,
      );
  const list = Array.isArray(found) ? (found as unknown[]) : [found];
  // The sign for everybody is ours alone.
  return list.filter((group) => typeof group === 'string').filter((group) => group !== '*');
}

const refused = (why: string, { remedy }: { readonly remedy: string }): TealError =>
  new TealError('login-failed', `Not signed in: ${why}.`, { remedy });
