import { TealError } from '../../src/errors.ts';
import type { App } from '../../src/config/config.ts';
import { phases, type DatabasePolicy, type Phase } from '../../src/config/database.ts';
import { effects } from '../../src/release/effects.ts';
import type { Command, Fact } from '../../src/release/input.ts';
import type { AppState, Build } from '../../src/release/state.ts';
import { colours } from '../../src/release/state.ts';
import { byAnyone } from '../../src/release/steps.ts';
import { transitions } from '../../src/release/transitions.ts';
import { build, judged, migrating, stored, verdict } from './story.ts';

/** Every kind of step, and short times. */
export const spec: App = {
  ...judged({
    tests: [{ kind: 'command', name: 't', command: 't', timeoutMs: 1 }],
    promote: { kind: 'auto', afterMs: 50 },
    strategy: 'steps',
    steps: [
      { kind: 'expose', to: ['staff'], percent: null, forMs: 50 },
      { ...byAnyone, expiresMs: 5000 },
      { kind: 'warm', paths: ['/'], count: 1 },
      {
        kind: 'mirror',
        of: [],
        percent: null,
        methods: ['GET'],
        forMs: 50,
        timeoutMs: 1,
        maxBodyBytes: 1,
      },
      { kind: 'expose', to: [], percent: 50, forMs: 50, judge: 'on', atMostMs: 100, withoutEvidence: 'ask' },
    ],
    previewInstances: 1,
    deadlineMs: 5000,
    rollbackWindowMs: 2000,
  }),
  database: stored().database!,
};

/** The same, with another word on what the database does by itself. */
const applied = (more: Partial<DatabasePolicy>): Command => ({
  type: 'apply',
  config: { ...spec, database: { ...stored().database!, ...more } },
});
const error = new TealError('crash-loop', 'crashed', { remedy: 'look' }).toJSON();
const drain = { finished: 0, cut: 0, seconds: 0 };

const some = (...phases: Phase[]) => ({ spec, phases });

/** Versions that know nothing of any migration, and such with one, all or a few of whose phases have something to do. */
const builds: readonly Build[] = [
  build('v1', spec),
  migrating('v2', '0001', { spec }),
  build('v3', spec),
  migrating('v4', '0001', { spec }),
  migrating('v5', '0002', some('expand', 'contract')),
  migrating('v6', '0003', some('expand')),
  migrating('v7', '0004', some('backfill', 'undo')),
];

const deploys = builds.map((each) => ({ type: 'deploy' as const, build: each, promote: null }));

const actions = ['roll-back', 'restart-instance', 'stop', 'freeze', 'advance', 'ask', 'wait'] as const;
const past = { slow: { q95: 20, q99: 80 }, scale: [] };

/** Anything a person may press and anything that may be found out, right or wrong for the state. */
export function anything(state: AppState): readonly (Command | Fact)[] {
  const release = state.release?.id ?? 'shop-0';
  const cursor = state.release?.cursor ?? 0;
  const version = (colour: 'blue' | 'green'): string => state.environments[colour]?.version ?? 'v0';
  const facts = colours.flatMap((colour): Fact[] => [
    { type: 'environment-ready', colour, version: version(colour), size: 'preview' },
    { type: 'environment-ready', colour, version: version(colour), size: 'full' },
    { type: 'environment-ready', colour, version: version(colour), size: 50, past },
    { type: 'environment-failed', colour, version: version(colour), error },
    { type: 'environment-stopped', colour, drain },
    { type: 'table-acknowledged', release, live: colour, generation: 1 },
    { type: 'drained', release, colour, drain },
  ]);
  return [
    ...facts,
    { type: 'test-passed', release, cursor, output: '' },
    { type: 'test-failed', release, cursor, error },
    { type: 'exposure-acknowledged', release, cursor, generation: 1 },
    { type: 'warmed', release, cursor, output: '' },
    ...actions.map((action): Fact => ({ type: 'verdict', release, cursor, verdict: verdict(action) })),
    { type: 'approve', step: cursor },
    { type: 'reject', step: cursor, reason: 'no' },
    { type: 'freeze', reason: null },
    { type: 'unfreeze' },
    { ...deploys[1]!, onConflict: 'queue' },
    { ...deploys[2]!, onConflict: 'supersede' },
    { type: 'tick' },
    { type: 'promote', full: false },
    { type: 'promote', full: true },
    { type: 'abort', reason: null },
    { type: 'retry' },
    { type: 'rollback', reason: null },
    { type: 'pause' },
    { type: 'resume' },
    { type: 'restart' },
    { type: 'scale', role: null, instances: 3 },
    { type: 'apply', config: spec },
    ...deploys,
    ...deploys.map((each) => ({ ...each, onConflict: 'queue' as const })),
    { type: 'remove' },
    ...database(state),
  ];
}

