/** One request each, made from the routes, a seed and a number: the same two make the same bytes. */
import { createHash } from 'node:crypto';
import { toJsonSchema, type JsonSchema } from '@valibot/to-json-schema';
import fc from 'fast-check';
import * as v from 'valibot';
import { stopBody } from '../../src/control/api/bodies.ts';
import { routeEntries, type RouteId } from '../../src/control/api/routes/routes.ts';
import type { Route } from '../../src/control/api/route.ts';
import { routeAt } from './match.ts';
import { nearly } from './mutate.ts';
import { arbitraryOf, words, type Pools } from './schema-arbitrary.ts';

export const kinds = [
  'valid',
  'nearly',
  'malformed',
  'huge',
  'truncated',
  'slow',
  'deep',
  'path',
  'query',
  'method',
  'encoding',
  'headers',
  'once',
  'role',
  'http',
] as const;
export type Kind = (typeof kinds)[number];

export interface Case {
  readonly kind: Kind;
  readonly method: string;
  /** Whose request it is when it arrives as one. */
  readonly route: RouteId | null;
  readonly bytes: Buffer;
  /** `half`: nothing more comes · `cut`: gone without waiting · `drip`: in pieces, slowly. */
  readonly how: 'whole' | 'half' | 'cut' | 'drip';
  /** It may be answered with success: else it has to be refused. */
  readonly acceptable: boolean;
  /** Sent a second time, it has to be answered the same. */
  readonly twice: boolean;
}

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

type Made = Omit<Case, 'route'> & { readonly target: string };

export function caseArbitrary(world: World): fc.Arbitrary<Case> {
  const build = fc
    .tuple(fc.constantFrom(...routeEntries), fc.constantFrom(...weighted))
    .chain(([[id, route], kind]) => makers[kind](of(id, route, world)).map((made) => ({ kind, made })));
  return build.map(({ kind, made: { target, ...rest } }) => ({
    ...rest,
    kind,
    route: routeAt(rest.method, target),
  }));
}

/** Case `index` of a seed. */
export function caseOf(all: fc.Arbitrary<Case>, seed: number, index: number): Case {
  // Far from each other for neighbours: a seed of fast-check is any 32-bit number.
  const mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) | 0;
  const [made] = fc.sample(all, { seed: mixed, numRuns: 1 });
  if (made === undefined) throw new Error('fast-check gave nothing');
  return made;
}

/** Right ones reach deepest; slow ones cost time. */
const weights: Readonly<Record<Kind, number>> = {
  valid: 60,
  nearly: 40,
  malformed: 12,
  huge: 2,
  truncated: 6,
  slow: 1,
  deep: 3,
  path: 14,
  query: 14,
  method: 8,
  encoding: 10,
  headers: 12,
  once: 10,
  role: 14,
  http: 8,
};
const weighted: readonly Kind[] = kinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));

/** Everything that a right request to a route is made of. */
interface Subject {
  readonly id: RouteId;
  readonly route: Route;
  readonly world: World;
  readonly target: fc.Arbitrary<string>;
  /** Null: it takes none. */
  readonly body: fc.Arbitrary<unknown>;
  readonly takesBody: boolean;
}

