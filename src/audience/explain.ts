import { buckets } from './bucket.ts';
import type { CompiledExposure, CompiledTable } from './compile.ts';
import type { AudienceRequest } from './request.ts';
import { decide, reaches, type Routed } from './route.ts';
import { whyWithin, type CompiledRule } from './rules.ts';
import { Visit } from './visit.ts';

/** One rule's answer, and those of the rules in it. */
export interface Answer {
  readonly rule: string;
  readonly matched: boolean;
  readonly why: string;
  readonly parts: readonly Answer[];
}

/** Why a request goes where it goes. */
export interface Explanation {
  readonly routed: Routed;
  /** The reason as a sentence. */
  readonly says: string;
  /** Who it is, null for nobody. */
  readonly identity: { readonly source: string; readonly key: string } | null;
  /** What the release exposes, each with its answer; none without a release. */
  readonly exposed: readonly Answer[];
  /** Every audience of the app, by name: also those that this release does not ask for. */
  readonly audiences: Readonly<Record<string, Answer>>;
}

/** As `route` decides, since it is asked; and every rule's answer, also of those that `route` did not have to ask. */
export function explain(table: CompiledTable, request: AudienceRequest): Explanation {
  const routed = decide(new Visit(table, request));
  const visit = new Visit(table, request);
  const { key } = visit;
  return {
    routed,
    says: sentence(table, routed),
    identity: key === null ? null : { source: visit.source, key },
    exposed: table.release?.exposed.map((exposure) => answerOf(exposure, visit)) ?? [],
    audiences: Object.fromEntries(
      [...table.audiences].map(([name, rule]): [string, Answer] => [name, answer(rule, visit)]),
    ),
  };
}

function answer(rule: CompiledRule, visit: Visit): Answer {
  return {
    rule: rule.says,
    matched: rule.test(visit),
    why: rule.why(visit),
    parts: rule.parts.map((part) => answer(part, visit)),
  };
}

function answerOf(exposure: CompiledExposure, visit: Visit): Answer {
  const { audience, rule, width } = exposure;
  const who = audience === null ? 'everyone' : `audience ${audience}`;
  const partial = width < buckets;
  return {
    rule: partial ? `${width / 1000} % of ${who}` : who,
    matched: reaches(exposure, visit),
    why: partial ? whyWithin(visit, width) : rule === null ? 'all are' : rule.why(visit),
    parts: rule === null ? [] : [answer(rule, visit)],
  };
}

function sentence(table: CompiledTable, { environment, reason, audience }: Routed): string {
  const to = `goes to ${environment}`;
  const release = table.release?.id ?? '';
  switch (reason) {
    case 'no-release':
      return `${to}, which is live: no release exposes anybody`;
    case 'expired':
      return `${to}, which is live: routers have not heard from the control plane, so ${release} exposes nobody for now`;
    case 'admitted':
      return `${to}, the candidate: was admitted to ${release} before (cookie teal-release)`;
    case 'everyone':
      return `${to}, the candidate: ${release} is exposed to everyone`;
    case 'audience':
      return `${to}, the candidate: belongs to the audience ${audience ?? ''}`;
    case 'percent':
      return `${to}, the candidate: is in the percentage of ${audience ?? 'everyone'}`;
    case 'no-identity':
      return `${to}, which is live: a percentage decides, and nothing tells who this is`;
    case 'not-chosen':
      return `${to}, which is live: ${release} does not expose it`;
  }
}