function database({ migration }: AppState): readonly (Command | Fact)[] {
  const rounds = [migration?.round ?? 1, (migration?.round ?? 2) - 1];
  const facts = rounds.flatMap((round) =>
    phases.flatMap((phase): Fact[] => {
      const about = { migration: migration?.name ?? '0001', round, phase };
      return [
        { type: 'phase-passed', ...about, steps: 1, ran: 1, ms: 1 },
        { type: 'phase-failed', ...about, error },
      ];
    }),
  );
  const policies = (['auto', 'manual'] as const).flatMap((contract) =>
    (['auto', 'manual'] as const).map((undo) => applied({ contract, undo })),
  );
  return [...facts, ...policies, { type: 'contract' }, { type: 'undo' }];
}

/** What the work that the state asks for would find out if it went well, and the next release when all is done. */
export function progress(state: AppState): readonly (Command | Fact)[] {
  const worked = worksOn(state);
  if (state.release && transitions[state.release.status].ended && !state.removing)
    return [
      ...worked.filter(({ type }) => type === 'phase-passed'),
      ...deploys,
      { type: 'contract' },
      { type: 'undo' },
    ];
  return worked;
}

/** What the work that the state asks for would find out if it went well. */
export function worksOn(state: AppState): readonly (Command | Fact)[] {
  if (state.release?.status === 'stepping' && state.release.steps[state.release.cursor]?.kind === 'approve')
    return [{ type: 'approve', step: state.release.cursor }];
  return effects(state).flatMap((effect): Fact[] => {
    switch (effect.kind) {
      case 'run':
        return [
          {
            type: 'environment-ready',
            colour: effect.colour,
            version: effect.environment.version,
            size: effect.environment.size,
            past,
          },
        ];
      case 'retire':
        return [{ type: 'environment-stopped', colour: effect.colour, drain }];
      case 'route':
        return [{ type: 'table-acknowledged', release: effect.release, live: effect.live, generation: 1 }];
      case 'drain':
        return [{ type: 'drained', release: effect.release, colour: effect.colour, drain }];
      case 'test':
        return [{ type: 'test-passed', release: effect.release.id, cursor: effect.cursor, output: '' }];
      case 'warm':
        return [{ type: 'warmed', release: effect.release.id, cursor: effect.cursor, output: '' }];
      case 'expose':
        return [
          {
            type: 'exposure-acknowledged',
            release: effect.release,
            cursor: effect.cursor,
            generation: 1,
          },
        ];
      case 'judge': {
        const cursor = state.release?.cursor ?? 0;
        return [{ type: 'verdict', release: effect.release, cursor, verdict: verdict('advance') }];
      }
      case 'migrate': {
        const { name: migration, round } = effect.migration;
        return [{ type: 'phase-passed', migration, round, phase: effect.phase, steps: 1, ran: 1, ms: 1 }];
      }
      case 'hand-over':
      case 'wake':
        return [{ type: 'tick' }];
    }
  });
}