function of(id: RouteId, route: Route, world: World): Subject {
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

function encoded(text: string): string {
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

interface Head {
  readonly method: string;
  readonly target: string;
  readonly fields?: readonly string[];
  readonly body?: Buffer | string | null;
  readonly version?: string;
}

const json = 'content-type: application/json';

function bytesOf({ method, target, fields = [], body = null, version = 'HTTP/1.1' }: Head): Buffer {
  const payload = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
  const framed = fields.some((field) => /^(content-length|transfer-encoding):/i.test(field));
  const lines = [
    `${method} ${target} ${version}`,
    'host: teal',
    'x-teal-actor: user:fuzz',
    ...fields,
    ...(body === null || framed ? [] : [`content-length: ${payload.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), payload]);
}

const plain = { how: 'whole', acceptable: true, twice: false } as const;

/** Whether the schema of a route takes it: the oracle that refusals are compared with. */
function takes({ id, route }: Subject, body: unknown): boolean {
  return id !== 'stop' && (route.body === undefined || v.is(route.body, body));
}

const archives = fc
  .tuple(
    fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(70_000))),
    fc.constantFrom('right', 'right', 'wrong', 'other', 'none'),
    fc.constantFrom(null, null, 'folder', 'else'),
  )
  .map(([content, digest, packed]) => {
    const body = Buffer.from(content);
    const sum = createHash('sha256')
      .update(digest === 'wrong' ? 'x' : body)
      .digest('base64');
    const named = digest === 'other' ? `md5=:${sum}:` : `sha-256=:${sum}:`;
    const fields = [
      'content-type: application/gzip',
      ...(digest === 'none' ? [] : [`content-digest: ${named}`]),
      ...(packed === null ? [] : [`x-teal-packed: ${packed}`]),
    ];
    return { body, fields, acceptable: digest === 'right' && packed !== 'else' };
  });

type Maker = (subject: Subject) => fc.Arbitrary<Omit<Made, 'kind'> & { readonly kind: Kind }>;

/** Whatever its body is, it is not looked at. */
const isFree = ({ takesBody, route }: Subject): boolean => !takesBody && route.takes === undefined;

function withBody(kind: Kind, subject: Subject, bodies: fc.Arbitrary<unknown>): ReturnType<Maker> {
  return subject.route.takes === 'archive' ? withArchive(kind, subject) : withJson(kind, subject, bodies);
}

const withArchive = (kind: Kind, { target, route: { method } }: Subject): ReturnType<Maker> =>
  fc.tuple(target, archives).map(([at, { body, fields, acceptable }]) => {
    const bytes = bytesOf({ method, target: at, fields, body });
    return { ...plain, kind, method, target: at, bytes, acceptable };
  });

const withJson = (kind: Kind, subject: Subject, bodies: fc.Arbitrary<unknown>): ReturnType<Maker> =>
  fc.tuple(subject.target, bodies).map(([target, body]) => {
    const { method } = subject.route;
    const text = subject.takesBody ? JSON.stringify(body) : null;
    const bytes = bytesOf({ method, target, fields: text === null ? [] : [json], body: text });
    const acceptable = isFree(subject) || takes(subject, body);
    return { ...plain, kind, method, target, bytes, acceptable };
  });

const bodyText = ({ body, takesBody }: Subject): fc.Arbitrary<string> =>
  takesBody ? body.map((value) => JSON.stringify(value)) : fc.constant('{"reason":"x"}');

const makers: Readonly<Record<Kind, Maker>> = {
  valid: (subject) => withBody('valid', subject, subject.body),

  nearly: (subject) =>
    withBody(
      'nearly',
      subject,
      subject.body.chain(nearly).map((body) => (subject.id === 'stop' && v.is(stopBody, body) ? {} : body)),
    ),

  malformed: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.nat(), fc.constantFrom('cut', 'more', 'flip', 'none'))
      .map(([target, text, at, how]) => {
        const { method } = subject.route;
        const bad = broken(text, at, how);
        const bytes = bytesOf({ method, target, fields: [json], body: bad });
        const value = parsed(bad);
        const understood = subject.takesBody && value.ok && takes(subject, value.value);
        const acceptable = isFree(subject) || understood;
        return { ...plain, kind: 'malformed', method, target, bytes, acceptable };
      }),

  huge: (subject) =>
    fc.tuple(subject.target, fc.constantFrom('body', 'head', 'declared', 'chunk')).map(([target, what]) => {
      const { method } = subject.route;
      const large = `{"reason":"${'x'.repeat(300_000)}"}`;
      const forms: Readonly<Record<string, Partial<Head>>> = {
        body: { fields: [json], body: large },
        head: { fields: [`x-large: ${'x'.repeat(30_000)}`] },
        declared: { fields: [json, 'content-length: 99999999999'], body: '{' },
        chunk: {
          fields: [json, 'transfer-encoding: chunked'],
          body: `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
        },
      };
      const bytes = bytesOf({ method, target, ...forms[what] });
      // Nobody waits for the rest of what will not come.
      const how = what === 'declared' ? 'half' : 'whole';
      return {
        ...plain,
        kind: 'huge',
        method,
        target,
        bytes,
        how,
        acceptable: isFree(subject) && what !== 'head',
      };
    }),

  truncated: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.nat(), fc.constantFrom<'half' | 'cut'>('half', 'cut'))
      .map(([target, text, at, how]) => {
        const { method } = subject.route;
        const whole = bytesOf({ method, target, fields: [json], body: text });
        const bytes = whole.subarray(0, 1 + (at % (whole.length - 1)));
        return { ...plain, kind: 'truncated', method, target, bytes, how, acceptable: isFree(subject) };
      }),

  slow: (subject) =>
    withBody('slow', subject, subject.body).map((made) => ({ ...made, how: 'drip' as const })),

  deep: (subject) =>
    fc
      .tuple(
        subject.target,
        fc.constantFrom('[', '{"a":', '[[],', '{"reason":['),
        fc.constantFrom(10, 1000, 40_000),
      )
      .map(([target, open, times]) => {
        const { method } = subject.route;
        const close = open.startsWith('[') ? ']' : '}';
        const closed = times === 10 ? close.repeat(times) : '';
        const body = `${open.repeat(times)}1${closed}`.slice(0, 250_000);
        const bytes = bytesOf({ method, target, fields: [json], body });
        return { ...plain, kind: 'deep', method, target, bytes, acceptable: isFree(subject) };
      }),

  path: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.nat(), fc.constantFrom(...tricks))
      .map(([right, text, at, trick]) => {
        const { method } = subject.route;
        const parts = right.split('/');
        const target = parts.with(1 + (at % (parts.length - 1)), trick).join('/');
        const bytes = bytesOf({ method, target, fields: [json], body: method === 'GET' ? null : text });
        return { ...plain, kind: 'path', method, target, bytes };
      }),

  query: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.constantFrom(...queries), words)
      .map(([right, text, query, word]) => {
        const { method } = subject.route;
        const target = `${right.split('?')[0] ?? ''}?${query.replace('WORD', () => encoded(word))}`;
        const fields = method === 'GET' ? [] : [json];
        const bytes = bytesOf({ method, target, fields, body: method === 'GET' ? null : text });
        return { ...plain, kind: 'query', method, target, bytes };
      }),

  method: (subject) =>
    fc.tuple(subject.target, bodyText(subject), fc.constantFrom(...methods)).map(([target, text, method]) => {
      const body = ['GET', 'HEAD'].includes(method) ? null : text;
      const bytes = bytesOf({ method, target, fields: [json], body });
      return { ...plain, kind: 'method', method, target, bytes };
    }),

  encoding: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.constantFrom(...encodings))
      .map(([target, text, encode]) => {
        const { method } = subject.route;
        const bytes = bytesOf({ method, target, ...encode(text) });
        return { ...plain, kind: 'encoding', method, target, bytes, acceptable: isFree(subject) };
      }),

  headers: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.constantFrom(...oddFields), words)
      .map(([target, text, odd, word]) => {
        const { method } = subject.route;
        const fields = odd(text, word.replaceAll(/[\r\n\0]/g, ' '));
        const bytes = bytesOf({
          method,
          target,
          fields: [json, ...fields],
          body: method === 'GET' ? null : text,
        });
        return { ...plain, kind: 'headers', method, target, bytes };
      }),

  once: (subject) =>
    fc.tuple(withBody('once', subject, subject.body), fc.uuid()).map(([made, key]) => {
      const bytes = withField(made.bytes, `idempotency-key: ${key}`);
      return { ...made, bytes, twice: subject.route.acts === true };
    }),

  role: (subject) =>
    withBody('role', subject, subject.body).map((made) => {
      const { route, world, id } = subject;
      // Whoever ends their token would be nobody from then on.
      const shown = id === 'logout' ? `${world.looker}x` : world.looker;
      const mayLook = route.role === 'anyone' || (route.role === 'viewer' && id !== 'logout');
      return {
        ...made,
        bytes: withField(made.bytes, `authorization: Bearer ${shown}`),
        acceptable: made.acceptable && mayLook,
      };
    }),

  http: (subject) =>
    fc.tuple(subject.target, fc.constantFrom(...nonsense)).map(([target, make]) => ({
      ...plain,
      kind: 'http',
      method: subject.route.method,
      // Whatever it is, it is not asked to be understood.
      target: '*',
      bytes: Buffer.from(make(target), 'latin1'),
      how: 'half' as const,
    })),
};

