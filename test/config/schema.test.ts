import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkConfig } from '../../src/config/load.ts';
import { docsText, schemaText } from '../../scripts/schema.ts';

const root = join(import.meta.dirname, '../..');

test('teal.schema.json is what the schemas say (npm run schema)', async () => {
  assert.equal(await readFile(join(root, 'teal.schema.json'), 'utf8'), schemaText());
});

test('the tables of docs/config.md are what the schemas say (npm run schema)', async () => {
  const text = await readFile(join(root, 'docs/config.md'), 'utf8');
  assert.equal(text, docsText(text));
});

test('the example in docs/config.md is a right teal.yaml', async () => {
  const text = await readFile(join(root, 'docs/config.md'), 'utf8');
  const example = /```yaml\n([^]*?)```/.exec(text)?.[1] ?? '';
  assert.ok(example.includes('apps:'));
  assert.deepEqual(checkConfig(example, 'teal.yaml'), []);
});

interface Json {
  readonly description?: string;
  readonly additionalProperties?: Json | boolean;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly items?: Json;
  readonly anyOf?: readonly Json[];
}

test('every key has a description for editors, and no map takes unknown keys', () => {
  const visit = (json: Json, path: string): void => {
    for (const [key, inner] of Object.entries(json.properties ?? {})) {
      if (!/\.(?:environment|headers)$/.test(path))
        assert.ok((inner.description ?? '').length > 5, `${path}.${key}`);
      visit(inner, `${path}.${key}`);
    }
    if (json.properties !== undefined) assert.equal(json.additionalProperties, false, path);
    if (typeof json.additionalProperties === 'object') visit(json.additionalProperties, path);
    for (const inner of [json.items ?? [], json.anyOf ?? []].flat()) visit(inner, path);
  };
  visit(JSON.parse(schemaText()) as Json, '');
});
