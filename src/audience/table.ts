import type { Identity, Rule } from '../config/audience.ts';
import type { Cohort } from './cohort.ts';

/** Who of an app's people goes where: plain data, part of a routing table. */
export interface AudienceTable {
  readonly app: string;
  /** What buckets are computed from, and cookies signed for, instead of the app: its group. */
  readonly group?: string;
  /** Where everyone is who was not chosen. */
  readonly live: Colour;
  /** Null when no release exposes anybody. */
  readonly release: ReleaseTable | null;
  readonly identity: Identity;
  /** References in them exist and hold no circle. */
  readonly audiences: Readonly<Record<string, Rule>>;
  /** Paths of the app's routes: what Teal's cookies are set for. */
  readonly paths: readonly string[];
  /** Where the windows of percentages begin: the release's cohort says. */
  readonly offset: number;
}

type Colour = 'blue' | 'green';

interface ReleaseTable {
  readonly id: string;
  readonly candidate: Colour;
  readonly cohort: Cohort;
  /** Everything its steps have exposed so far: each only adds people. */
  readonly exposed: readonly Exposure[];
  /** For now nobody is sent to the candidate: a router has not heard from the control plane for too long. Whose it was stays so. */
  readonly expired?: true;
}

export interface Exposure {
  /** Names of audiences, any of which is enough; empty: everyone. */
  readonly to: readonly string[];
  /** How many of them, in buckets: 100 000 are all. */
  readonly width: number;
}
