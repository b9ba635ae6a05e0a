/**
 * Writes docs/openapi.json (OpenAPI 3.1) from the routes of src/control/api/routes: what validates requests is what documents them.
 *
 *   npm run openapi
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toJsonSchema, toJsonSchemaDefs, type JsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { errorCode } from '../src/control/api/answers/exactly.ts';
import { named } from '../src/control/api/answers/named.ts';
import { eventView } from '../src/control/api/answers/lines.ts';
import { problem } from '../src/control/api/answers/teal.ts';
import type { Route } from '../src/control/api/route.ts';
import { tags } from '../src/control/api/route.ts';
import { actErrors, commonErrors } from '../src/control/api/routes/parts.ts';
import { routeEntries } from '../src/control/api/routes/routes.ts';
import { titleOf } from '../src/control/api/problem.ts';
import { version } from '../src/config/version.ts';
import { errorCodes, type ErrorCode } from '../src/errors.ts';

const file = join(import.meta.dirname, '..', 'docs', 'openapi.json');

const conversion = {
  target: 'draft-2020-12',
  // What it cannot say (an address of either version) is said in words, and validated all the same.
  errorMode: 'ignore',
  // A newer Teal may have more of them; all that this one has are at /v1/errors.
  overrideSchema: ({ valibotSchema }: { readonly valibotSchema: unknown }) =>
    valibotSchema === errorCode ? ({ type: 'string', description: 'See GET /v1/errors.' } as const) : null,
  overrideRef: ({ referenceId }: { readonly referenceId: string }) => `#/components/schemas/${referenceId}`,
} as const;

/** Bodies and answers alike: a newer Teal may answer with more, so only bodies are closed. */
function schemaOf(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, $defs: __, ...json } = toJsonSchema(schema, { ...conversion, definitions: named });
  return json;
}

function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => open(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, inner]) => !(key === 'additionalProperties' && inner === false),
  );
  return Object.fromEntries(entries.map(([key, inner]) => [key, open(inner)]));
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: unknown;
}

function parametersOf(route: Route): readonly Parameter[] {
  const of = (where: Parameter['in'], { entries }: Route['params']): readonly Parameter[] =>
    Object.entries(entries).map(([name, field]) => {
      const { description, ...schema } = schemaOf(field as v.GenericSchema);
      return {
        name,
        in: where,
        required: (field as { readonly type: string }).type !== 'exact_optional',
        ...(description === undefined ? {} : { description }),
        schema: where === 'query' && schema.type === 'boolean' ? switchLike : schema,
      };
    });
  const own = route.headers === undefined ? [] : of('header', route.headers);
  return [...of('path', route.params), ...of('query', route.query), ...own, ...headersOf(route)];
}

/** How a boolean is written in a query. */
const switchLike = { type: 'string', enum: ['1', '0', 'true', 'false', ''] };

function headersOf(route: Route): readonly Parameter[] {
  const header = (name: string, description: string, schema: unknown): Parameter => ({
    name,
    in: 'header',
    required: false,
    description,
    schema,
  });
  const key = header(
    'Idempotency-Key',
    'A name for this request, such as a UUID: sent again with it within a day, it is answered the same and not done again.',
    { type: 'string', minLength: 1, maxLength: 200, pattern: '^[!#-~]+$' },
  );
  const last = header('Last-Event-ID', 'The id of the last event that came: goes on after it.', {
    type: 'string',
    pattern: '^[0-9]{1,15}$',
  });
  return [...(route.acts === true ? [key] : []), ...(route.answer.kind === 'events' ? [last] : [])];
}

function contentOf({ answer }: Route): Readonly<Record<string, unknown>> {
  switch (answer.kind) {
    case 'json': {
      const lines = answer.lines === undefined ? {} : ndjson(answer.lines);
      return { 'application/json': { schema: open(schemaOf(answer.schema)) }, ...lines };
    }
    case 'lines':
      return ndjson(answer.schema);
    case 'events':
      return {
        'text/event-stream': { schema: { type: 'string' }, 'x-event-data': open(schemaOf(eventView)) },
      };
    case 'text':
      return { 'text/plain': { schema: { type: 'string' } } };
  }
}

