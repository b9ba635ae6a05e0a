import { createHash } from 'node:crypto';
import type { App } from '../../config/config.ts';
import type { AppState } from '../../release/state.ts';
import { canonical } from './audit-entry.ts';

/** What of an app a person would compare before and after: where everyone is sent, and what is under way. */
export interface Standing {
  readonly live: string | null;
  readonly release: {
    readonly id: string;
    readonly version: string;
    readonly status: string;
    readonly step: number;
  } | null;
  readonly paused: boolean;
  readonly frozen: boolean;
  readonly maintenance: boolean;
  readonly removing: boolean;
  readonly scale: Readonly<Record<string, number>>;
  readonly restarts: number;
  /** That signs cookies and previews. */
  readonly key: string | null;
  /** Of teal.yaml, as a hash: what changed in it `teal apply` has told. */
  readonly settings: string | null;
}

/** Settings are the same object until they are applied anew, and there may be a thousand apps. */
const hashes = new WeakMap<App, string>();

function hashOfSettings(config: App): string {
  const known = hashes.get(config);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(canonical(config)).digest('hex').slice(0, 12);
  hashes.set(config, hash);
  return hash;
}

export function standingOf(state: AppState): Standing {
  const { live, environments, release, keys } = state;
  return {
    live: live === null ? null : `${live} ${environments[live]?.version ?? ''}`.trim(),
    release:
      release === null
        ? null
        : { id: release.id, version: release.build.version, status: release.status, step: release.cursor },
    paused: release !== null && release.pausedAt !== null,
    frozen: state.frozen !== null,
    maintenance: state.maintenance !== null,
    removing: state.removing,
    scale: state.scale,
    restarts: state.restart,
    key: keys.known[0]?.id ?? null,
    settings: state.config === null ? null : hashOfSettings(state.config),
  };
}

/** By app. */
export type Standings = Readonly<Record<string, Standing>>;

interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

/** Only the apps, and of them only what differs; null where nothing does. */
export function changeOf(before: Standings, after: Standings): Change {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.flatMap((name) => {
    const [a, b] = differing(before[name], after[name]);
    return a === null && b === null ? [] : [[name, a, b] as const];
  });
  if (changed.length === 0) return { before: null, after: null };
  return {
    before: Object.fromEntries(changed.map(([name, a]) => [name, a])),
    after: Object.fromEntries(changed.map(([name, , b]) => [name, b])),
  };
}

function differing(a: Standing | undefined, b: Standing | undefined): readonly [unknown, unknown] {
  if (a === undefined || b === undefined) return [a ?? null, b ?? null];
  const keys = (Object.keys(a) as (keyof Standing)[]).filter(
    (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
  );
  if (keys.length === 0) return [null, null];
  const only = (of: Standing) => Object.fromEntries(keys.map((key) => [key, of[key]]));
  return [only(a), only(b)];
}
