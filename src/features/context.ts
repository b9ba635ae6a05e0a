import type { Routed } from '../audience/route.ts';
import type { Visit } from '../audience/visit.ts';

/** What rules may ask for as `teal.*`: what the router knows of who asks. */
export interface TealContext {
  readonly app: string;
  /** Where their requests go. Null: nothing is live. */
  readonly environment: 'blue' | 'green' | null;
  /** The version there. */
  readonly version: string | null;
  /** The side of a release they are on; `preview`: they are shown it by a link. */
  readonly cohort: 'live' | 'candidate' | 'preview';
  /** 0 to 99 999; null for nobody. */
  readonly bucket: number | null;
  /** Audiences that they belong to, of those that rules ask for. */
  readonly groups: readonly string[];
  /** ISO 3166-1; null when not known. */
  readonly country: string | null;
}

/** Where they are sent, when that is not what `route` says. */
export interface Sent {
  readonly environment: TealContext['environment'];
  readonly version: string | null;
  readonly cohort: TealContext['cohort'];
}

/** By the functions that the router goes by. @param audiences names to be looked at */
export function tealContext(visit: Visit, sent: Sent, audiences: readonly string[]): TealContext {
  const { table } = visit;
  return {
    app: table.app,
    ...sent,
    bucket: visit.bucket,
    groups: audiences.filter((name) => table.audiences.get(name)?.test(visit) === true),
    country: visit.place?.country ?? null,
  };
}

/** As the router sends somebody of whom nothing else is known. */
export const sentBy = (
  { environment, side }: Routed,
  versionOf: (environment: 'blue' | 'green') => string | null,
): Sent => ({ environment, version: versionOf(environment), cohort: side });
