/** Everything that requests to a route are made of. */
import { toJsonSchema, type JsonSchema } from '@valibot/to-json-schema';
import fc from 'fast-check';
import * as v from 'valibot';
import { routeEntries, type RouteId } from '../../src/control/api/routes/routes.ts';
import type { Route } from '../../src/control/api/route.ts';
import { arbitraryOf, words, type Pools } from './schema-arbitrary.ts';

/** What there is to ask about. */
export interface World {
  /** Apps that may be changed; the one whose traffic is watched is not among them. */
  readonly apps: readonly string[];
  readonly groups: readonly string[];
  readonly watched: string;
  readonly files: readonly string[];
  readonly logs: readonly string[];
  readonly sources: readonly string[];
  /** A token of who may only look. */
  readonly looker: string;
  /** A sign-in that nobody finishes. */
  readonly device: string;
}

const schemas = new Map<RouteId, JsonSchema>(
  routeEntries.flatMap(([id, { body }]) =>
    body === undefined ? [] : [[id, toJsonSchema(body, { errorMode: 'ignore' })] as const],
  ),
);

const versions = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('v1', 'v2', 'v3', 'v4') },
  { weight: 1, arbitrary: fc.constantFrom('v9', '../v1', 'v1/../v2', '.', '', '-v', 'V'.repeat(200)) },
  { weight: 1, arbitrary: words.map((text) => text.slice(0, 200)) },
);

/** Few enough that some are taken, and some are there to be revoked. */
const tokenNames = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('ci', 'robot', 'night') }, words);

const pools = (world: World): Pools => ({
  version: versions,
  versions: fc.dictionary(fc.oneof(fc.constantFrom(...world.apps), words), versions, { maxKeys: 3 }),
  from: fc.constantFrom(...world.sources),
  file: fc.constantFrom(...world.files),
  log: fc.constantFrom(...world.logs),
  role: fc.oneof(fc.constantFrom('web', 'viewer', 'deployer', 'admin'), words),
  // Never as many as would fill the machine.
  instances: fc.constantFrom<number>(1, 1, 2, 0, -1, 1.5, 1001, 1e6, 1e308),
  of: fc.oneof(fc.constantFrom(...world.apps, ...world.groups), words),
  // Who waits for a person waits for ever.
  onConflict: fc.constantFrom('refuse', 'supersede'),
  step: fc.constantFrom(0, 1, 2, 3, 99, Number.MAX_SAFE_INTEGER),
  ip: fc.oneof(fc.ipV4(), fc.ipV6()),
  name: tokenNames,
  apps: fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...world.apps) }, words), { maxLength: 3 }),
  expiresMs: fc.constantFrom<number>(1000, 60_000, Number.MAX_SAFE_INTEGER, 999, 1.5, -1),
  id: fc.oneof(fc.constant(world.device), fc.stringMatching(/^[A-Za-z0-9_-]{43}$/), words),
});

/** Everything that a right request to a route is made of. */
export interface Subject {
  readonly id: RouteId;
  readonly route: Route;
  readonly world: World;
  readonly target: fc.Arbitrary<string>;
  /** Null: it takes none. */
  readonly body: fc.Arbitrary<unknown>;
  readonly takesBody: boolean;
}

export function subjectOf(id: RouteId, route: Route, world: World): Subject {
  const schema = schemas.get(id);
  const wanted = schema === undefined ? fc.constant(null) : arbitraryOf(schema, pools(world));
  // What would end Teal is never right here; the last request of a run is.
  const body =
    id === 'stop' ? fc.constantFrom<unknown>({}, { everything: 'yes' }, { everything: 1 }, []) : wanted;
  return { id, route, world, target: targetOf(route, world), body, takesBody: schema !== undefined };
}

function targetOf(route: Route, world: World): fc.Arbitrary<string> {
  const names = route.about === 'group' ? world.groups : world.apps;
  const looked = route.acts === true ? names : [...names, world.watched];
  const one = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...looked) },
    { weight: 1, arbitrary: fc.constantFrom('nope', 'shpo') },
    { weight: 1, arbitrary: words.filter((text) => text !== world.watched).map(encoded) },
  );
  const lease = fc.oneof(fc.constant('00000000-0000-4000-8000-000000000000'), words.map(encoded));
  const code = fc.constantFrom('usage', 'app-unknown', 'nope', '__proto__');
  return fc.tuple(one, code, lease, tokenNames, queryOf(route)).map(([name, error, id, token, search]) =>
    route.path
      .replace(/:(app|group)/, () => name)
      .replace(':code', () => error)
      .replace(':id', () => id)
      .replace(':token', () => encoded(token))
      .concat(search),
  );
}

export function encoded(text: string): string {
  try {
    return encodeURIComponent(text) || '%20';
  } catch {
    return '%ed%a0%80';
  }
}

function queryOf(route: Route): fc.Arbitrary<string> {
  const fields = Object.entries(route.query.entries).map(([name, schema]) => {
    const json = toJsonSchema(schema as v.GenericSchema, { errorMode: 'ignore' });
    // What is followed never ends: it has its own share, and its beginning is read.
    const value =
      name === 'follow' ? fc.constantFrom('1', '0') : arbitraryOf(json, queryPools, name).map(String);
    return value.map((text) => `${name}=${encoded(text)}`);
  });
  return fc.tuple(...fields.map((field) => fc.option(field, { freq: 2 }))).map((parts) => {
    const given = parts.filter((part) => part !== null);
    return given.length === 0 ? '' : `?${given.join('&')}`;
  });
}

const queryPools: Pools = {
  app: fc.constantFrom('solo', 'shop', 'side', 'calm', 'nope', ''),
  status: fc.constantFrom('404', '5xx', '400-403', '404,5xx', '999', 'x'),
  outcome: fc.constantFrom('ok', 'failed', 'nope'),
  release: fc.constantFrom('shop-1', 'shop-2', 'nope'),
  limit: fc.constantFrom(0, 1, 5, 1000, 100_000),
  before: fc.constantFrom(0, 1, 50, Number.MAX_SAFE_INTEGER),
  after: fc.constantFrom(0, 1, 50, Number.MAX_SAFE_INTEGER),
  lines: fc.constantFrom(0, 1, 50, 100_000),
  expect: fc.constantFrom('0'.repeat(64), 'f'.repeat(64), 'F'.repeat(64), ''),
};

/** Whether the schema of a route takes it: the oracle that refusals are compared with. */
export function takes({ id, route }: Subject, body: unknown): boolean {
  return id !== 'stop' && (route.body === undefined || v.is(route.body, body));
}

/** Whatever its body is, it is not looked at. */
export const isFree = ({ takesBody, route }: Subject): boolean => !takesBody && route.takes === undefined;

export const bodyText = ({ body, takesBody }: Subject): fc.Arbitrary<string> =>
  takesBody ? body.map((value) => JSON.stringify(value)) : fc.constant('{"reason":"x"}');
