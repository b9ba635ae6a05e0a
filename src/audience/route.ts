import { buckets } from './bucket.ts';
import type { CompiledExposure, CompiledTable } from './compile.ts';
import type { AudienceRequest } from './request.ts';
import type { Side } from './signed.ts';
import { ownKey, Visit } from './visit.ts';

/**
 * `no-release`: nobody is exposed to anything · `expired`: nobody is for now, since the router has not heard from the control plane for too long · `admitted`: was sent to this release's candidate before · `everyone`: all are ·
 * `audience`, `percent`: chosen by that · `not-chosen`: by none · `no-identity`: a percentage could not be asked for, since nobody
 * knows who it is
 */
type Reason =
  | 'no-release'
  | 'expired'
  | 'admitted'
  | 'everyone'
  | 'audience'
  | 'percent'
  | 'not-chosen'
  | 'no-identity';

/** Where a request goes, why, and what is to be remembered. */
export interface Routed {
  readonly environment: CompiledTable['live'];
  readonly side: Side;
  readonly reason: Reason;
  /** The audience that chose it. */
  readonly audience: string | null;
  /** Null for nobody. */
  readonly bucket: number | null;
  /** `teal-id`: a `new` key, the same key written again, or taken away. */
  readonly id: 'new' | 'renew' | 'clear' | null;
  /** `teal-release`: this release's candidate, or taken away. */
  readonly release: 'set' | 'clear' | null;
}

/** Decides about one request, from verified facts alone: no I/O, no clock, the same for the same. Never throws, whatever was sent. */
export function route(table: CompiledTable, request: AudienceRequest): Routed {
  return decide(new Visit(table, request));
}

/** As `route`; the visit remembers what was found out on the way. */
export function decide(visit: Visit): Routed {
  const { table, request } = visit;
  const { release } = table;
  if (release === null) return live(visit, 'no-release');
  // Before who was admitted. The release is still known: cookies that were given for it are left alone.
  if (release.expired) return live(visit, 'expired');
  if (request.release?.release === release.id && request.release.side === 'candidate')
    return candidate(visit, 'admitted', null);
  if (release.everyone) return candidate(visit, 'everyone', null);
  for (const exposure of release.exposed) {
    if (!reaches(exposure, visit)) continue;
    return candidate(visit, exposure.width < buckets ? 'percent' : 'audience', exposure.audience);
  }
  return live(visit, visit.wantsIdentity ? 'no-identity' : 'not-chosen');
}

/** Whether an exposure chooses the request. */
export function reaches({ rule, width }: CompiledExposure, visit: Visit): boolean {
  return (rule === null || rule.test(visit)) && (width >= buckets || visit.isWithin(width));
}

function candidate(visit: Visit, reason: Reason, audience: string | null): Routed {
  const { table, request } = visit;
  const held = reason === 'admitted';
  // Who comes because everyone does needs no memory: nobody is taken back but by a rollback, which ends the release.
  const remember = reason !== 'everyone' && (!held || request.release?.renew === true);
  const forget = reason === 'everyone' && isOfAnother(visit);
  return {
    environment: table.release?.candidate ?? table.live,
    side: 'candidate',
    reason,
    audience,
    bucket: visit.bucket,
    id: idOf(visit, false),
    release: remember ? 'set' : forget ? 'clear' : null,
  };
}

function live(visit: Visit, reason: Reason): Routed {
  return {
    environment: visit.table.live,
    side: 'live',
    reason,
    audience: null,
    bucket: visit.bucket,
    id: idOf(visit, visit.wantsIdentity),
    release: isOfAnother(visit) ? 'clear' : null,
  };
}

/** A cookie of a release that has ended: it means nothing any more. */
function isOfAnother({ table, request }: Visit): boolean {
  return request.release !== null && request.release.release !== table.release?.id;
}

function idOf({ table, request }: Visit, wanted: boolean): Routed['id'] {
  const own = ownKey(table, request);
  if (own !== null) return request.id?.renew === true ? 'renew' : null;
  if (wanted && table.anonymous !== 'off') return 'new';
  // One that the settings let no longer count; kept ones outlive their release.
  return request.id !== null && (table.anonymous === 'off' || request.id.scope !== null) ? 'clear' : null;
}
