import type { MigrationEvent } from '../../release/events.ts';

/** One sentence for people about what happened to the database. */
export function saysMigration(event: MigrationEvent): string {
  const { migration } = event;
  switch (event.type) {
    case 'migration-proved':
      return `${event.before} of ${migration}: ${event.proof.says}`;
    case 'phase-passed':
      return `${event.phase} of ${migration} is done${event.ran < event.steps ? `: ${event.ran} of ${event.steps} steps, the others were done before` : ''}`;
    case 'phase-failed':
      return `${event.phase} of ${migration} failed: ${event.error.message.split('\n', 1)[0]}`;
    case 'contract-started':
      return `no older version runs any more: contracting ${migration}`;
    case 'undo-started':
      return `undoing ${migration}: no version that needs it runs any more`;
  }
}
