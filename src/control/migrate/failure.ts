import { TealError } from '../../errors.ts';
import type { Phase } from '../../config/database.ts';
import { isLost, sayServerError } from '../../database/run/server-error.ts';
import { hiddenIn } from './hide.ts';
import type { Work } from './work.ts';

/** As much of the end of a command's output as a person reads in an error, and as an event should hold. */
const keptOutput = 4000;

/** What is nobody's mistake and passes by itself: a server that is away, a lock that somebody holds, somebody else at work. */
const passing: ReadonlySet<TealError['code']> = new Set([
  'database-unavailable',
  'lock-not-granted',
  'migration-busy',
]);

/** Nobody waits for these: they are tried until they succeed. A candidate waits for the others, and with it the app's next release. */
const patient: ReadonlySet<Phase> = new Set(['contract', 'undo']);

/** Whether the phase is to be tried again for this, rather than to be given up. */
export const passes = (phase: Phase, { code }: TealError): boolean => patient.has(phase) && passing.has(code);

/** Whatever has gone wrong in a phase, to be told: without secrets, rows and stacks. */
export function failureOf(error: unknown, { effect, hide }: Pick<Work, 'effect' | 'hide'>): TealError {
  const { migration, phase } = effect;
  const known =
    error instanceof TealError
      ? error
      : isLost(error)
        ? new TealError('database-unavailable', `The database went away: ${sayServerError(error)}`, {
            remedy: 'Is it running? What is done is recorded in it.',
          })
        : new TealError(
            'migration-failed',
            `${phase} of ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`,
            {
              remedy:
                'What is done is recorded in the database. Put right what was in the way, then try again.',
            },
          );
  return withOutput(hiddenIn(known, hide));
}

/** Nobody has seen what a command of a release has printed: it stands in the error itself. */
function withOutput(error: TealError): TealError {
  const { output, ...details } = error.details;
  if (typeof output !== 'string') return error;
  const end = output.trimEnd().slice(-keptOutput);
  return new TealError(error.code, `${error.message}\n${end === '' ? 'It printed nothing.' : end}`, {
    remedy: error.remedy,
    details,
  });
}
