import type { Event } from '../../release/events.ts';
import type { Drain } from '../../release/state.ts';
import { whom } from '../../release/steps.ts';
import type { Verdict } from '../../release/verdict.ts';
import { saysMigration } from './says-migration.ts';

/** One sentence for people about what happened. */
export function says(event: Event): string {
  switch (event.type) {
    case 'applied':
      return 'teal.yaml was applied';
    case 'remove-started':
      return 'removing the app: it gets no more requests, and both environments drain and stop';
    case 'removed':
      return 'the app is removed';
    case 'scaled':
      return `${event.role} is scaled to ${count(event.instances, 'instance')}`;
    case 'restarted':
      return 'restarting one instance after the other';
    case 'maintenance-set':
      return event.message === null ? 'maintenance is over' : `maintenance: ${event.message}`;
    case 'frozen':
      return `frozen${event.reason === null ? '' : `: ${firstLine(event.reason)}`}; nothing is deployed and no step advances`;
    case 'unfrozen':
      return 'no longer frozen';
    case 'key-added':
      return `${event.key} is made: routers learn it before it signs`;
    case 'keys-rotated':
      return `${event.key} signs cookies and previews from now on; what older keys have signed stays good`;
    case 'queued':
      return event.deploy === null
        ? 'what was queued is not wanted any more'
        : `${event.deploy.build.version} is queued: it is deployed when the running release has ended`;
    case 'clock-jumped':
      return `the clock was set ${event.ms < 0 ? 'back' : 'forward'} by ${Math.round(Math.abs(event.ms) / 1000)} s; every timer goes on with the time it had left`;
    case 'release-started':
      return started(event);
    case 'migration-started':
      return `the idle environment is empty; preparing the database${event.round > 1 ? ` (round ${event.round})` : ''}`;
    case 'migrated':
      return 'the database has what the candidate needs; starting it';
    case 'migration-proved':
    case 'phase-passed':
    case 'phase-failed':
    case 'contract-started':
    case 'undo-started':
      return saysMigration(event);
    case 'cleared':
      return 'the idle environment is empty; starting the candidate';
    case 'ready':
      return 'ready; waiting for the other apps of its group';
    case 'let-go':
      return 'nothing begun with the candidates goes on any more';
    case 'candidate-ready':
      return `the candidate is healthy${differ(event.differences.length)}`;
    case 'step-passed':
      return stepPassed(event);
    case 'judged':
      return judged(event.verdict);
    case 'step-failed':
      return `${event.name} failed`;
    case 'expose-started':
      return `the candidate can carry them: sending ${whom(event.exposed)} to it`;
    case 'exposed':
      return `every router sends them to the candidate (table ${event.generation})`;
    case 'mirror-started':
      return "the candidate can carry them: sending it copies of live's requests";
    case 'mirrored':
      return `every router sends copies to the candidate (table ${event.generation})`;
    case 'steps-passed':
      return event.verdict === undefined
        ? 'all steps have passed; growing the candidate to full size'
        : `passed by hand, although the judge holds it (${event.verdict.sentence}); growing the candidate to full size`;
    case 'paused':
      return 'paused';
    case 'resumed':
      return 'resumed';
    case 'switch-started':
      return `switching the routers${differ(event.differences.length)}`;
    case 'switched':
      return `${event.live} has everyone (table ${event.generation})`;
    case 'drained':
      return `${event.colour} is drained: ${drained(event.drain)}`;
    case 'window-closed':
      return 'the rollback window has closed; stopping the old environment';
    case 'settled':
      return 'live; there was no version before it to keep';
    case 'retired':
      return `${event.colour} is stopped: ${drained(event.drain)}`;
    case 'abort-started':
      return `aborting: ${firstLine(event.why)}`;
    case 'rollback-started':
      return `rolling back: ${firstLine(event.why)}`;
    case 'superseded':
      return `the release before has ended, since ${event.by} needs the idle environment`;
  }
}

function stepPassed({ name, skipped, approved, output, verdict }: Event & { type: 'step-passed' }): string {
  if (skipped) return `${name} was skipped`;
  const seen = verdict === undefined ? '' : `: ${firstLine(verdict.sentence)}`;
  if (name === 'approve') return `approved${seen}`;
  if (approved === true) return `${name} was approved${seen}`;
  return verdict !== undefined && output === verdict.sentence ? `${name} passed${seen}` : `${name} passed`;
}

/** What the judge says, where it is not what it said before. */
function judged({ action, sentence }: Verdict): string {
  return action === 'wait' ? `the judge goes on: ${sentence}` : `the judge: ${sentence}`;
}

const drained = ({ finished, cut, seconds }: Drain): string =>
  `${count(finished, 'request')} finished, ${cut} cut, ${seconds.toFixed(1)} s`;

const started = ({ kind, build, from, colour }: Event & { type: 'release-started' }): string =>
  `${kind === 'rollback' ? 'going back to' : 'deploying'} ${build.version} to ${colour}${from === null ? '' : ` (live: ${from})`}`;

const count = (number: number, of: string): string => `${number} ${of}${number === 1 ? '' : 's'}`;

const differ = (differences: number): string =>
  differences === 0
    ? ''
    : `; it differs from live in ${count(differences, 'setting')} (teal status shows them)`;

/** Without what only leads over to the lines that are left out. */
const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? text).replace(/\. It said:$/, '');
