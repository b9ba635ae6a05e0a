import type { AppStatus, CommandName, MigrationView } from '../../control/contract.ts';
import { commandLabels } from '../text.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock } from './block.ts';
import { flow, glyph, pad, paint, wrap } from './paint.ts';
import { duration } from './units.ts';

/** What is over is told beside the release that it came with, and to whom it fails; and then no more. */
const isNews = ({ migration, release, harm }: AppStatus): boolean =>
  migration !== null && (harm != null || release?.id === migration.release || !isOver(migration));

const isOver = ({ stage }: MigrationView): boolean => stage === 'contracted' || stage === 'undone';

/** Where the database is on its way from one version to the other, in lines like those of `renderApp`; none: nowhere. */
export function databaseLines(app: AppStatus, view: View, labels: number): readonly string[] {
  const { migration } = app;
  if (migration === null || !isNews(app)) return [];
  const { name, round, stage, until, says } = migration;
  // With the same in it, and what helps.
  const isSaid = says === stage || isToldBy(app, migration) || (app.harm != null && isOver(migration));
  const pieces = [
    name,
    paint(view, 'bold', stage),
    ...(round > 1 ? [`round ${round}`] : []),
    ...(until === null ? [] : [`until in ${duration(until - view.now)}`]),
  ];
  const indent = ' '.repeat(labels);
  const head = `  ${pad(paint(view, 'dim', 'database'), labels - 2)}`;
  return [
    `${head}${flow(pieces, '  ', { width: view.width - labels, indent: labels })}`,
    ...(isSaid ? [] : [`${indent}${wrap(says, view.width, labels)}`]),
    ...[...(app.harm == null ? [] : [app.harm]), ...doubts(migration)].map(
      (each) => `${indent}${glyph(view, 'warn')} ${wrap(each, view.width, labels + 2)}`,
    ),
  ];
}

/** Its failure, where that is not the release's own, which is told already. */
export const databaseTrouble = (app: AppStatus): string | null =>
  app.migration?.failed == null || isToldBy(app, app.migration)
    ? null
    : `${app.migration.name}: ${app.migration.failed.message}`;

const isToldBy = ({ release }: AppStatus, { failed }: MigrationView): boolean =>
  failed !== null && release?.error?.message === failed.message;

/** What was not proven, of the proof that counts now. */
function doubts({ proofs, stage }: MigrationView): readonly string[] {
  const proof = (stage === 'contracting' ? proofs.contract : null) ?? proofs.expand;
  return proof === undefined || proof.outcome === 'green' || proof.outcome === 'off' ? [] : [proof.says];
}

/** What `teal db contract` or `undo` came to. */
export interface DatabaseDone {
  readonly command: CommandName & ('contract' | 'undo');
  readonly did: string;
  readonly app: AppStatus;
  /** Waited for. */
  readonly complete: boolean;
}

export function renderDatabaseDone({ command, did, app, complete }: DatabaseDone, view: View): string {
  const { migration } = app;
  const proof = command === 'contract' ? migration?.proofs.contract : undefined;
  return renderBlock(
    {
      state: complete ? 'ok' : 'going',
      label: commandLabels[command][complete ? 1 : 0],
      value: [app.app, ...(migration === null ? [] : [migration.name])].join('  '),
      rows: [
        ['Done', complete ? null : did],
        ['Proof', proof?.says ?? null],
        ['Next', app.next],
      ],
    },
    view,
  );
}
