import { TealError } from '../errors.ts';
import { isKnownType, type Event } from '../release/events.ts';
import { evolve } from '../release/evolve.ts';
import { stateShape, type AppState } from '../release/state.ts';
import { upcast } from '../release/upcast.ts';
import type { Snapshot, StoredEvent } from '../store/store.ts';

/**
 * The state after what is stored. What cannot be understood is refused with the first event that it is: a state without it would be wrong, and
 * nobody would notice.
 * @throws TealError `store-newer`, `store-unreadable`
 */
export function fold(state: AppState, stored: readonly StoredEvent[]): AppState {
  return stored.reduce(after, state);
}

function after(state: AppState, stored: StoredEvent): AppState {
  const { type, data, at, actor } = stored;
  if (!isKnownType(type)) throw newer(stored);
  if (!isObject(data)) throw unreadable(stored, 'it has no data');
  try {
    return evolve(state, upcast({ type, ...data } as Event), { at, actor });
  } catch (cause) {
    throw unreadable(stored, String(cause), cause);
  }
}

/** @throws TealError `store-newer`, `store-unreadable` */
export function checkSnapshot(app: string, { shape, state, version }: Snapshot): void {
  if (shape > stateShape) {
    throw new TealError('store-newer', `The state of ${app} was written by a newer Teal (shape ${shape}).`, {
      remedy: runNewer,
      details: { app, shape, known: stateShape },
    });
  }
  if (isObject(state) && state['app'] === app) return;
  throw new TealError('store-unreadable', `The snapshot of ${app} at event ${version} is none of it.`, {
    remedy: restore,
    details: { app, version },
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const runNewer = 'run the newer Teal again; traffic goes on with the last routing table';
const restore =
  'run the version of Teal that wrote it, or restore a backup of the data directory; traffic goes on with the last routing table';

const newer = ({ seq, stream, type }: StoredEvent): TealError =>
  new TealError('store-newer', `Event ${seq} of ${stream} (${type}) was written by a newer Teal.`, {
    remedy: runNewer,
    details: { app: stream, seq, type },
  });

const unreadable = ({ seq, stream, type }: StoredEvent, why: string, cause?: unknown): TealError =>
  new TealError(
    'store-unreadable',
    `Event ${seq} of ${stream} (${type}) does not follow from those before it: ${why}`,
    { remedy: restore, details: { app: stream, seq, type }, ...(cause === undefined ? {} : { cause }) },
  );
