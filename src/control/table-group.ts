import { setOf } from '../release/group-begin.ts';
import type { AppState } from '../release/state.ts';
import type { GroupTable, SigningKey } from '../router/table.ts';

interface Known {
  readonly states: readonly AppState[];
  readonly keys: (state: AppState) => readonly SigningKey[];
}

/**
 * Which environments of an app belong with those of others. Of one that was not in the group's last release none do: what the
 * others are asked for by it is decided anew each time. Null for one that is released alone.
 */
export function groupTable({ release, config }: AppState, { states, keys }: Known): GroupTable | null {
  const name = config?.group;
  // One set of keys for all of them: those of the app that comes first by its name.
  const [first] = membersOf(name, states).toSorted((one, two) => (one.app < two.app ? -1 : 1));
  if (name === undefined || first === undefined) return null;
  const part = release?.group ?? null;
  const none = { name, keys: keys(first), sets: { blue: [], green: [] } };
  if (release === null || part === null || part.name !== name) return none;
  const newer = states.some(
    (each) => each.release?.group?.name === name && each.release.startedAt > release.startedAt,
  );
  if (newer) return none;
  const old = [setOf(part.id, 'old'), ...(part.before === null ? [] : [part.before])];
  const there = [setOf(part.id, 'new')];
  const sets = release.colour === 'blue' ? { blue: there, green: old } : { blue: old, green: there };
  return { ...none, sets };
}

const membersOf = (group: string | undefined, states: readonly AppState[]): readonly AppState[] =>
  group === undefined ? [] : states.filter(({ config }) => config?.group === group);

/** The paths of all apps of a group: a cookie that one of them sets is one that all of them get. */
export function pathsTogether(state: AppState, states: readonly AppState[]): readonly string[] {
  const members = state.config?.group === undefined ? [state] : membersOf(state.config.group, states);
  const roles = members.flatMap(({ config }) => config?.roles ?? []);
  return [...new Set(roles.flatMap(({ kind, paths }) => (kind === 'web' ? paths : [])))];
}
