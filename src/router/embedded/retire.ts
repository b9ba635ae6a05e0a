import type { Engine } from './engine.ts';
import type { InFlight } from './in-flight.ts';
import type { WorkerStatus } from './options.ts';
import type { CallContext } from './rpc.ts';

/** What a worker says when it has retired. */
export interface Retired {
  /** Requests and streams that were ended at the deadline. */
  readonly cut: number;
  readonly status: WorkerStatus;
}

export interface RetireTerms {
  /** For what is in flight. */
  readonly deadlineMs: number;
  /** For connections that carry nothing: as long as their clients were told. */
  readonly idleTimeoutMs: number;
  readonly context: CallContext;
}

/** How often it is looked at who is left. */
const stepMs = 25;
/** Beyond the idle time: deadlines are kept a little late, and our side of a connection is ended before the client's. */
const idleGraceMs = 3000;
/** For close frames and last chunks to be read before the connection is reset. */
const farewellMs = 1000;

/**
 * Waits until nobody is left. WebSockets, event streams and requests that are still open at the deadline are ended, as
 * cleanly as their protocols allow, and counted; what begins after that on a kept connection is still answered, until
 * that connection's own time is over. Accepting has to have ended before. @returns how much was ended
 */
export async function retireWorker(
  engine: Engine,
  entering: () => number,
  { deadlineMs, idleTimeoutMs, context }: RetireTerms,
): Promise<number> {
  const begun = performance.now();
  const empty = (): boolean => engine.clients.size === 0 && entering() === 0;
  const tell = teller(engine, context);
  engine.startRetiring();
  await until(empty, begun + deadlineMs, tell);
  let cut = endAll(engine);
  await until(empty, begun + Math.max(deadlineMs, idleTimeoutMs + idleGraceMs), tell);
  cut += endAll(engine);
  engine.startClosing();
  if (cut > 0) await until(empty, performance.now() + farewellMs, tell);
  return cut;
}

async function until(over: () => boolean, deadline: number, tell: () => void): Promise<void> {
  while (!over() && performance.now() < deadline) {
    tell();
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}

/** Tells how much is in flight whenever it has changed. */
function teller(engine: Engine, context: CallContext): () => void {
  let told = -1;
  return () => {
    const now = inFlight(engine).length;
    if (now !== told) context.progress(now);
    told = now;
  };
}

function endAll(engine: Engine): number {
  const left = inFlight(engine);
  for (const request of left) {
    if (request.streaming) request.closeStream();
    else request.cut();
  }
  return left.length;
}

function inFlight({ registry }: Engine): readonly InFlight[] {
  return [...registry.endpoints.values()].flatMap(({ active }) => [...active]);
}