const withField = (bytes: Buffer, field: string): Buffer =>
  Buffer.from(
    bytes.toString('latin1').replace('\r\n', () => `\r\n${field}\r\n`),
    'latin1',
  );

function broken(text: string, at: number, how: string): string {
  if (how === 'none') return '';
  const place = at % Math.max(1, text.length);
  if (how === 'cut') return text.slice(0, place);
  if (how === 'more') return `${text}${text.slice(0, 1 + place)}`;
  return `${text.slice(0, place)}${'{}[],:"\\0x'.charAt(at % 10)}${text.slice(place + 1)}`;
}

function parsed(text: string): { readonly ok: boolean; readonly value?: unknown } {
  if (text === '') return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

const tricks = [
  '..',
  '.',
  '%2e%2e',
  '%2E',
  '..%2f..%2fetc%2fpasswd',
  '..%5c..',
  '%00',
  '%',
  '%zz',
  '%ff%fe',
  '',
  ' ',
  '\\',
  ';a=b',
  'v1',
  'apps',
  '__proto__',
  'a'.repeat(3000),
  '~',
  '@',
  '%252e%252e',
  'shop#x',
  'shop?x=1',
];

const queries = [
  'WORD',
  'app=WORD',
  'limit=WORD',
  'limit=-1',
  'limit=1.5',
  'limit=1&limit=2',
  'after=99999999999999999999',
  'before=0x10',
  'follow=WORD',
  'lines=1e9',
  '__proto__=1',
  'app[]=shop',
  'a=1&a=1&a=1&a=1',
  '%ff=%fe',
  '=',
  '&&&&',
  'release=WORD',
  'status=WORD',
  'outcome=WORD',
  'role=WORD&instance=WORD',
];

const methods = [
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'LOCK',
  'POST',
];

const encodings: readonly ((text: string) => Partial<Head>)[] = [
  () => ({ fields: [json], body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) }),
  (text) => ({ fields: [json, 'content-encoding: gzip'], body: text }),
  (text) => ({ fields: ['content-type: text/plain'], body: text || '{}' }),
  (text) => ({ fields: ['content-type: application/x-www-form-urlencoded'], body: `a=${text}` }),
  (text) => ({
    fields: ['content-type: application/json; charset=utf-16'],
    body: Buffer.from(text, 'utf16le'),
  }),
  () => ({ fields: [json], body: Buffer.from('{"reason":"\\ud800","x":"\u0000"}') }),
  (text) => ({ fields: [json], body: Buffer.from(`${text}\u0000`, 'latin1') }),
  (text) => ({ fields: [json], body: `[${text}]` }),
  (text) => ({ fields: ['content-type: multipart/form-data'], body: text }),
  (text) => ({ fields: [], body: text }),
];

