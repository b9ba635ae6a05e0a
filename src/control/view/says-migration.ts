import type { MigrationEvent } from '../../release/events.ts';

/** One sentence for people about what happened to the database. */
export function saysMigration(event: MigrationEvent): string {
  const { migration } = event;
  switch (event.type) {
    case 'migration-proved':
      return `${event.before} of ${migration}: ${event.proof.says}`;
    case 'phase-passed':
      return `${event.phase} of ${migration} is done${passed(event)}`;
    case 'phase-failed':
      return `${event.phase} of ${migration} failed: ${event.error.message.split('\n', 1)[0]}`;
    case 'contract-started':
      return `no older version runs any more: contracting ${migration}`;
    case 'undo-started':
      return `undoing ${migration}: no version that needs it runs any more`;
  }
}

function passed({ steps, ran, ms }: MigrationEvent & { type: 'phase-passed' }): string {
  if (steps === 0) return '';
  const what = ran < steps ? `${ran} of ${steps} steps, the others were done before` : count(steps);
  return `: ${what}, ${(ms / 1000).toFixed(1)} s`;
}

const count = (steps: number): string => `${steps} step${steps === 1 ? '' : 's'}`;
