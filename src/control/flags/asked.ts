import { compileAudiences, type CompiledTable } from '../../audience/compile.ts';
import { bucketOf } from '../../audience/bucket.ts';
import { route } from '../../audience/route.ts';
import type { AudienceRequest } from '../../audience/request.ts';
import { Visit } from '../../audience/visit.ts';
import type { App } from '../../config/config.ts';
import { sentBy, tealContext, type TealContext } from '../../features/context.ts';
import { Flags, type GivenContext } from '../../features/evaluate.ts';
import { flagTable, type FlagSet } from '../../features/flag-set.ts';
import type { AppState } from '../../release/state.ts';
import { requestOf } from '../somebody.ts';
import { audienceTable } from '../table.ts';

/** The flags of an app as they are in one state of it. */
export interface AskedFlags {
  readonly set: FlagSet;
  readonly flags: Flags;
  readonly epoch: string;
  /** What is known of somebody, by the functions that routers go by. */
  readonly tealOf: (visit: Visit) => TealContext;
  /** The same of whom a server asks for: it is believed. */
  readonly tealFor: (given: GivenContext) => TealContext;
  readonly table: CompiledTable | null;
}

const made = new WeakMap<AppState, AskedFlags>();

/** Made once for each state. */
export function flagsIn(state: AppState, config: App): AskedFlags {
  const known = made.get(state);
  if (known !== undefined) return known;
  const { set, epoch, audiences } = flagTable(state, config) ?? none(state.app);
  const audience = audienceTable(state, config);
  const table = audience === null ? null : compileAudiences(audience, () => null);
  const versionOf = (colour: 'blue' | 'green'): string | null => state.environments[colour]?.version ?? null;
  const tealOf = (visit: Visit): TealContext =>
    tealContext(visit, sentBy(route(visit.table, visit.request), versionOf), audiences);
  const asked: AskedFlags = {
    set,
    flags: new Flags(set),
    epoch,
    table,
    tealOf,
    tealFor: (given) =>
      carried(
        table === null ? nobody(state.app) : tealOf(new Visit(table, somebody(given, config, table))),
        given,
        table,
      ),
  };
  made.set(state, asked);
  return asked;
}

const none = (app: string) => ({
  set: { flags: {}, metadata: { flagSetId: app, version: 'none' } },
  epoch: 'none',
  audiences: [],
});

const nobody = (app: string): TealContext => ({
  app,
  environment: null,
  version: null,
  cohort: 'live',
  bucket: null,
  groups: [],
  country: null,
});

/** Whom a context is about: `targetingKey` is what the app's identity names first, `groups` those of the token. */
function somebody(given: GivenContext, config: App, table: CompiledTable): AudienceRequest {
  const { targetingKey: key } = given;
  const user = typeof key === 'string' && key !== '' ? key : undefined;
  const groups = texts(given['groups']);
  const country = text(valueOf(given['teal'], 'country')) ?? undefined;
  const isPlace = country !== undefined && /^[A-Z]{2}$/i.test(country);
  const body = {
    ...(user === undefined ? {} : { user }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(isPlace ? { country } : {}),
  };
  const request = requestOf(body, config);
  if (user === undefined || config.identity.sources.length > 0 || table.anonymous === 'off') return request;
  // An app that knows nobody by name: then it is the key of Teal's own cookie.
  const scope = table.anonymous === 'release' ? (table.release?.id ?? null) : null;
  return { ...request, id: { key: user, scope, renew: false } };
}

/** What the router told the app of a request, and the app passes on, is how that request was decided. */
function carried(teal: TealContext, given: GivenContext, table: CompiledTable | null): TealContext {
  const said = given['teal'];
  const cohort = valueOf(said, 'cohort');
  const bucket = Number(valueOf(said, 'bucket') ?? Number.NaN);
  const groups = valueOf(said, 'groups');
  const key = text(given['targetingKey']);
  return {
    ...teal,
    ...(cohort === 'live' || cohort === 'candidate' || cohort === 'preview' ? { cohort } : {}),
    ...(Number.isInteger(bucket) && bucket >= 0 ? { bucket } : {}),
    ...(Array.isArray(groups) ? { groups: texts(groups) } : {}),
    version: text(valueOf(said, 'version')) ?? teal.version,
    country: text(valueOf(said, 'country')) ?? teal.country,
    ...(Number.isNaN(bucket) && teal.bucket === null && key !== null
      ? { bucket: bucketOf(table?.seed ?? teal.app, key) }
      : {}),
  };
}

const valueOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
