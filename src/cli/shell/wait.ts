import type { AppStatus, ReleaseView } from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import { waitTexts } from '../text.ts';
import type { Context } from './context.ts';
import { directionOf, outcomeOf, type Goal } from './outcome.ts';
import { watch, type Watched } from './watch.ts';

/** `done`: it got there. `ready`: it waits for a person. `failed`: it ended otherwise. */
export type Progress = 'going' | 'done' | 'ready' | 'failed';

/** How far a release is on its way; what happens after the switch (window, retiring) holds nobody up. */
export function progressOf(release: ReleaseView, goal: Goal): Progress {
  const wanted = directionOf(goal, release.kind);
  switch (release.status) {
    case 'promoted':
    case 'retiring':
    case 'completed':
      return wanted === 'forward' ? 'done' : release.status === 'promoted' ? 'going' : 'failed';
    case 'reverted':
    case 'rolled-back':
    case 'aborted':
      return wanted === 'back' ? 'done' : 'failed';
    case 'stepping':
      return wanted === 'forward' && isApproval(release) ? 'ready' : 'going';
    case 'clearing':
    case 'migrating':
    case 'starting':
    case 'scaling':
    case 'switching':
    case 'aborting':
    case 'reverting':
      return 'going';
  }
}

function isApproval(release: ReleaseView): boolean {
  return release.step?.asks === true;
}

export interface Waiting extends Watched {
  /** The app as the command left it: its release is waited for, unless something was queued. */
  readonly left: AppStatus;
  /** The version whose release is waited for, when it is queued behind that one. */
  readonly queued?: string | null;
  readonly goal: Goal;
  /** `ready`: also ends where a person has to say the next word; `live` waits for that person. */
  readonly until: 'ready' | 'live';
}

export interface Waited {
  readonly app: AppStatus;
  readonly progress: 'done' | 'ready';
}

/**
 * Waits for a release, telling each of its events on the way. Null when interrupted.
 * @throws TealError the release's own error, `release-failed`, or `timed-out`
 */
export async function waitForRelease(context: Context, what: Waiting): Promise<Waited | null> {
  const followed = new Followed(what);
  let told = -1;
  return await watch(context, what, {
    look: async (app) => {
      const now = await followed.see(app);
      if (now === null) return null;
      const { progress } = now;
      if (progress === 'done' || (progress === 'ready' && what.until === 'ready'))
        return { app: now.app, progress };
      const step = now.app.release?.step?.index ?? -1;
      if (progress === 'ready' && told !== step)
        context.terminal.note(waitTexts.gate(what.app, now.app.release));
      told = step;
      return null;
    },
    late: () => timedOut(what),
    interrupted: (what.goal === 'given-up' ? waitTexts.elsewhere : waitTexts.interrupted)(what.app),
  });
}

/** One release among those that an app has one after the other. */
class Followed {
  readonly #what: Waiting;
  /** Null until what was queued has begun. */
  #id: string | null;
  /** As it was looked at last. It may be over, and the next one begun, before it is looked at once. */
  #last: AppStatus;

  constructor(what: Waiting) {
    this.#what = what;
    this.#last = what.left;
    this.#id = what.queued == null ? leftBy(what) : null;
  }

  /** How far it is, as far as it has begun. @throws TealError its own, or `release-failed` */
  async see(app: AppStatus): Promise<{ readonly app: AppStatus; readonly progress: Progress } | null> {
    this.#id ??= begunOf(app, this.#what);
    const id = this.#id;
    if (id === null) return null;
    if (app.release?.id !== id) return { app: await replaced(this.#what, id, this.#last), progress: 'done' };
    this.#last = app;
    return { app, progress: judge(app.app, app.release, this.#what.goal) };
  }
}

/** The one that ran when the command had been accepted; null for none. */
const leftBy = ({ left }: Waiting): string | null => left.release?.id ?? null;

/** The release of what was queued; null as long as it waits. @throws TealError `release-failed` when it does not any more */
function begunOf({ app, release, queued }: AppStatus, what: Waiting): string | null {
  if (release !== null && release.id !== leftBy(what) && release.version === what.queued) return release.id;
  if (queued !== null && queued.version === what.queued) return null;
  throw new TealError('release-failed', `${what.queued} is not queued any more`, {
    remedy: `See what happened: teal history ${app}`,
  });
}

/**
 * Another release has begun since it was looked at last: what this one came to is in its events.
 * @param last as it was then @returns the same at its end
 * @throws TealError `release-failed` when it did not get where it should
 */
async function replaced({ client, goal }: Waiting, id: string, last: AppStatus): Promise<AppStatus> {
  const events = await client.events({ app: last.app, limit: fewEvents });
  const { release } = last;
  if (release?.id !== id || outcomeOf(events, id) !== directionOf(goal, release.kind)) {
    throw new TealError('release-failed', `Release ${id} is no longer the one that runs`, {
      remedy: `See what happened: teal history ${last.app}`,
    });
  }
  if (goal === 'given-up') return { ...last, release: { ...release, status: 'aborted', ended: true } };
  if (directionOf(goal, release.kind) === 'back')
    return { ...last, release: { ...release, status: 'rolled-back', ended: true } };
  const { colour, version } = release;
  return { ...last, live: colour, version, release: { ...release, status: 'completed', ended: true } };
}

/** More than a release has between two looks. */
const fewEvents = 200;

function judge(app: string, release: ReleaseView, goal: Goal): Exclude<Progress, 'failed'> {
  const progress = progressOf(release, goal);
  if (progress !== 'failed') return progress;
  if (release.error !== null) throw TealError.from(release.error);
  throw new TealError(
    'release-failed',
    `${release.id} (${release.version}) ended as ${release.status}${why(release)}`,
    {
      remedy: `See what happened: teal history ${app}`,
      details: { release: release.id, status: release.status, reason: release.reason },
    },
  );
}

function why(release: ReleaseView): string {
  return release.reason === null ? '' : `: ${release.reason}`;
}

function timedOut(what: Waiting): TealError {
  const { app, queued, timeoutMs, goal } = what;
  const release = leftBy(what);
  return new TealError(
    'timed-out',
    `${queued ?? release} was not done within ${(timeoutMs ?? 0) / 1000} s; it goes on`,
    {
      remedy:
        goal === 'given-up'
          ? `Look with: teal status ${app}`
          : `Look with: teal status ${app}   Give it up with: teal abort ${app}`,
      details: { app, release },
    },
  );
}
