import type { Asked, Decision } from './decision.ts';
import { evolve } from './evolve.ts';
import type { Command, Fact } from './input.ts';
import { learn } from './learn.ts';
import { obey } from './obey.ts';
import type { AppState } from './state.ts';

/**
 * The one place where anything is decided: pure, so that the same inputs give the same events, in a simulation as in
 * production. What one event makes true right away (a release with no gate goes on by itself) is decided here too,
 * so that a store transaction never ends between two states that only Teal's own next thought would connect.
 */
export function decide(state: AppState, input: Command | Fact, asked: Asked): Decision {
  const first = isFact(input) ? { events: learn(state, input, asked.now) } : obey(state, input, asked);
  if (!first.events || first.events.length === 0) return first;
  const events = [...first.events];
  let after = events.reduce((folded, event) => evolve(folded, event, happened(asked)), state);
  // Bounded by the longest chain of states without work of their own; more would be a loop in the table.
  for (let round = 0; round < 8; round++) {
    const more = learn(after, { type: 'tick' }, asked.now);
    if (more.length === 0) return { ...first, events };
    events.push(...more);
    after = more.reduce((folded, event) => evolve(folded, event, happened(asked)), after);
  }
  throw new Error(
    `no rest state after ${input.type} in ${state.app}: ${events.map((event) => event.type).join(', ')}`,
  );
}

const happened = ({ now, actor }: Asked): { at: number; actor: string } => ({ at: now, actor });

const facts: ReadonlySet<string> = new Set<Fact['type']>([
  'environment-ready',
  'environment-failed',
  'environment-stopped',
  'test-passed',
  'test-failed',
  'table-acknowledged',
  'exposure-acknowledged',
  'warmed',
  'drained',
  'migration-proved',
  'phase-passed',
  'phase-failed',
  'verdict',
  'tick',
]);

const isFact = (input: Command | Fact): input is Fact => facts.has(input.type);
