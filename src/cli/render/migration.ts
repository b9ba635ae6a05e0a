import type { Phase } from '../../config/database.ts';
import { sayBlocker } from '../../database/run/blockers.ts';
import type { RunEvent } from '../../database/run/options.ts';
import type { PhaseReport } from '../../database/run/run-phase.ts';
import type { DatabaseStatus, MigrationStatus, PhaseStatus } from '../../database/run/status.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock } from './block.ts';
import { glyph, paint, wrap } from './paint.ts';
import { clock, count, counted, duration } from './units.ts';

/** One line of what happens while a phase runs; null: nothing that a person wants to read. */
export function sayRunEvent(event: RunEvent, view: View): string | null {
  switch (event.type) {
    case 'phase-started':
      return event.done === 0 ? null : `  ${event.done} of ${counted(event.steps, 'step')} done before`;
    case 'step-started':
      return `  ${event.step}  ${wrap(event.what, view.width, 5)}${event.resumed ? paint(view, 'dim', ' (goes on)') : ''}`;
    case 'step-done':
      return paint(view, 'dim', `     done in ${duration(event.ms)}`);
    case 'waiting': {
      const [first] = event.blockers;
      const who = first === undefined ? 'somebody' : sayBlocker(first);
      return `     ${wrap(`try ${event.tries}: ${who} holds a lock`, view.width, 5)}`;
    }
    case 'progress':
      return paint(
        view,
        'dim',
        `     ${progress(event)}${event.etaMs === null ? '' : `, ${duration(event.etaMs)} left`}`,
      );
    case 'paused':
      return `     paused: ${wrap(event.why, view.width, 5)}`;
    case 'reconnecting':
      return `  The database went away (${event.why}); waiting for it to come back …`;
    case 'notice':
      return `${glyph(view, 'warn')} ${wrap(event.text, view.width, 2)}`;
    case 'output':
      return `     ${event.line}`;
    case 'step-ran':
    case 'phase-done':
      return null;
  }
}

interface Counted {
  readonly seen: number;
  readonly total: number;
  readonly changed: number;
}

function progress({ seen, total, changed }: Counted): string {
  const share = total > 0 ? ` (${Math.min(100, Math.floor((seen / total) * 100))} %)` : '';
  return `${count(Math.round(seen))} gone through${share}, ${count(changed)} changed`;
}

export interface Ran {
  readonly name: string;
  readonly phase: Phase;
  readonly folder: string;
  readonly ran: PhaseReport;
}

const labels: Readonly<Record<Phase, string>> = {
  expand: 'Expanded',
  backfill: 'Backfilled',
  undo: 'Undone',
  contract: 'Contracted',
};

/** What a phase did, and which comes next. */
export function renderRan({ name, phase, folder, ran }: Ran, view: View): string {
  const before = ran.steps - ran.ran;
  const steps =
    ran.steps === 0
      ? 'nothing to do'
      : `${counted(ran.steps, 'step')}${before > 0 ? `, ${before} of them before` : ''}`;
  return renderBlock(
    {
      state: 'ok',
      label: labels[phase],
      value: name,
      rows: [
        ['Steps', `${steps}, in ${duration(ran.ms)}`],
        ['Undo', phase === 'expand' || phase === 'backfill' ? `teal db run undo ${folder}` : null],
        ['Next', nexts[phase](folder)],
      ],
    },
    view,
  );
}

const nexts: Readonly<Record<Phase, (folder: string) => string>> = {
  expand: (folder) => `teal db run backfill ${folder}`,
  backfill: (folder) =>
    `start the new version; when the old one is gone for good: teal db run contract ${folder}`,
  undo: (folder) => `teal db run expand ${folder}, when it is tried again`,
  contract: () => 'teal db status',
};

/** Which phases of which migrations have run. */
export function renderDatabase({ place, migrations, running }: DatabaseStatus, view: View): string {
  const head = `${paint(view, 'bold', place)}${running === null ? '' : `  ${glyph(view, 'going')} ${sayBlocker(running)}`}`;
  if (migrations.length === 0)
    return `${head}\n  No migration has run here. Next: teal db run expand <folder>`;
  return [head, ...migrations.map((each) => describe(each, view))].join('\n');
}

function describe({ migration, round, phases }: MigrationStatus, view: View): string {
  const again = round > 1 ? paint(view, 'dim', `  round ${round}`) : '';
  const told = phases.filter(({ state }) => state !== 'not begun');
  return [`${paint(view, 'bold', migration)}${again}`, ...told.map((each) => sayPhase(each, view))].join(
    '\n',
  );
}

function sayPhase({ phase, state, steps, done, finishedAt, at }: PhaseStatus, view: View): string {
  const mark = glyph(view, state === 'done' ? 'ok' : 'going');
  if (state === 'done')
    return `${mark} ${phase.padEnd(9)} ${finishedAt === null ? '' : clock(finishedAt, view.now)}`;
  const where = at === null ? '' : `\n             ${wrap(at.what, view.width, 13)}`;
  const far = at?.progress ? `\n             ${progress(at.progress)}` : '';
  return `${mark} ${phase.padEnd(9)} ${done} of ${steps ?? '?'} steps${where}${far}`;
}
