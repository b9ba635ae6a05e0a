import type { App, Limits, Role } from '../config/config.ts';
import type { EnvironmentValue } from '../config/environment-value.ts';
import type { AppState, Difference, Release } from './state.ts';
import { other } from './state.ts';

/** How the candidate differs from what is live, in more than the version; empty where nothing is. */
export function differences(state: AppState, release: Release): readonly Difference[] {
  const live = state.environments[other(release.colour)];
  return live === null ? [] : parity(live.spec, release.build.spec, state.scale);
}

/**
 * The ways in which two environments of an app differ in more than the version (invariant 10): variables, instances,
 * limits, roles. `scale` holds for both, whatever their teal.yaml said. Values of secrets are not known here and never shown: a secret `differs` when its source does.
 */
function parity(
  live: App,
  candidate: App,
  scale: Readonly<Record<string, number>> = {},
): readonly Difference[] {
  const names = new Set([...live.roles, ...candidate.roles].map((role) => role.name));
  return [...names].flatMap((name) => {
    const before = live.roles.find((role) => role.name === name);
    const after = candidate.roles.find((role) => role.name === name);
    if (!before || !after) return [difference(name, 'role', before && 'present', after && 'present')];
    return [...settings(before, after, scale), ...variables(before, after)];
  });
}

function settings(before: Role, after: Role, scale: Readonly<Record<string, number>>): Difference[] {
  const instances = (role: Role): string => String(scale[role.name] ?? role.instances);
  const pairs: [string, string, string][] = [
    ['instances', instances(before), instances(after)],
    ['runs-in', before.runsIn, after.runsIn],
    ['stop-signal', before.stop.signal, after.stop.signal],
    ...limitNames.map((name): [string, string, string] => [
      `limits.${name}`,
      String(before.limits[name] ?? 'none'),
      String(after.limits[name] ?? 'none'),
    ]),
  ];
  return pairs.filter(([, a, b]) => a !== b).map(([what, a, b]) => difference(before.name, what, a, b));
}

const limitNames = ['memoryBytes', 'cpus', 'openFiles', 'processes'] as const satisfies (keyof Limits)[];

function variables(before: Role, after: Role): Difference[] {
  const names = new Set([...Object.keys(before.environment), ...Object.keys(after.environment)]);
  return [...names].sort().flatMap((name) => {
    const a = before.environment[name];
    const b = after.environment[name];
    if (same(a, b)) return [];
    return [difference(before.name, `environment ${name}`, shown(a, b), shown(b, a))];
  });
}

const same = (a?: EnvironmentValue, b?: EnvironmentValue): boolean => source(a) === source(b);

const source = (value?: EnvironmentValue): string | null =>
  value === undefined
    ? null
    : value.kind === 'plain'
      ? `plain:${value.value}`
      : `${value.source}:${value.name}`;

/** A plain value stands beside a secret as `differs` too: it may be what the secret used to be. */
function shown(value: EnvironmentValue | undefined, beside: EnvironmentValue | undefined): string {
  if (value === undefined) return 'absent';
  if (value.kind === 'secret' || beside?.kind === 'secret') return 'differs';
  return value.value;
}

const difference = (role: string, what: string, live?: string, candidate?: string): Difference => ({
  role,
  what,
  live: live ?? 'absent',
  candidate: candidate ?? 'absent',
});
