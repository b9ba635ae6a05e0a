import type { Event } from '../../release/events.ts';
import type { Queued } from '../../release/state.ts';
import type { StoredEvent } from '../../store/store.ts';
import type { EventView } from '../contract.ts';
import { says } from './says.ts';

/** A stored event as people and machines outside see it. */
export function eventView({ seq, at, stream, actor, reason, type, data }: StoredEvent): EventView {
  const event = { type, ...(data as object) } as Event;
  return { seq, at, app: stream, actor, reason, type, says: says(event), data: facts(event) };
}

/** Whole builds and configurations are left out: they are long, and teal.yaml has them. */
function facts(event: Event): unknown {
  const { type: _, ...rest } = event;
  if (event.type === 'applied') return {};
  if (event.type === 'queued') return event.deploy === null ? rest : { deploy: queuedFacts(event.deploy) };
  if (event.type !== 'release-started') return rest;
  const { build, ...others } = event;
  const { migration } = build;
  return {
    ...others,
    version: build.version,
    ...(migration === undefined ? {} : { migration: migration.name }),
  };
}

const queuedFacts = ({ build, ...others }: Queued): unknown => ({ ...others, version: build.version });
