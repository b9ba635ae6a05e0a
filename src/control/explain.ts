import { compileAudiences, type CompiledTable } from '../audience/compile.ts';
import { explain, type Explanation } from '../audience/explain.ts';
import { explanationText } from '../audience/explain-text.ts';
import type { AudienceRequest, Place } from '../audience/request.ts';
import { route } from '../audience/route.ts';
import { Visit } from '../audience/visit.ts';
import type { App } from '../config/config.ts';
import { openPlaces } from '../router/facts/places.ts';
import { TealError } from '../errors.ts';
import { upcoming } from '../release/begin.ts';
import type { AppState, ReleaseStatus } from '../release/state.ts';
import { stepName, steps } from '../release/steps.ts';
import { didYouMean } from '../config/did-you-mean.ts';
import type { TealContext } from '../features/context.ts';
import { flagsIn } from './flags/asked.ts';
import type { ExplainBody, ExplainResult, FeatureAnswer, LaterStep } from './contract.ts';
import type { Deps } from './deps.ts';
import { exposureTables, restingTable, type ExposureTable } from './exposures.ts';
import { known, type KnownState } from './known.ts';
import { requestOf } from './somebody.ts';
import { audienceTable, mirrorOf } from './table.ts';

/** Where somebody would be sent now, by which rule, and where at each later step. Asks the function that the router asks. */
export async function explainWho(deps: Deps, app: string, body: ExplainBody): Promise<ExplainResult> {
  const state = known(deps, app);
  const table = state.config === null ? null : audienceTable(state, state.config);
  if (state.config === null || table === null) {
    throw new TealError('wrong-state', `Nothing of ${app} is live: nobody is sent anywhere.`, {
      remedy: `teal deploy ${app} <version>`,
    });
  }
  if (body.user !== undefined && state.config.identity.sources.length === 0) {
    throw new TealError('usage', `${app} knows nobody by name: it has no identity.sources.`, {
      remedy:
        'say in teal.yaml where names come from, such as identity: { sources: [{ header: x-user-id }] }',
      details: { app },
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
    const now = compileAudiences(table, lookUp);
    const explanation = explain(now, request);
    const later = laterTables(state, state.config).map(({ name, table: at }): LaterStep => {
      const { side, environment, reason } = route(compileAudiences(at, lookUp), request);
      return { name, side, environment, reason };
    });
    const mirrored = mirroredOf(state, now, request);
    const feature =
      body.feature === undefined
        ? null
        : featureOf(deps, state, { key: body.feature, visit: new Visit(now, request) });
    const text =
      explanationText(explanation) +
      (mirrored === null ? '' : mirrorText(state, mirrored)) +
      (feature === null ? '' : sideBySide(explanation, feature));
    return { explanation, text, later, mirrored, feature };
  } finally {
    places?.close();
  }
}

/** Both decisions, one under the other: they are made by one function, and this shows it. */
function sideBySide(
  { routed: { side }, says }: Explanation,
  { key, value, says: why }: FeatureAnswer,
): string {
  return `\nroute     ${side}: ${says}\nflag      ${key} = ${JSON.stringify(value)}: ${why}`;
}

/** What they get of a flag, by the same facts. @throws TealError `flag-unknown` */
function featureOf(
  deps: Deps,
  state: KnownState,
  { key, visit }: { readonly key: string; readonly visit: Visit },
): FeatureAnswer {
  const { flags, tealOf } = flagsIn(deps.apps.state(state.app), state.config);
  const teal = tealOf(visit);
  const found = flags.evaluate(key, { teal });
  if (!found.ok) {
    const meant = didYouMean(key, flags.keys);
    throw new TealError(
      'flag-unknown',
      `${state.app} has no flag ${key}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
      {
        remedy:
          flags.keys.length === 0
            ? 'add it below features in teal.yaml'
            : `the flags are: ${flags.keys.join(', ')}`,
        details: { app: state.app, flag: key },
      },
    );
  }
  const { value, variant, reason } = found;
  return { key, value, variant, reason, says: whyOf(state, key, { variant, teal }) };
}

function whyOf(
  state: KnownState,
  key: string,
  { variant, teal }: { readonly variant: string; readonly teal: TealContext },
): string {
  const record = state.features[key];
  const goes = record?.version == null ? 'goes with no version' : `goes with ${record.version}`;
  const groups = teal.groups.length === 0 ? '' : `, of ${teal.groups.join(', ')}`;
  const who = `they are on ${teal.cohort} (${teal.version ?? 'nothing'})${groups}`;
  switch (record?.stage) {
    case 'live-for-all':
    case 'to-remove':
      return `${goes}, which is live: everybody has it`;
    case 'rolled-back':
      return `${goes}, which was taken back: nobody has it`;
    case 'open':
      return `${goes}, and is open; ${who}: ${variant}`;
    default:
      return `${goes}, and is open to nobody yet; ${who}: ${variant}`;
  }
}

/** Whether copies of their requests may go to the candidate: only live's do. */
function mirroredOf(state: AppState, table: CompiledTable, request: AudienceRequest): boolean | null {
  const mirror = mirrorOf(state);
  if (mirror === null) return null;
  if (route(table, request).side !== 'live') return false;
  const visit = new Visit(table, request);
  return mirror.of.length === 0 || mirror.of.some((name) => table.audiences.get(name)?.test(visit) === true);
}

function mirrorText({ release }: AppState, mirrored: boolean): string {
  const step = release?.steps[release.cursor];
  const name = step === undefined ? 'mirror' : stepName(step);
  return `\n${name}: ${mirrored ? 'theirs may be copied to the candidate' : 'theirs are not copied'}`;
}

/** The tables of the steps that follow, of the running release as it was deployed, or of the next one. */
function laterTables(state: AppState, config: App): readonly ExposureTable[] {
  const running = state.release !== null && ahead.has(state.release.status) ? state.release : null;
  if (running === null) {
    const build = { version: '', directory: null, spec: config };
    return exposureTables(
      restingTable(state, config),
      upcoming(state, { build, steps: steps(config.release) }),
    );
  }
  const from = running.cursor + (running.expose === null ? 0 : 1);
  const left = running.steps.slice(from);
  return exposureTables(restingTable(state, running.build.spec), { ...running, steps: left });
}

/** Its steps are still to come. */
const ahead: ReadonlySet<ReleaseStatus> = new Set(['clearing', 'migrating', 'starting', 'stepping']);
