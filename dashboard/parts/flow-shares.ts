import type { AppStatus, TrafficPoint, WhoView } from '../../src/control/contract.ts';
import type { Colour } from '../../src/release/state.ts';

/** A rule, and where it leads. */
export interface Way {
  readonly rule: string;
  readonly to: Colour;
  /** Of all people, 0 to 1: a percentage as it is set, audiences together by the requests that were seen. */
  readonly share: number;
}

/** How long back requests are looked at. */
const recentMs = 60_000;

/** Where people go now, the rules of the candidate first. */
export function flowOf(
  who: WhoView,
  { live, release }: AppStatus,
  points: readonly TrafficPoint[],
): readonly Way[] {
  if (live === null) return [];
  if (release === null || release.ended || release.colour === live || who.exposed.length === 0)
    return [{ rule: 'everyone', to: live, share: 1 }];
  const seen = candidateShare(points);
  const set = who.exposed
    .filter(({ to }) => to.length === 0)
    .reduce((sum, { percent }) => sum + percent / 100, 0);
  const named = who.exposed.filter(({ to }) => to.length > 0);
  const ways: readonly Way[] = [
    // Which of them somebody came by is not counted: they are one way.
    ...(named.length === 0
      ? []
      : [
          {
            rule: named.map(({ says }) => says).join(', '),
            to: release.colour,
            share: Math.max(0, (seen ?? set) - set),
          },
        ]),
    ...who.exposed
      .filter(({ to }) => to.length === 0)
      .map(({ says, percent }): Way => ({ rule: says, to: release.colour, share: percent / 100 })),
  ];
  const rest = Math.max(0, 1 - ways.reduce((sum, { share }) => sum + share, 0));
  return [...ways, { rule: 'everyone else', to: live, share: rest }];
}

function candidateShare(points: readonly TrafficPoint[]): number | null {
  const end = points.at(-1)?.at ?? 0;
  const recent = points.filter(({ at }) => end - at < recentMs);
  const all = recent.reduce((sum, { requests }) => sum + requests, 0);
  return all === 0 ? null : recent.reduce((sum, { candidate }) => sum + candidate, 0) / all;
}
