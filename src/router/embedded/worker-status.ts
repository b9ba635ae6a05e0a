import { colours } from '../../release/state.ts';
import type { EndpointStatus, EnvironmentCounts } from '../router.ts';
import { sumCopies, sumTallies } from '../tally.ts';
import type { CompiledApp, CompiledTable } from './compiled-table.ts';
import type { EndpointState } from './endpoint.ts';
import type { Engine } from './engine.ts';
import type { WorkerStatus } from './options.ts';

interface Told {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly today: number;
  /** Apps that are told of; null: all. */
  readonly of: readonly string[] | null;
}

/** What a worker says of itself. */
export function workerStatus(
  { table, clients, registry }: Engine,
  { pid, today, of }: Told,
): Omit<WorkerStatus, 'linesDropped'> {
  const counts = [...registry.counts.values()];
  const apps = table === null ? [] : appsOf(table, of);
  return {
    pid,
    generation: table?.generation ?? 0,
    expired: table?.expired ?? false,
    connections: clients.size,
    environments: of === null ? counts : counts.filter(({ app }) => of.includes(app)),
    endpoints: endpointsOf(apps, { today, now: registry.now() }),
  };
}

const appsOf = ({ apps }: CompiledTable, of: readonly string[] | null): Iterable<CompiledApp> =>
  of === null ? apps.values() : of.flatMap((name) => apps.get(name) ?? []);

function endpointsOf(apps: Iterable<CompiledApp>, at: { today: number; now: number }): EndpointStatus[] {
  const all: EndpointStatus[] = [];
  for (const app of apps) {
    for (const colour of colours) {
      for (const [role, { endpoints }] of app.environments[colour]?.roles ?? []) {
        const named = { app: app.name, colour, role };
        all.push(...endpoints.map((endpoint) => ({ ...named, ...seenOf(endpoint, at) })));
      }
    }
  }
  return all;
}

function seenOf(endpoint: EndpointState, { today, now }: { today: number; now: number }) {
  const { id, active, busy, standing } = endpoint;
  const out = standing.until !== 0;
  return {
    id,
    inFlight: busy,
    streams: active.size - busy,
    ejectedUntil: out ? Math.round(today + standing.until - now) : null,
    ejectedBy: out ? 1 : 0,
  };
}

/** What all workers have counted together, by environment and version. */
export function sumEnvironments(parts: readonly EnvironmentCounts[]): EnvironmentCounts[] {
  const sums = new Map<string, { -readonly [Key in keyof EnvironmentCounts]: EnvironmentCounts[Key] }>();
  for (const counts of parts) {
    const key = JSON.stringify([counts.app, counts.colour, counts.version]);
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, { ...counts });
      continue;
    }
    sum.requests += counts.requests;
    sum.errors += counts.errors;
    sum.failed += counts.failed;
    sum.inFlight += counts.inFlight;
    sum.waiting += counts.waiting;
    sum.tallies = sumTallies(sum.tallies, counts.tallies);
    sum.copies = sumCopies(sum.copies, counts.copies);
  }
  return [...sums.values()];
}

/** What all workers have in flight together, by endpoint; of several that have ejected it, the last to try it again. */
export function sumEndpoints(parts: readonly EndpointStatus[]): EndpointStatus[] {
  const sums = new Map<string, { -readonly [Key in keyof EndpointStatus]: EndpointStatus[Key] }>();
  for (const part of parts) {
    const sum = sums.get(part.id);
    if (sum === undefined) {
      sums.set(part.id, { ...part });
      continue;
    }
    sum.inFlight += part.inFlight;
    sum.streams += part.streams;
    sum.ejectedBy += part.ejectedBy;
    if (part.ejectedUntil !== null) sum.ejectedUntil = Math.max(sum.ejectedUntil ?? 0, part.ejectedUntil);
  }
  return [...sums.values()];
}
