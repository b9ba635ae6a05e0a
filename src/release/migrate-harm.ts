import { busy } from './begin.ts';
import { olderThan, pending, unsafe } from './migrate.ts';
import { liveKnows } from './migrate-knows.ts';
import type { AppState, Build } from './state.ts';
import { transitions } from './transitions.ts';

/** What the database does to who goes back. It is said, and holds nobody (invariant 3): traffic goes back all the same. */

/** What going back to this version would do, also while nobody is on the one of the release yet; null: nothing that is known. */
export function harmOf(state: AppState, to: string): string | null {
  const { release } = state;
  const why = release === null || release.build.version === to ? null : unsafe(state, release);
  return (
    olderThan(state, to) ??
    (why === null ? null : `${to} cannot live with what ${release?.build.version ?? ''} writes: ${why}`)
  );
}

/**
 * What going back from this build will do, before its release has begun: also while it is only queued, behind one that may still
 * become the version before it. Null: nothing that is known.
 */
export function harmAhead(state: AppState, build: Build): string | null {
  if (build.spec.database?.rollback !== 'unsafe') return null;
  const wanted = pending(state, { kind: 'deploy', build });
  if (wanted === null || liveKnows(state, wanted)) return null;
  const { live, lives, release } = state;
  const waits = release !== null && busy(release);
  if (live === null && !waits) return null;
  const old = waits ? 'the version before it' : (lives.at(-1)?.version ?? 'the old version');
  return `${old} cannot read what ${build.version} writes (database.rollback: unsafe): where the judge would take it back it freezes the release, and a person decides`;
}

/** What the database does to the version that everybody is on, or that a rollback brings back; null: nothing that is known. */
export function harmNow(state: AppState): string | null {
  const { release, live, environments } = state;
  const back =
    release?.kind === 'rollback' && !(transitions[release.status].ended ?? false) ? release.build : null;
  const build = back ?? (live === null ? null : environments[live]);
  return build === null ? null : olderThan(state, build.version);
}
