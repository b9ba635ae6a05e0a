import { inspect } from 'node:util';
import { TealError, type ErrorCode } from '../../../src/errors.ts';
import { other, type AppState, type Colour } from '../../../src/release/state.ts';
import { next } from '../../../src/release/transitions.ts';
import type { MakeInvariant } from '../invariant.ts';

/** From the word to the last router, while nothing is wrong: retries of before come to an end, and a slow worker's turn. */
const withinMs = 15_000;

/** What is wrong with the machine, or that there is no such app, is no condition on a rollback. */
const allowed: ReadonlySet<ErrorCode> = new Set([
  'app-unknown',
  'disk-full',
  'store-conflict',
  'control-unavailable',
]);

/** 3: rollback is unconditional: taken in every state, and soon nobody is on what is taken back. */
export const rollbackIsUnconditional: MakeInvariant = (world) => {
  const owed = new Map<string, { readonly colour: Colour; readonly at: number; readonly why: string }>();

  const isPaid = (app: string, colour: Colour): boolean =>
    world.router.workers.every(({ table }) => {
      const found = table?.apps.find((each) => each.app === app);
      return found === undefined || (found.live !== colour && found.audience?.release?.candidate !== colour);
    });

  return {
    answered({ name, app }, _, { error, before }) {
      if (name !== 'rollback' || error === null) return;
      if (!(error instanceof TealError))
        return world.broken(3, `rollback of ${app} fails: ${inspect(error)}`);
      if (allowed.has(error.code) || world.state(app).removing) return;
      if (error.code !== 'nothing-to-roll-back-to' || couldGoBack(before))
        world.broken(3, `rollback of ${app} is refused (${error.code}): ${error.message}`);
    },
    appended({ stream, type }, _, { release }) {
      if (release?.kind === 'rollback' && release.stoppedAt !== null && release.pausedAt === null)
        world.broken(3, `${type}: ${release.id}, which goes back, stands still, and nobody has paused it`);
      if (type === 'release-started' || type === 'removed' || type === 'remove-started') owed.delete(stream);
      if ((type === 'abort-started' || type === 'rollback-started') && release !== null)
        owed.set(stream, { colour: release.colour, at: world.time.now, why: `${type} of ${release.id}` });
    },
    after() {
      for (const [app, { colour, at, why }] of owed) {
        if (isPaid(app, colour)) owed.delete(app);
        else if (world.calm && world.time.now - Math.max(at, world.calmSince) > withinMs) {
          owed.delete(app);
          world.broken(3, `${why}: people are still sent to ${colour} after ${withinMs / 1000} s`);
        }
      }
    },
  };
};

/** Of what it was when the word was said; whoever was quicker may have ended it. */
function couldGoBack({ release, environments }: AppState): boolean {
  if (release === null) return false;
  return next(release.status, 'rollback-started') !== null && environments[other(release.colour)] !== null;
}
