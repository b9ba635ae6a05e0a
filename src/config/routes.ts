import type { Finding } from './finding.ts';
import type { Path } from './problem.ts';
import type { AppInput } from './schema.ts';

/** A host (null: every host) and a path prefix, and the keys of teal.yaml they come from. */
interface Claim {
  readonly host: string | null;
  readonly path: string;
  readonly at: Path;
  /** Where its host is written, which may be the app's for a role. */
  readonly hostAt: Path;
}

/** The hosts and paths that a web role answers on: what it leaves out comes from the app. */
export function routesOfRole(
  app: Pick<AppInput, 'hosts'>,
  role: { readonly hosts?: readonly string[] | undefined; readonly paths?: readonly string[] | undefined },
): { readonly hosts: readonly string[]; readonly paths: readonly string[] } {
  return { hosts: role.hosts ?? app.hosts, paths: role.paths ?? ['/'] };
}

/** Pairs of web roles, of the same or of different apps, that would answer on the same host and path. */
export function conflicts(apps: Readonly<Record<string, AppInput>>): readonly Finding[] {
  const taken = new Map<string, Claim>();
  const found: Finding[] = [];
  for (const claim of Object.entries(apps).flatMap(([name, app]) => claims(['apps', name], app))) {
    const key = `${claim.host ?? '*'} ${claim.path}`;
    const first = taken.get(key);
    if (first === undefined) taken.set(key, claim);
    else found.push(conflict(claim, first));
  }
  return found;
}

function conflict(claim: Claim, first: Claim): Finding {
  const where = `${claim.host ?? 'every host'} with path ${claim.path}`;
  return {
    severity: 'error',
    path: claim.at,
    others: [first.at],
    rests: [claim.hostAt, first.hostAt],
    expected: 'a host and path that nothing else answers on',
    got: where,
    remedy: claim.at.join() === first.at.join() ? 'name it once' : 'give one of the two another host or path',
  };
}

function claims(path: Path, app: AppInput): readonly Claim[] {
  const own = pairs(path, path, app);
  const roles = Object.entries(app.roles)
    .filter(([, role]) => role.kind === 'web' && (role.hosts ?? role.paths) !== undefined)
    .flatMap(([name, role]) => {
      const at = [...path, 'roles', name];
      return pairs(at, role.hosts === undefined ? path : at, routesOfRole(app, role));
    });
  return [...own, ...roles];
}

function pairs(
  at: Path,
  hostAt: Path,
  { hosts, paths }: { readonly hosts: readonly string[]; readonly paths: readonly string[] },
): readonly Claim[] {
  const named = hosts.length === 0 ? [null] : hosts;
  return named.flatMap((host) =>
    paths.map((path) => ({ host, path, at: [...at, 'paths'], hostAt: [...hostAt, 'hosts'] })),
  );
}
