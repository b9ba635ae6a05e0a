import { sayBlocker } from '../../database/run/blockers.ts';
import { pause, stopIf } from '../../database/run/wait.ts';
import { abortable } from '../../platform/process/wait.ts';
import { colours } from '../../release/state.ts';
import { ask } from './ask.ts';
import { onlyOne, runningIn, type Running } from './sent.ts';
import { left, oldByAge, oldByRole, openSessions, unseen, type Open } from './sessions.ts';
import type { Work } from './work.ts';

/** A pool closes its idle sessions within minutes; who looks every two seconds is no burden to anybody. */
const everyMs = 2000;
/** Who has not said by then who is connected is not there; contract is tried again. */
const askMs = 10_000;

/** What stands in the proof where nothing tells sessions apart. */
export const notToldApart =
  'Sessions of the old version were not waited for: without database.roles nothing tells them apart';

/** Whether each environment has a role of its own. */
export const hasRoles = ({ roles }: Work['effect']['policy']): boolean =>
  roles !== null && roles.blue !== roles.green;

/**
 * Waits until nothing of an old version is left that contract could harm: its sessions, told by their role and their age. Nobody is ended
 * by force.
 * @throws TealError `migration-interrupted`, `database-unavailable`
 */
export async function waitForSessions(work: Work, url: string): Promise<void> {
  const { deps, app, effect, signal, telling } = work;
  const { roles } = effect.policy;
  if (roles === null || !hasRoles(effect.policy)) return await tellSessions(work, url);
  for (;;) {
    stopIf(signal);
    const sessions = await sessionsAt(work, url);
    // Another version may have come in the meantime, which lives with the new schema too: it need not go.
    const olds = oldByRole(deps.apps.state(app), roles, deps.now());
    const old = left(sessions, olds);
    const [first] = old;
    if (first === undefined) return tellUnseen(work, unseen(sessions, olds));
    const others = old.length === 1 ? '' : `, and ${old.length - 1} more`;
    telling.at(
      'for the sessions of the old version to end',
      `${first.user} is still connected: ${sayBlocker(first)}${others}`,
    );
    await pause(everyMs, signal);
  }
}

function tellUnseen({ telling }: Work, sessions: readonly Open[]): void {
  if (sessions.length === 0) return;
  const who = [...new Set(sessions.map(({ user }) => user))].join(' and ');
  telling.hear({
    type: 'notice',
    text: `Whether sessions of ${who} are of an earlier version cannot be seen, and they are not waited for: GRANT pg_monitor, or ${who}, to the role of database.url`,
  });
}

const sessionsAt = ({ signal }: Work, url: string): Promise<readonly Open[]> =>
  ask({ url, withinMs: askMs, signal }, openSessions);

/** Who is there may be of the old version, or anybody else's: waiting for all of them could take for ever, so a person is told of them. */
async function tellSessions(work: Work, url: string): Promise<void> {
  const { deps, app, effect, telling } = work;
  const state = deps.apps.state(app);
  const olds = oldByAge(state, deps.now());
  const sessions = await sessionsAt(work, url);
  telling.hear({
    type: 'notice',
    text: [
      `Sessions of the old version are not waited for: database.roles gives each environment of ${app} no role of its own, so nothing tells them apart`,
      olds === null ? null : saidOf(left(sessions, olds), named(runningIn(state))),
      effect.policy.proof === null
        ? 'Nothing is tried in their place, since proof is off'
        : 'In their place all is tried that anybody sends to this database while the new version is alone',
    ]
      .filter((each) => each !== null)
      .join('. '),
  });
}

function saidOf(old: readonly Open[], now: string): string {
  const [first] = old;
  if (first === undefined) return `None that is open was begun before ${now}`;
  const others = old.length === 1 ? '' : `, and ${old.length - 1} more`;
  return `Begun before ${now} and still open: ${sayBlocker(first)}${others}`;
}

const named = (running: Running): string =>
  [...new Set(colours.flatMap((colour) => running[colour] ?? []))].join(' and ');

/**
 * Without roles nothing tells the statements of two versions apart, so what the new one sends is watched for a while once it is alone.
 * While two run it is waited for, unless there are files that say what each sends.
 * @throws TealError `migration-interrupted`, `database-unavailable`
 */
export async function watchAlone({ deps, app, effect, signal, telling }: Work): Promise<void> {
  const { proof } = effect.policy;
  if (proof === null || hasRoles(effect.policy)) return;
  for (;;) {
    stopIf(signal);
    // Others look as well: what ends is only the waiting.
    const seen = await abortable(deps.statements.look(app), signal);
    const running = runningIn(deps.apps.state(app));
    const version = onlyOne(running);
    // What is lost then the proof itself says.
    if (typeof seen === 'string' || named(running) === '') return;
    if (version === null) {
      if (proof.corpus.length > 0) return;
      telling.at(
        `for one of ${named(running)} to be alone`,
        'without database.roles nothing tells what they send apart, and database.proof.corpus names no files',
      );
      await pause(everyMs, signal);
      continue;
    }
    const ms = deps.statements.aloneMs - (await deps.statements.alone(app, version));
    if (ms <= 0) return;
    telling.at(
      `to see what ${version} sends`,
      `without database.roles it is watched for ${Math.ceil(ms / 1000)} s more`,
    );
    await pause(Math.min(ms, everyMs), signal);
  }
}
