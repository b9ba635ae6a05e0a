import { asks, asksForPlace } from '../audience/asks.ts';
import { buckets } from '../audience/bucket.ts';
import { reachesNobody, type Means } from '../audience/nobody.ts';
import type { Exposure } from '../audience/table.ts';
import type { JwtSettings, Rule } from '../config/audience.ts';
import type { App } from '../config/config.ts';
import { exposedAfter, whom } from '../release/steps.ts';
import { transitions } from '../release/transitions.ts';
import type { AppState } from '../release/state.ts';
import { holdKeys } from '../router/facts/keys.ts';
import { openPlaces, type Places } from '../router/facts/places.ts';
import { ok, warning } from './check.ts';
import type { Check } from './contract.ts';

export interface AudienceDoctor {
  readonly states: readonly AppState[];
  /** `router.geo-database`; null: the optional package, when it is installed. */
  readonly geoDatabase: string | null;
  readonly trustedProxies: readonly string[];
  readonly now: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
}

/** Networks change hands all the time: of a database this old, one country in some dozens is wrong. */
const oldMs = 180 * 86_400_000;

interface Told<T> {
  readonly value: T;
  readonly checks: readonly Check[];
}

/** Looks at what audiences stand on: places, keys of tokens, and whether what is exposed can reach anybody. */
export async function audienceChecks(doctor: AudienceDoctor): Promise<readonly Check[]> {
  const places = await placesCheck(doctor);
  const apps = await Promise.all(
    doctor.states.flatMap((state) => (state.config === null ? [] : [appChecks(doctor, state, places.value)])),
  );
  return [...places.checks, ...apps.flat()];
}

type NoPlaces = Pick<Means, 'noPlaces' | 'noRegions'>;

async function placesCheck({ states, geoDatabase, now }: AudienceDoctor): Promise<Told<NoPlaces>> {
  const rules = states.flatMap(({ config }) => Object.values(config?.audiences ?? {}));
  if (!rules.some(asksForPlace)) return { value: { noPlaces: null, noRegions: null }, checks: [] };
  const warnings: string[] = [];
  const places = await openPlaces({ file: geoDatabase, onWarning: (message) => warnings.push(message) });
  try {
    return aboutPlaces(places, { why: warnings[0] ?? 'nothing is known of places', rules, now });
  } finally {
    places.close();
  }
}

function aboutPlaces(
  places: Places,
  { why, rules, now }: { readonly why: string; readonly rules: readonly Rule[]; readonly now: number },
): Told<NoPlaces> {
  const about = places.about();
  if (about === null) {
    const remedy = 'name a database in router.geo-database: docs/audiences.md says which are free';
    return {
      value: { noPlaces: 'there is no database of places', noRegions: null },
      checks: [warning('places', `${why}: audiences by country match nobody`, remedy)],
    };
  }
  const { file, type, builtAt, attribution, regions } = about;
  const said = `${file} (${type}, of ${builtAt.toISOString().slice(0, 10)}). ${attribution}`.trim();
  const noRegions = regions ? null : `${type} knows no regions`;
  const value: NoPlaces = { noPlaces: null, noRegions };
  if (!regions && rules.some((rule) => asks(rule, ({ kind }) => kind === 'region')))
    return {
      value,
      checks: [
        warning('places', `${said} It has no regions, and an audience asks for one`, 'name one with regions'),
      ],
    };
  if (now - builtAt.getTime() > oldMs)
    return {
      value,
      checks: [warning('places', `${said} It is old`, 'get a newer one: it is taken as soon as it is there')],
    };
  return { value, checks: [ok('places', said)] };
}

async function appChecks(
  doctor: AudienceDoctor,
  state: AppState,
  places: NoPlaces,
): Promise<readonly Check[]> {
  const { app, config } = state;
  if (config === null) return [];
  const settings = settingsOf(state, config);
  const { jwt } = settings.identity;
  const keys = jwt === null ? null : await noKeys(jwt, doctor);
  const means: Means = {
    identity: settings.identity,
    audiences: settings.audiences,
    proxies: doctor.trustedProxies.length > 0,
    noTokens: jwt === null ? 'identity.jwt is not set' : keys,
    ...places,
  };
  const lost = exposuresOf(state, config).flatMap((exposure) => {
    const why = reachesNobody(exposure, means);
    return why === null ? [] : [`${whom([exposure])}: ${why}`];
  });
  return [
    ...(jwt === null ? [] : [keysCheck(app, jwt, keys)]),
    ...(lost.length === 0
      ? []
      : [
          warning(
            `${app} audiences`,
            `steps that reach nobody: ${lost.join('; ')}`,
            `repair it, or skip the step: teal plan ${app} <version> shows all`,
          ),
        ]),
  ];
}

/** Of the running release where there is one: it goes on with what it was deployed with. */
export const settingsOf = ({ release }: AppState, config: App): App =>
  release === null || transitions[release.status].ended ? config : release.build.spec;

/** Whom the running release exposes or copies from, and will, else what the next one would. */
function exposuresOf(state: AppState, config: App): readonly Exposure[] {
  return settingsOf(state, config).release.steps.flatMap((step) =>
    step.kind === 'expose'
      ? exposedAfter([], step)
      : step.kind === 'mirror' && step.of.length > 0
        ? [{ to: step.of, width: buckets }]
        : [],
  );
}

/** Why there are no keys; null when there are. */
async function noKeys(jwt: JwtSettings, { environment, fetch, now }: AudienceDoctor): Promise<string | null> {
  let why = 'the keys of tokens cannot be had';
  const holder = holdKeys({
    keys: jwt.keys,
    algorithms: jwt.algorithms,
    environment,
    fetch,
    onRotation: () => undefined,
    onWarning: (message) => {
      why = message;
    },
  });
  return holder.get(now).then(
    () => null,
    () => why,
  );
}

function keysCheck(app: string, { keys }: JwtSettings, why: string | null): Check {
  const name = `${app} tokens`;
  if (why === null) {
    const where =
      keys.kind === 'jwks' ? keys.url : keys.kind === 'file' ? keys.path : `the ${keys.source} secret`;
    return ok(name, `keys are there: ${where}`);
  }
  return warning(
    name,
    `${why}. Routers go on with keys they know for an hour, then groups and users match nobody; everyone is served`,
    'look whether the address answers from this machine: identity.jwt',
  );
}
