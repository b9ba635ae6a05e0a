/**
 * Among whom a release chooses its people, and how many of them: what a share is a share of. People are compared with those who might have been
 * chosen in their place, and with nobody else: an audience of which half is on the candidate is compared with its other half.
 */
import { buckets, within } from '../audience/bucket.ts';
import type { AudienceTable } from '../audience/table.ts';
import { bucketIn, isHeld, audiencesIn, mostAudiences } from './fact.ts';

export interface Crowd {
  /** Those that are exposed by name, in the order they were: a release only adds to them, so that a person's bits stay what they are. */
  readonly audiences: readonly string[];
  /** Of each, in buckets. */
  readonly widths: readonly number[];
  /** Of everyone. */
  readonly all: number;
  readonly offset: number;
}

/** Where everyone is on one side. */
const uniform = (onCandidate: boolean): Crowd => ({
  audiences: [],
  widths: [],
  all: onCandidate ? buckets : 0,
  offset: 0,
});

/** @param switched the candidate is live */
export function crowdOf(table: AudienceTable | null, switched: boolean): Crowd {
  const release = table?.release ?? null;
  if (table === null || release === null) return uniform(switched);
  const widths = new Map<string, number>();
  let all = switched ? buckets : 0;
  for (const { to, width } of release.exposed) {
    if (to.length === 0) all = Math.max(all, width);
    for (const name of to) widths.set(name, Math.max(widths.get(name) ?? 0, width));
  }
  const audiences = [...widths.keys()].slice(0, mostAudiences);
  return { audiences, widths: audiences.map((name) => widths.get(name) ?? 0), all, offset: table.offset };
}

export const exposesAnybody = ({ all, widths }: Crowd): boolean =>
  all > 0 || widths.some((width) => width > 0);

/** Kinds of people beside those of each audience: `others` might not be chosen at all, `held` are on the candidate for another reason than chance. */
const others = 0;
const everyone = 1;
const firstAudience = 2;
const held = firstAudience + mostAudiences;
export const kinds = held + 1;

/** A crowd made ready for lookups: by the audiences that a person is in. */
export class Reach {
  readonly crowd: Crowd;
  readonly #widths = new Uint32Array(1 << mostAudiences);
  readonly #kinds = new Uint8Array(1 << mostAudiences);

  constructor(crowd: Crowd) {
    this.crowd = crowd;
    for (let bits = 0; bits < this.#widths.length; bits++) {
      let [width, kind] = [crowd.all, crowd.all > 0 ? everyone : others];
      crowd.widths.forEach((own, index) => {
        if (((bits >>> index) & 1) === 0 || own <= width) return;
        [width, kind] = [own, firstAudience + index];
      });
      this.#widths[bits] = width;
      this.#kinds[bits] = kind;
    }
  }

  /** How many of those who are like this person are chosen, in buckets. */
  width(place: number): number {
    return this.#widths[audiencesIn(place)] as number;
  }

  isChosen(place: number): boolean {
    return within(bucketIn(place), this.crowd.offset, this.width(place));
  }

  /** Whether the person's next request goes to the candidate. */
  isOnCandidate(place: number): boolean {
    return this.isChosen(place) || isHeld(place);
  }

  /** With whom the person is compared. @param chosen of `isChosen` */
  kind(place: number, chosen: boolean): number {
    return !chosen && isHeld(place) ? held : (this.#kinds[audiencesIn(place)] as number);
  }
}

/** A kind of people, for people. */
export function kindName({ audiences }: Crowd, kind: number): string {
  if (kind === others) return 'not exposed';
  if (kind === everyone) return 'all';
  if (kind === held) return 'held';
  return `audience ${audiences[kind - firstAudience] ?? '?'}`;
}
