import { beginCohort } from '../audience/cohort.ts';
import { compileAudiences } from '../audience/compile.ts';
import { plainAddress } from '../audience/address.ts';
import { explain } from '../audience/explain.ts';
import { explanationText } from '../audience/explain-text.ts';
import { noToken, type AudienceRequest, type Claims, type Place } from '../audience/request.ts';
import { route } from '../audience/route.ts';
import type { AudienceTable } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import type { Rule } from '../config/audience.ts';
import { continentOfCountry } from '../config/countries.ts';
import { openPlaces } from '../router/facts/places.ts';
import { TealError } from '../errors.ts';
import { other, type AppState } from '../release/state.ts';
import { exposedAfter, stepName, steps } from '../release/steps.ts';
import type { ExplainBody, ExplainResult, LaterStep } from './contract.ts';
import type { Deps } from './deps.ts';
import { known } from './known.ts';
import { audienceTable } from './table.ts';

/** Where somebody would be sent now, by which rule, and where at each later step. Asks the function that the router asks. */
export async function explainWho(deps: Deps, app: string, body: ExplainBody): Promise<ExplainResult> {
  const state = known(deps, app);
  const table = state.config === null ? null : audienceTable(state, state.config);
  if (state.config === null || table === null) {
    throw new TealError('wrong-state', `Nothing of ${app} is live: nobody is sent anywhere.`, {
      remedy: `teal deploy ${app} <version>`,
    });
  }
  const places =
    body.ip === undefined
      ? null
      : await openPlaces({
          file: deps.config.geoDatabase,
          onWarning: () => undefined,
        });
  try {
    const lookUp = (address: string): Place | null => places?.lookUp(address) ?? null;
    const request = requestOf(body, state.config);
    const explanation = explain(compileAudiences(table, lookUp), request);
    const later = laterTables(state, state.config, table).map(({ name, at }): LaterStep => {
      const { side, environment, reason } = route(compileAudiences(at, lookUp), request);
      return { name, side, environment, reason };
    });
    return { explanation, text: explanationText(explanation), later };
  } finally {
    places?.close();
  }
}

/** The tables of the steps that follow, of the running release or of the next one. */
function laterTables(
  state: AppState,
  config: App,
  table: AudienceTable,
): readonly { readonly name: string; readonly at: AudienceTable }[] {
  const running = state.release?.status === 'stepping' ? state.release : null;
  const all = running?.steps ?? steps(config.release);
  const cohort = running?.cohort ?? beginCohort(state.cohort, config.release.cohort);
  let exposed = running?.exposed ?? [];
  const from = running === null ? 0 : running.cursor + (running.expose === null ? 0 : 1);
  return all.slice(from).flatMap((step) => {
    if (step.kind !== 'expose') return [];
    exposed = exposedAfter(exposed, step);
    const release = {
      id: running?.id ?? `${state.app}-${state.releases + 1}`,
      candidate: running?.colour ?? other(table.live),
      cohort: cohort.cohort,
      exposed,
    };
    return [{ name: stepName(step), at: { ...table, release, offset: cohort.offset } }];
  });
}

/** Somebody as they would come: signed in by whatever the app's identity names first, with what else was said of them. */
function requestOf(body: ExplainBody, { identity, audiences }: App): AudienceRequest {
  const headers = new Map(
    Object.entries(body.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const cookies = new Map(Object.entries(body.cookies ?? {}));
  let claims: Claims = groupClaims(body.groups ?? [], Object.values(audiences));
  const [first] = identity.sources;
  if (body.user !== undefined && first?.kind === 'header') headers.set(first.name, body.user);
  else if (body.user !== undefined && first?.kind === 'cookie') cookies.set(first.name, body.user);
  else if (body.user !== undefined)
    claims = { ...claims, [first?.kind === 'jwt' ? first.claim : 'sub']: body.user };
  const signedIn = Object.keys(claims).length > 0;
  const place = placeOf(body);
  return {
    address: plainAddress(body.ip ?? ''),
    viaProxy: true,
    header: (name) => headers.get(name) ?? null,
    cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    token: signedIn ? { ok: true, claims } : noToken,
    id: null,
    release: null,
    ...(place === null ? {} : { place }),
  };
}

/** The groups under every claim that an audience reads groups from. */
function groupClaims(groups: readonly string[], rules: readonly Rule[]): Claims {
  if (groups.length === 0) return {};
  return Object.fromEntries(rules.flatMap(claimsOf).map((claim) => [claim, groups]));
}

function claimsOf(rule: Rule): readonly string[] {
  switch (rule.kind) {
    case 'groups':
      return [rule.claim];
    case 'all':
    case 'any':
      return rule.rules.flatMap(claimsOf);
    case 'not':
      return claimsOf(rule.rule);
    default:
      return [];
  }
}

function placeOf({ country, region }: ExplainBody): Place | null {
  const code = (country ?? region?.split('-')[0])?.toUpperCase();
  if (code === undefined) return null;
  return {
    country: code,
    continent: continentOfCountry(code),
    regions: region === undefined ? [] : [region.toUpperCase()],
  };
}
