import { isDeepStrictEqual } from 'node:util';
import { Apps } from '../../src/control/apps.ts';
import type { AppStatus } from '../../src/control/contract.ts';
import type { Event } from '../../src/release/events.ts';
import { evolve } from '../../src/release/evolve.ts';
import { nothing } from '../../src/release/state.ts';
import { upcast } from '../../src/release/upcast.ts';
import { SqliteStore } from '../../src/store/sqlite.ts';
import type { StoredEvent } from '../../src/store/store.ts';
import type { Told } from './releaser.ts';
import { app } from './site.ts';

/** What the event log says after all of it. */
export interface Books {
  readonly events: number;
  readonly releases: number;
  /** In words: what does not fit together. None: nothing was lost. */
  readonly wrong: readonly string[];
}

/**
 * Reads the event log from its first event on, and compares: with what the control plane showed last, with its own snapshots, and with what was asked.
 * @param shown the app as the last control plane showed it, with nothing under way
 */
export async function readBooks(file: string, shown: AppStatus, told: readonly Told[]): Promise<Books> {
  const store = await SqliteStore.open(file);
  try {
    const events = await store.read(app);
    const replayed = events.reduce((state, event) => {
      const { type, data, at, actor } = event;
      return evolve(state, upcast({ type, ...(data as object) } as Event), { at, actor });
    }, nothing(app));
    const loaded = (await Apps.load(store, Date.now)).state(app);
    const started = events.filter(({ type }) => type === 'release-started');
    const checks: readonly (readonly [boolean, string])[] = [
      [events.every(({ version }, index) => version === index + 1), 'the versions of its events have a gap'],
      [
        isDeepStrictEqual(stored(replayed), stored(loaded)),
        'the state that the events make is not the one that a control plane starts with',
      ],
      [
        replayed.live === shown.live && replayed.release?.id === shown.release?.id,
        `the control plane showed ${shown.live} and ${shown.release?.id}, the events say ${replayed.live} and ${replayed.release?.id}`,
      ],
      ...numbered(started),
      ...told.map((one) => accounted(one, started)),
    ];
    const wrong = checks.filter(([holds]) => !holds).map(([, words]) => words);
    return { events: events.length, releases: started.length, wrong };
  } finally {
    await store.close();
  }
}

/** As it would come out of the store again. */
const stored = (state: unknown): unknown => JSON.parse(JSON.stringify(state)) as unknown;

interface Started {
  readonly release: string;
  readonly kind: string;
  readonly build: { readonly version: string };
}

const startOf = ({ data }: StoredEvent): Started => data as Started;

/** chaos-1, chaos-2 …: one that is missing was begun and lost. */
function numbered(started: readonly StoredEvent[]): readonly (readonly [boolean, string])[] {
  return started.map((event, index) => {
    const { release } = startOf(event);
    return [release === `${app}-${index + 1}`, `release ${index + 1} is called ${release}`] as const;
  });
}

function accounted({ version, ended }: Told, started: readonly StoredEvent[]): readonly [boolean, string] {
  const times = started
    .map(startOf)
    .filter(({ kind, build }) => kind === 'deploy' && build.version === version).length;
  return [times === 1, `${version} (${ended}) was begun ${times} times`];
}
