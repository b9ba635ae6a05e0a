import type { ReleaseEvent } from './events.ts';
import type { ReleaseStatus } from './state.ts';

/**
 * The life of a release, as data: state × event → next state, and what Teal works at while in it.
 * Blue-green is the one-step case; a canary adds steps, not states.
 *
 *   clearing → (migrating →) starting → stepping → scaling → switching → promoted → retiring → completed
 *       └──────────┴────────────┴──────────┴─────────┴→ aborting → aborted   │
 *                                                        switching, promoted → reverting → reverted → rolled-back
 *
 * An event that a row does not name cannot happen in that state: `evolve` throws, since `decide` must not make it.
 */
export interface Row {
  /** For people: "the release is …". */
  readonly means: string;
  readonly on: Partial<Readonly<Record<ReleaseEvent['type'], ReleaseStatus>>>;
  /** What is worked at while the release is here, beside keeping both environments as they shall be. */
  readonly effects: readonly ReleaseEffect[];
  /** Where the work of a release is over. */
  readonly ended?: true;
  /** The deadline from deploy to switch runs. */
  readonly timed?: true;
}

/** `step` runs the step under the cursor; `route` gets the table to every router; `drain` empties the environment that people have left of requests. */
type ReleaseEffect = 'step' | 'route' | 'drain';

export const transitions: Readonly<Record<ReleaseStatus, Row>> = {
  clearing: {
    means: 'emptying the idle environment',
    on: {
      cleared: 'starting',
      'migration-started': 'migrating',
      'abort-started': 'aborting',
      paused: 'clearing',
      resumed: 'clearing',
    },
    effects: [],
    timed: true,
  },
  // Not timed: a backfill takes as long as it takes, and has deadlines of its own.
  migrating: {
    means: 'preparing the database',
    on: { migrated: 'starting', 'abort-started': 'aborting', paused: 'migrating', resumed: 'migrating' },
    effects: [],
  },
  starting: {
    means: 'starting the candidate',
    on: {
      ready: 'starting',
      'candidate-ready': 'stepping',
      'abort-started': 'aborting',
      paused: 'starting',
      resumed: 'starting',
    },
    effects: [],
    timed: true,
  },
  stepping: {
    means: 'going through its steps',
    on: {
      ready: 'stepping',
      'step-passed': 'stepping',
      'step-failed': 'stepping',
      'expose-started': 'stepping',
      exposed: 'stepping',
      'mirror-started': 'stepping',
      mirrored: 'stepping',
      'steps-passed': 'scaling',
      judged: 'stepping',
      'abort-started': 'aborting',
      paused: 'stepping',
      resumed: 'stepping',
    },
    effects: ['step'],
    timed: true,
  },
  scaling: {
    means: 'growing the candidate to full size',
    on: {
      ready: 'scaling',
      'switch-started': 'switching',
      judged: 'scaling',
      'abort-started': 'aborting',
      paused: 'scaling',
      resumed: 'scaling',
    },
    effects: [],
    timed: true,
  },
  switching: {
    means: 'switching the routers',
    on: { switched: 'promoted', judged: 'switching', 'rollback-started': 'reverting' },
    effects: ['route'],
  },
  promoted: {
    means: 'live, with the old environment kept warm',
    on: {
      drained: 'promoted',
      judged: 'promoted',
      'window-closed': 'retiring',
      'rollback-started': 'reverting',
      paused: 'promoted',
      resumed: 'promoted',
      settled: 'completed',
      superseded: 'completed',
    },
    effects: ['drain'],
  },
  retiring: {
    means: 'live, stopping the old environment',
    on: { retired: 'completed', superseded: 'completed' },
    effects: [],
  },
  completed: { means: 'live', on: {}, effects: [], ended: true },
  aborting: {
    means: 'aborting: draining and stopping the candidate',
    on: { drained: 'aborting', 'let-go': 'aborting', retired: 'aborted', superseded: 'aborted' },
    effects: ['drain'],
  },
  aborted: { means: 'aborted', on: {}, effects: [], ended: true },
  reverting: {
    means: 'rolling back: switching the routers',
    on: { switched: 'reverted' },
    effects: ['route'],
  },
  reverted: {
    means: 'rolled back: draining and stopping the candidate',
    on: { drained: 'reverted', 'let-go': 'reverted', retired: 'rolled-back', superseded: 'rolled-back' },
    effects: ['drain'],
  },
  'rolled-back': { means: 'rolled back', on: {}, effects: [], ended: true },
};

/** The next status, or null when the table has no such transition. */
export const next = (status: ReleaseStatus, event: ReleaseEvent['type']): ReleaseStatus | null =>
  transitions[status].on[event] ?? null;
