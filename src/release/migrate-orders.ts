import type { Decision } from './decision.ts';
import { mayContract, mayUndo, phaseNow, runs } from './migrate.ts';
import { knows, waitsForItsTurn } from './migrate-knows.ts';
import * as refuse from './refusals.ts';
import type { AppState, Migration } from './state.ts';
import { colours } from './state.ts';

/** Contracts now, or goes on after what had stopped it. */
export function contract(state: AppState): Decision {
  const { migration } = state;
  if (migration === null || migration.stage === 'undone')
    return { refused: refuse.noMigration(state, 'contract') };
  if (migration.stage === 'contracted')
    return { events: [], note: `${migration.name} is contracted already` };
  return start(state, migration, { command: 'contract', may: mayContract(state) });
}

/** Takes expand back now, or goes on after what had stopped it. */
export function undo(state: AppState): Decision {
  const { migration } = state;
  if (migration === null || migration.stage === 'contracted')
    return { refused: refuse.noMigration(state, 'undo') };
  if (migration.stage === 'undone') return { events: [], note: `${migration.name} is undone already` };
  return start(state, migration, { command: 'undo', may: mayUndo(state) });
}

function start(
  state: AppState,
  migration: Migration,
  { command, may }: { readonly command: 'contract' | 'undo'; readonly may: boolean },
): Decision {
  const { name, round, failed } = migration;
  if (phaseNow(migration) === command && failed === null)
    return runs(state)
      ? { events: [], note: `${name} is at ${command} already` }
      : { refused: refuse.migrationHeld(state, { command, name, why: reason(state, migration, command) }) };
  if (state.frozen !== null) return { refused: refuse.frozen(state) };
  return may
    ? { events: [{ type: command === 'undo' ? 'undo-started' : 'contract-started', migration: name, round }] }
    : { refused: refuse.migrationHeld(state, { command, name, why: reason(state, migration, command) }) };
}

/** What is in the way, gravest first. */
function reason(state: AppState, migration: Migration, command: 'contract' | 'undo'): string {
  const { stage, phases } = migration;
  if (!phases.includes(command) && command === 'undo') return 'it has no undo';
  const other = command === 'contract' ? 'undo' : 'contract';
  if (phaseNow({ stage }) === other) return `${other} has begun`;
  const there = colours.flatMap((colour) => state.environments[colour] ?? []);
  const harmed = there
    .filter((environment) => knows(environment, migration) === (command === 'undo'))
    .map(({ version }) => version);
  if (harmed.length > 0)
    return `${harmed.join(' and ')} still ${harmed.length === 1 ? 'runs' : 'run'}, and would miss what it takes away`;
  if (command === 'contract' && (stage === 'expanding' || stage === 'backfilling'))
    return 'it is not expanded and filled yet';
  const next = command === 'contract' ? waitsForItsTurn(state, migration) : null;
  if (next !== null) return `${next} is deployed next, and would miss what it takes away`;
  return state.live === null && command === 'contract' ? 'nothing is live' : 'a release is under way';
}
