import type { MigrationView } from '../../src/control/contract.ts';

const words = {
  passed: 'done',
  current: 'under way',
  failed: 'failed',
  ahead: 'to come',
  dropped: 'taken back',
} as const;

interface Stage {
  readonly name: string;
  readonly state: keyof typeof words;
}

const names: Readonly<Partial<Record<MigrationView['stage'], string>>> = {
  expanding: 'expand',
  backfilling: 'backfill',
  ready: 'ready',
  contracting: 'contract',
};

/** Expand → backfill → ready → contract, or what became of them: those that have anything to do. */
function stagesOf({ stage, phases, failed }: MigrationView): readonly Stage[] {
  const here = failed === null ? 'current' : 'failed';
  const before = (['expand', 'backfill'] as const).filter((phase) => phases.includes(phase));
  if (stage === 'undoing' || stage === 'undone')
    return [
      ...before.map((name) => ({ name, state: 'dropped' }) as const),
      { name: 'undo', state: stage === 'undone' ? 'passed' : here },
    ];
  const all = [...before, 'ready', ...(phases.includes('contract') ? ['contract'] : [])];
  const at = stage === 'contracted' ? all.length : all.indexOf(names[stage] ?? '');
  return all.map((name, index) => ({
    name,
    state: index < at ? 'passed' : index === at ? here : 'ahead',
  }));
}

/** Where a migration is, as a line. */
export const Stages = ({ migration }: { readonly migration: MigrationView }) => (
  <ol class="stages" aria-label="Stages of the migration">
    {stagesOf(migration).map(({ name, state }) => (
      <li key={name} class={state} {...(state === 'current' ? { 'aria-current': 'step' as const } : {})}>
        {name} <span class="hidden">{words[state]}</span>
      </li>
    ))}
  </ol>
);
