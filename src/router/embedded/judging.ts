import { wordIn } from '../../audience/bucket.ts';
import type { CompiledRule } from '../../audience/rules.ts';
import { crowdOf, Reach } from '../../metrics/crowd.ts';
import { placeOf, type Key } from '../../metrics/fact.ts';
import type { Terms } from '../../metrics/ledger.ts';
import type { Colour } from '../../release/state.ts';
import type { AppTable } from '../table.ts';
import type { CompiledAudience, Visitor } from './audience.ts';
import type { Rule } from './rule.ts';
import { isPreview } from './rule.ts';
import type { Asked, Tap } from './tap.ts';
import type { Taps } from './taps.ts';

/** An app's release whose people are counted, made ready. */
export interface Judging {
  readonly tap: Tap;
  readonly candidate: Colour;
  readonly reach: Reach;
  /** Of the table. */
  readonly generation: number;
  /** Of the crowd's audiences, in their order. */
  readonly rules: readonly (CompiledRule | null)[];
  readonly roles: ReadonlyMap<string, number>;
  /** Roles that the candidate has instances of. */
  readonly there: ReadonlySet<string>;
}

/** By what an app's people are counted; null: they are not. */
export function termsOf(
  { judged, audience, live, routes, since }: AppTable,
  generation: number,
): Terms | null {
  if (judged === undefined || judged === null) return null;
  const { slow, scale, candidate } = judged;
  const byRole = new Set(routes.map(({ role }) => role)).size > 1;
  return {
    crowd: crowdOf(audience ?? null, live === candidate),
    slow,
    scale,
    byRole,
    generation: since ?? generation,
  };
}

/** @param taps of the worker: an app's release has the same one in every table */
export function compileJudging(
  source: AppTable,
  audience: CompiledAudience | null,
  { generation, taps }: { readonly generation: number; readonly taps: Taps },
): Judging | null {
  const { judged, app, routes, environments } = source;
  const terms = termsOf(source, generation);
  if (judged === undefined || judged === null || terms === null) return null;
  const tap = taps.of(app, judged.release);
  tap.mark(judged.slow);
  return {
    tap,
    candidate: judged.candidate,
    reach: new Reach(terms.crowd),
    generation,
    rules: terms.crowd.audiences.map((name) => audience?.table.audiences.get(name) ?? null),
    roles: new Map(routes.map(({ role }) => [role, tap.role(role)])),
    there: new Set(environments[judged.candidate]?.endpoints.map(({ role }) => role)),
  };
}

/** Where a request was sent, as far as counting is concerned. */
interface Where {
  readonly environment: { readonly colour: Colour; readonly judging: Judging | null };
  readonly role: string;
  readonly rule: Rule;
  readonly visitor: Visitor | null;
}

/**
 * Null for what tells nothing of a version's people: a look at what is not live, files of a page from before, and what live answers in the
 * candidate's place, which has failed it, is not there, or has nobody sent to it for now. While the candidate is not there nothing is told of
 * live's own people either: newcomers of one side alone would look like routing that is broken.
 */
export function askedOf({ environment, role, rule, visitor }: Where): Asked | null {
  const { judging, colour } = environment;
  if (judging === null || rule === 'pinned' || rule === 'expired' || isPreview(rule)) return null;
  if (visitor !== null && visitor.routed.environment !== colour) return null;
  const candidate = colour === judging.candidate;
  if (!candidate && !judging.there.has(role)) return null;
  return judging.tap.ask(keyOf(judging, visitor, { role, candidate }), candidate);
}

function keyOf(
  { reach, rules, roles, generation }: Judging,
  visitor: Visitor | null,
  { role, candidate }: { readonly role: string; readonly candidate: boolean },
): Key | null {
  const visit = visitor?.visit;
  const digest = visit?.digest ?? null;
  const bucket = visit?.bucket ?? null;
  if (visit === undefined || digest === null || bucket === null) return null;
  let audiences = 0;
  for (let index = 0; index < rules.length; index++) {
    if (rules[index]?.test(visit) === true) audiences |= 1 << index;
  }
  const place = { bucket, role: roles.get(role) ?? 0, audiences, held: false, candidate, generation };
  const plain = placeOf(place);
  const held = candidate && !reach.isChosen(plain);
  return {
    low: wordIn(digest, 1),
    high: wordIn(digest, 2),
    place: held ? placeOf({ ...place, held }) : plain,
  };
}
