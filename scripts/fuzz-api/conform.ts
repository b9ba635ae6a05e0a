/** Whether an answer of Teal is one that docs/openapi.json allows: by the document, and by the schemas that it is made from, which are stricter. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as v from 'valibot';
import { problem } from '../../src/control/api/answers/teal.ts';
import { problemType } from '../../src/control/api/problem.ts';
import { routes, type RouteId } from '../../src/control/api/routes/routes.ts';
import type { Route } from '../../src/control/api/route.ts';
import { errorCodes, type ErrorCode } from '../../src/errors.ts';

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly 'x-codes': readonly string[];
  readonly responses: {
    readonly '200': { readonly content: Readonly<Record<string, unknown>> };
  };
}

const document = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as Document;

// Formats are words for people here; `x-` keys are not of JSON Schema.
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, 'teal');
const compiled = new Map<string, ValidateFunction>();

function byDocument(pointer: string, value: unknown): readonly string[] {
  const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `teal#${pointer}` });
  compiled.set(pointer, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? ''}`);
}

const segment = (text: string): string =>
  encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));

function pointerOf({ path, method }: Route, status: number, type: string): string {
  const at = path.replaceAll(/:(\w+)/g, '{$1}');
  const parts = ['paths', at, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
  return `/${parts.map(segment).join('/')}`;
}

const operationOf = ({ path, method }: Route): Operation | undefined =>
  document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];

/** What is wrong with an answer; empty when nothing is. @param id null: no route was asked for */
export function mistakes(id: RouteId | null, method: string, answer: Answer): readonly string[] {
  const route: Route | null = id === null ? null : routes[id];
  if (answer.status === 500) return [`500: ${answer.body.slice(0, 300)}`];
  if (method === 'HEAD') return answer.body === '' ? [] : ['a HEAD was answered with a body'];
  if (answer.status >= 400) return refusal(route, answer);
  if (answer.status === 204) return answer.headers.has('allow') ? [] : ['204 without Allow'];
  if (answer.status !== 200) return [`status ${answer.status} is not in the document`];
  if (route !== null) return success(route, answer);
  // Pages for people are no routes of the API; `/v1/..` is one of them.
  return typeOf(answer) === 'text/html' ? [] : ['200, although there is no such route'];
}

function typeOf({ headers }: Answer): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
}

function refusal(route: Route | null, answer: Answer): readonly string[] {
  if (typeOf(answer) !== problemType)
    return [`${answer.status} is ${typeOf(answer) || 'of no type'}, not a problem`];
  const value = parsed(answer.body);
  if (value === undefined) return ['the problem is not JSON'];
  const shape = [...byDocument('/components/schemas/Problem', value), ...bySchema(problem, value)];
  if (shape.length > 0) return shape;
  const { code, status } = value as { readonly code: ErrorCode; readonly status: number };
  if (status !== answer.status || errorCodes[code].status !== status)
    return [`${code} came with status ${answer.status}`];
  if (code === 'method-not-allowed' && !answer.headers.has('allow')) return ['405 without Allow'];
  return known(route, code) ? [] : [`${code} is not among the refusals of ${route?.path ?? 'no route'}`];
}

/** What is refused before it is known what is asked for. */
const ofAny: readonly string[] = [
  'not-found',
  'method-not-allowed',
  'usage',
  'headers-too-large',
  'request-timeout',
];

function known(route: Route | null, code: ErrorCode): boolean {
  if (ofAny.includes(code)) return true;
  // Pages know apps, too.
  if (route === null && code === 'app-unknown') return true;
  return route !== null && operationOf(route)?.['x-codes'].includes(code) === true;
}

/** Of a long stream the first lines are looked at. */
const mostLines = 50;

function success(route: Route, answer: Answer): readonly string[] {
  const type = typeOf(answer);
  if (operationOf(route)?.responses['200'].content[type] === undefined)
    return [`200 of type ${type} is not in the document`];
  if (type === 'text/plain' || type === 'text/event-stream') return [];
  const pointer = pointerOf(route, 200, type);
  const lined = type === 'application/x-ndjson';
  const texts = lined ? answer.body.split('\n').slice(0, -1).slice(0, mostLines) : [answer.body];
  return texts.flatMap((text) => {
    const value = parsed(text);
    if (value === undefined) return [`not JSON: ${text.slice(0, 100)}`];
    return [...byDocument(pointer, value), ...bySchema(schemaOf(route, lined), value)];
  });
}

function schemaOf({ answer }: Route, lined: boolean): v.GenericSchema {
  if (answer.kind === 'text') return v.string();
  return lined && answer.kind === 'json' ? (answer.lines ?? answer.schema) : answer.schema;
}

function bySchema(schema: v.GenericSchema, value: unknown): readonly string[] {
  const result = v.safeParse(schema, value);
  if (result.success) return [];
  return result.issues.map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
