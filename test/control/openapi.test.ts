/** The document of the API: what the routes say, right by the standard, and nothing in it that is not there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiText } from '../../scripts/openapi.ts';
import { routeEntries } from '../../src/control/api/routes/routes.ts';
import { commandNames } from '../../src/control/contract.ts';
import { errorCodes } from '../../src/errors.ts';

const root = join(import.meta.dirname, '../..');
const text = await readFile(join(root, 'docs/openapi.json'), 'utf8');

interface Json {
  readonly [key: string]: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json }>> };
  readonly 'x-codes': readonly (keyof typeof errorCodes)[];
  readonly responses: Readonly<Record<string, Json>>;
}

const document = JSON.parse(text) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('docs/openapi.json is what the routes say (npm run openapi)', () => {
  assert.equal(text, openApiText());
});

test('it is right by the schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(text);
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, '3.1');
  const { valid: broken } = await validator.validate(JSON.stringify({ ...document, paths: { status: {} } }));
  assert.equal(broken, false, 'and a wrong one is found');
});

test('every reference in it leads somewhere', () => {
  const references = [...text.matchAll(/"\$ref": "#([^"]+)"/g)].map(([, at = '']) => at);
  assert.ok(references.length > 100);
  const broken = references.filter((at) => {
    let value: unknown = document;
    for (const part of at.split('/').slice(1))
      value = (value as Json | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
    return value === undefined;
  });
  assert.deepEqual(broken, []);
});

test('every operation has a name of its own, a sentence, its parameters, and closed bodies', () => {
  assert.equal(operations.length, routeEntries.length);
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { path, operation } of operations) {
    const { operationId, summary, parameters = [], requestBody } = operation;
    assert.match(summary, /^[A-Z].+\.$/, operationId);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
    assert.deepEqual(declared, named, operationId);
    const body = requestBody?.content['application/json']?.schema;
    if (body !== undefined) assert.equal(body['additionalProperties'], false, operationId);
  }
});

test('every command is an operation, for apps; every refusal is a code that there is', () => {
  const paths = new Set(operations.map(({ path }) => path));
  for (const command of commandNames) assert.ok(paths.has(`/v1/apps/{app}/${command}`), command);
  for (const { operation } of operations) {
    const statuses = operation['x-codes'].map((code) => String(errorCodes[code].status));
    const told = Object.keys(operation.responses).filter((status) => status !== '200');
    assert.deepEqual(told.toSorted(), [...new Set(statuses)].toSorted(), operation.operationId);
  }
});

test('docs/api.md names every path, and none that there is not', async () => {
  const page = await readFile(join(root, 'docs/api.md'), 'utf8');
  const told = new Set([...page.matchAll(/`(?:GET|POST|DELETE) (\/[^`?\s]*)/g)].map(([, path = '']) => path));
  const there = new Set(operations.map(({ path }) => path));
  assert.deepEqual([...told].filter((path) => !there.has(path)).toSorted(), []);
  assert.deepEqual([...there].filter((path) => !told.has(path)).toSorted(), []);
});