const oddFields: readonly ((text: string, word: string) => readonly string[])[] = [
  () => ['host: other'],
  () => ['content-length: 5', 'content-length: 6'],
  () => ['transfer-encoding: chunked', 'content-length: 1'],
  () => ['transfer-encoding: gzip, chunked'],
  (_, word) => [`idempotency-key: ${Buffer.from(word).toString('latin1')}`],
  () => ['idempotency-key: a', 'idempotency-key: b'],
  (_, word) => [`last-event-id: ${Buffer.from(word).toString('latin1')}`],
  () => ['expect: 100-continue'],
  () => ['expect: the-unexpected'],
  () => ['upgrade: websocket', 'connection: upgrade'],
  () => ['x-teal-actor: user:one', 'x-teal-actor: user:two'],
  () => ['content-type: text/plain'],
  () => ['bad name: 1'],
  () => ['x-bad: \u0001'],
  () => Array.from({ length: 100 }, (_, index) => `x-${index}: y`),
  (_, word) => [`accept: ${Buffer.from(word).toString('latin1')}`],
  () => ['authorization: Bearer nonsense', 'cookie: a=b; a=c'],
  () => ['range: bytes=0-1', 'if-none-match: *'],
  () => ['x-http-method-override: DELETE', 'x-forwarded-for: 127.0.0.1', 'forwarded: for=unknown'],
];

const nonsense: readonly ((target: string) => string)[] = [
  () => '\r\n\r\n\r\n',
  () => '\u0016\u0003\u0001\u0002\u0000\u0001',
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  (target) => `GET ${target} HTTP/1.1\r\n\r\n`,
  (target) => `GET ${target}\r\n`,
  (target) => `GET ${target} HTTP/7.0\r\nhost: t\r\n\r\n`,
  (target) => `get ${target} HTTP/1.1\r\nhost: t\r\n\r\n`,
  (target) => `GET ${target} HTTP/1.1\nhost: t\n\n`,
  (target) => `GET ${target} HTTP/1.1\r\n host: t\r\n\r\n`,
  () => 'GET http://[::1/x HTTP/1.1\r\nhost: t\r\n\r\n',
  () => 'OPTIONS * HTTP/1.1\r\nhost: t\r\n\r\n',
  () => 'CONNECT shop:443 HTTP/1.1\r\nhost: t\r\n\r\n',
  (target) => `POST ${target} HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
  (target) =>
    `POST ${target} HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n5;${'x'.repeat(20_000)}\r\n`,
  (target) => `GET ${target} HTTP/1.1\r\nhost: \u0000\r\n\r\n`,
  (target) => `GET ${target} HTTP/1.1\r\nhost: exa mple:99999\r\n\r\n`,
  (target) => `GET ${target}\u0080 HTTP/1.1\r\nhost: t\r\n\r\n`,
];
