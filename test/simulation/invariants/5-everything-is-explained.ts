import type { Event } from '../../../src/release/events.ts';
import type { MakeInvariant } from '../invariant.ts';

/** 5: every decision can be explained: each event says who, why where something ended or went back, and is about a release that is known. */
export const everythingIsExplained: MakeInvariant = (world) => {
  const releases = new Map<string, Set<string>>();

  return {
    appended({ stream, actor, at, type, data, version }, before, after) {
      const event = { type, ...(data as object) } as Event;
      const which = `${type} (event ${version} of ${stream})`;
      if (!/^(teal|user:\w+)$/.test(actor))
        world.broken(5, `${which} names nobody: ${JSON.stringify(actor)}`);
      if (!Number.isSafeInteger(at)) world.broken(5, `${which} has no time`);
      const missing = lacks(event);
      if (missing !== null) world.broken(5, `${which} does not say ${missing}`);
      if (event.type === 'release-started') known(stream).add(event.release);
      const release = after.release ?? before.release;
      if (release !== null && !known(stream).has(release.id))
        world.broken(5, `${which} is about ${release.id}, which never began`);
    },
  };

  function known(app: string): Set<string> {
    const found = releases.get(app) ?? new Set();
    releases.set(app, found);
    return found;
  }
};

/** What an event of its kind has to say, and does not. */
function lacks(event: Event): string | null {
  switch (event.type) {
    case 'abort-started':
    case 'rollback-started':
      return event.why === '' ? 'why' : null;
    case 'step-passed':
      return event.name === '' ? 'which step' : null;
    case 'step-failed':
      // A test fails by what was tested, an approval by whoever refused it.
      return event.error.message === '' || !failures.has(event.error.code) ? 'what failed' : null;
    case 'judged':
      return event.verdict.sentence === '' ? 'by what' : null;
    case 'superseded':
      return event.by === '' ? 'by which' : null;
    default:
      return null;
  }
}

const failures: ReadonlySet<string> = new Set(['test-failed', 'rejected']);
