import { phases, type Phase } from '../../config/database.ts';
import type { Change } from '../sql/change.ts';
import { learn, nothingKnown } from '../sql/known.ts';
import type { Parser } from '../sql/parser.ts';
import { piecesOf, readSteps } from './read-steps.ts';
import { restoreStep, saveStep, savesOf } from './saves.ts';
import type { Migration, Step } from './step.ts';

/** All that a migration does, read before anything of it runs. */
export interface Plan {
  readonly steps: Readonly<Record<Phase, readonly Step[]>>;
  /** The tables that it is about. */
  readonly tables: readonly string[];
}

/** @throws TealError `migration-invalid` */
export function planOf(parser: Parser, migration: Migration): Plan {
  const changes = (phase: Phase): readonly Change[] =>
    migration.phases[phase].flatMap((source) =>
      'run' in source
        ? []
        : piecesOf(parser, source, nothingKnown).flatMap(({ statement }) => statement.changes),
    );
  const expand = changes('expand');
  const saves = savesOf({ expand, backfill: changes('backfill'), undo: changes('undo') });
  const known = expand.reduce(learn, nothingKnown);
  const read = (phase: Phase): readonly Step[] =>
    readSteps(parser, {
      phase,
      sources: migration.phases[phase],
      known: phase === 'expand' ? nothingKnown : known,
    });
  const backfill = read('backfill');
  const end = backfill.findLastIndex(({ kind }) => kind !== 'verify') + 1;
  const steps: Plan['steps'] = {
    expand: read('expand'),
    backfill: [...backfill.slice(0, end), ...saves.map(restoreStep), ...backfill.slice(end)],
    undo: [...saves.map(saveStep), ...read('undo')],
    contract: read('contract'),
  };
  const tables = phases.flatMap((phase) => steps[phase].flatMap(tablesOf));
  return { steps, tables: [...new Set([...tables, ...expand.flatMap(madeBy)])] };
}

const madeBy = (change: Change): readonly string[] => (change.kind === 'create-table' ? [change.table] : []);

function tablesOf(step: Step): readonly string[] {
  const saves = step.kind === 'save' || step.kind === 'restore' ? [step.saves.table] : [];
  return [
    ...step.touches.map(({ table }) => table),
    ...saves,
    ...(step.kind === 'batch' ? [step.table] : []),
  ];
}