/** One such document a line. */
const ndjson = (schema: v.GenericSchema): Readonly<Record<string, unknown>> => ({
  'application/x-ndjson': { schema: open(schemaOf(schema)) },
});

const codesOf = (route: Route): readonly ErrorCode[] =>
  [...new Set([...commonErrors, ...(route.acts === true ? actErrors : []), ...route.errors])].toSorted();

/** By status; which codes of a status an operation has is in its `x-codes`. */
function refusalsOf(route: Route): Readonly<Record<string, unknown>> {
  const statuses = new Set(codesOf(route).map((code) => errorCodes[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => [String(status), { $ref: `#/components/responses/${status}` }]),
  );
}

function refusals(): Readonly<Record<string, unknown>> {
  const all = [...new Set(routeEntries.flatMap(([, route]) => codesOf(route)))].toSorted();
  const content = { 'application/problem+json': { schema: schemaOf(problem) } };
  const byStatus = Map.groupBy(all, (code) => errorCodes[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      { description: codes.map(titleOf).join(', '), content },
    ]),
  );
}

function operationOf(id: string, route: Route): Readonly<Record<string, unknown>> {
  const parameters = parametersOf(route);
  const requestBody = requestBodyOf(route);
  return {
    operationId: id,
    tags: [tags[route.tag]],
    summary: route.says,
    'x-role': route.role,
    'x-codes': codesOf(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.role === 'anyone' ? { security: [] } : {}),
    ...(requestBody === null ? {} : { requestBody }),
    responses: { '200': { description: route.says, content: contentOf(route) }, ...refusalsOf(route) },
  };
}

function requestBodyOf({ body, takes }: Route): Readonly<Record<string, unknown>> | null {
  if (takes === 'archive')
    return {
      required: true,
      content: { 'application/gzip': { schema: { description: 'A .tgz archive.' } } },
    };
  if (body === undefined) return null;
  return { required: needsBody(body), content: { 'application/json': { schema: schemaOf(body) } } };
}

/** An empty body is an empty object. */
const needsBody = (body: v.GenericSchema): boolean => (schemaOf(body).required ?? []).length > 0;

function pathsOf(): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, route] of routeEntries) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(id, route);
  }
  return paths;
}

/** Off the socket, where the permission of a file says who may. */
const securitySchemes = {
  token: { type: 'http', scheme: 'bearer', description: 'teal_…, of teal token create or teal login.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-teal-session',
    description: 'Of a browser that has signed in at /login; teal-session where there is no TLS.',
  },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: 'x-teal-csrf',
    description: 'Of GET /v1/session; with the cookie, for whatever is no GET.',
  },
};

/** The text of docs/openapi.json. */
export function openApiText(): string {
  const document = {
    openapi: '3.1.1',
    info: {
      title: 'Teal',
      summary: 'Blue-green and canary deployment for any app.',
      description:
        'Every refusal is application/problem+json (RFC 9457) with a stable code and what to do next. See docs/api.md.',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      {
        url: 'http://localhost',
        description: 'Over the unix socket in the data folder: curl --unix-socket .teal/control.sock',
      },
      {
        url: 'https://{host}:{port}',
        description: 'Over TCP, where control.listen of teal.yaml says so; with a token.',
        variables: { host: { default: 'localhost' }, port: { default: '7433' } },
      },
    ],
    security: [{}, { token: [] }, { session: [], csrf: [] }],
    tags: Object.values(tags).map((name) => ({ name })),
    paths: pathsOf(),
    components: {
      securitySchemes,
      responses: refusals(),
      schemas: open(toJsonSchemaDefs({ ...named }, conversion)),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

if (import.meta.main) await writeFile(file, openApiText());
