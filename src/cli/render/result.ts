import type { AppStatus, CommandName, ReleaseView } from '../../control/contract.ts';
import { other } from '../../release/state.ts';
import { commandLabels } from '../text.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock, type Row } from './block.ts';
import type { Glyph } from './paint.ts';
import { exposed, inColour } from './status.ts';
import { count, duration } from './units.ts';

/** What a command did to an app, where the traffic is now, how to undo it, and what to type next. */
export interface Done {
  readonly command: CommandName;
  readonly did: string;
  readonly app: AppStatus;
  /** Waited for: the command's effect is complete, not only begun. */
  readonly complete: boolean;
}

export function renderDone(done: Done, view: View): string {
  const { app } = done;
  const label = commandLabels[done.command][done.complete ? 1 : 0];
  const glyph: Glyph = app.release?.ended === false && !done.complete ? 'going' : 'ok';
  return renderBlock(
    {
      state: glyph,
      label,
      value: subject(done, view),
      rows: [
        // What was begun is no news once it is complete.
        ['Done', done.complete ? null : done.did],
        ...(aboutRelease(done.command) ? released(app, view) : []),
        ['With', aboutRelease(done.command) ? others(app) : null],
        ['Undo', undo(done)],
        ['Next', next(done)],
      ],
    },
    view,
  );
}

const aboutRelease = (command: CommandName): boolean =>
  ![
    'scale',
    'restart',
    'remove',
    'maintenance',
    'freeze',
    'unfreeze',
    'rotate-keys',
    'contract',
    'undo',
  ].includes(command);

/** Told of commands that move a release: elsewhere it would be old news, and read as what the command did. */
function released(app: AppStatus, view: View): Row[] {
  return [['Traffic', traffic(app, view)], ...drained(app.release), ...differences(app.release)];
}

/** Commands that are about the release name its environment and version; the others only the app. */
function subject({ command, app }: Done, view: View): string {
  if (!aboutRelease(command) || app.release === null) return app.app;
  const back = ['rolled-back', 'reverted', 'reverting'].includes(app.release.status);
  if (back && app.live !== null) return `${app.app}  ${inColour(view, app.live)}  ${app.version ?? ''}`;
  return `${app.app}  ${inColour(view, app.release.colour)}  ${app.release.version}`;
}

function traffic(app: AppStatus, view: View): string | null {
  if (app.live === null) return null;
  const { release } = app;
  const promoted = release !== null && ['promoted', 'retiring', 'completed'].includes(release.status);
  const was =
    promoted && release.from !== null
      ? ` (was ${inColour(view, other(release.colour))} ${release.from})`
      : '';
  const now = app.version === null || was !== '' ? '' : ` ${app.version}`;
  const some = release === null ? null : exposed(release);
  if (release !== null && some !== null)
    return `${some} to ${inColour(view, release.colour)} ${release.version}, all others to ${inColour(view, app.live)}${now}`;
  return `100 % ${inColour(view, app.live)}${now}${was}`;
}

/** What was done to it was done to them. */
function others({ app, release }: AppStatus): string | null {
  const group = release?.group ?? null;
  const names = group?.apps.filter((name) => name !== app) ?? [];
  return group === null || names.length === 0 ? null : `${names.join(', ')}: the group ${group.name}`;
}

function drained(release: ReleaseView | null): Row[] {
  if (release?.drain === null || release?.drain === undefined) return [];
  const { finished, cut, seconds } = release.drain;
  return [
    ['Drained', `${count(finished)} requests finished, ${count(cut)} cut, ${duration(seconds * 1000)}`],
  ];
}

function differences(release: ReleaseView | null): Row[] {
  if (release === null || release.ended) return [];
  return release.differences.map(({ role, what, live, candidate }) => [
    'Differs',
    `${role} ${what}: ${live} → ${candidate}`,
  ]);
}

/**
 * What takes the command back. A rollback does so for a release that is under way or kept warm. After a rollback it would go
 * on to the version before, and after a change that is no release it would leave a good version: neither undoes anything.
 */
function undo({ command, app }: Done): string | null {
  if (command === 'freeze') return `teal unfreeze ${app.app}`;
  if (command === 'maintenance' && app.maintenance !== null) return `teal maintenance off ${app.app}`;
  if (!aboutRelease(command) || command === 'rollback' || command === 'abort') return null;
  return app.rollback === null || app.release === null || app.release.ended
    ? null
    : `teal rollback ${app.app}`;
}

/** The next command; a rollback stands under Undo already, and a removed app has none. */
function next({ command, app }: Done): string {
  if (command === 'remove') return 'teal status';
  return aboutRelease(command) ? app.next : `teal status ${app.app}`;
}
