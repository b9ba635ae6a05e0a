/**
 * Writes teal.schema.json and the tables of docs/config.md from the schemas in src/config/.
 *
 *   npm run schema
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toJsonSchema, type ConversionConfig, type JsonSchema } from '@valibot/to-json-schema';
import { shapesOf } from '../src/config/leaf.ts';
import { rule } from '../src/config/schema-audience.ts';
import { fileSchema } from '../src/config/schema.ts';

const root = join(import.meta.dirname, '..');
const schemaFile = join(root, 'teal.schema.json');
const docsFile = join(root, 'docs', 'config.md');

/** One status or range of them: what health.status and tests may list. */
const status = {
  anyOf: [
    { type: 'integer', minimum: 200, maximum: 599 },
    { type: 'string', pattern: String.raw`^[2-5]\d\d(-[2-5]\d\d)?$` },
  ],
} satisfies JsonSchema;

const conversion: ConversionConfig = {
  // How a value is read cannot be said in JSON Schema; what may be written is in the metadata of its kind.
  ignoreActions: ['raw_transform', 'transform'],
  errorMode: 'ignore',
  overrideSchema: ({ valibotSchema }) => {
    const shapes = shapesOf(valibotSchema);
    if (shapes === null) return null;
    const converted = shapes.map((shape) => convert(shape));
    return converted.length === 1 ? converted[0] : { anyOf: converted };
  },
};

type Convertible = Parameters<typeof toJsonSchema>[0];

function convert(schema: Convertible): JsonSchema {
  const { $schema: _, definitions: __, $defs: ___, ...json } = toJsonSchema(schema, conversion);
  return json;
}

/** The text of teal.schema.json. */
export function schemaText(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'teal.yaml',
    description: 'Blue-green deployment of apps with Teal.',
    ...convert(fileSchema),
    definitions: { status, audience: convert(rule) },
  };
  return `${JSON.stringify(closed(schema), null, 2)}\n`;
}

/** `additionalProperties: { not: {} }` is what a rest of never becomes; false says the same, and editors know it. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => closed(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    const never = key === 'additionalProperties' && JSON.stringify(inner) === '{"not":{}}';
    return [key, never ? false : closed(inner)];
  });
  return Object.fromEntries(entries.filter(([key, inner]) => key !== 'required' || (inner as []).length > 0));
}

interface Json {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Json | boolean;
  readonly items?: Json;
  readonly anyOf?: readonly Json[];
}

interface Row {
  readonly path: string;
  readonly value: string;
  readonly byDefault: string;
  readonly what: string;
}

/** Every key below a schema, in the order of teal.yaml. */
function rows(json: Json, path: string): readonly Row[] {
  return Object.entries(json.properties ?? {}).flatMap(([key, inner]) => {
    const here = path === '' ? key : `${path}.${key}`;
    const needed = json.required?.includes(key) === true;
    const row: Row = {
      path: here,
      value: valueOf(inner),
      byDefault: inner.default === undefined ? (needed ? '(needed)' : '–') : yamlOf(inner.default),
      what: inner.description ?? '',
    };
    return [row, ...below(inner, here)];
  });
}

function below(json: Json, path: string): readonly Row[] {
  const inner = typeof json.additionalProperties === 'object' ? json.additionalProperties : null;
  if (inner?.properties !== undefined) return rows(inner, `${path}.<name>`);
  const shapes = (json.items?.anyOf ?? []).filter((shape) => shape.properties !== undefined);
  const single = json.anyOf?.find((shape) => shape.properties !== undefined);
  // One map, or a list of such, or a word.
  if (single !== undefined) return rows(single, isListed(json) ? `${path}[]` : path);
  if (json.items?.properties !== undefined) return rows(json.items, `${path}[]`);
  if (shapes.length > 0)
    return shapes.flatMap((shape) => rows(shape, `${path}[${shape.required?.[0] ?? ''}]`));
  return rows(json, path);
}

const isListed = ({ anyOf = [] }: Json): boolean => anyOf.some(({ items }) => items !== undefined);

function valueOf(json: Json): string {
  if (json.title !== undefined) return json.title;
  if (json.items !== undefined) return `a list, each ${json.items.title ?? 'a map'}`;
  // A word that stands for a map names the map too.
  const one = json.anyOf?.find(({ title }) => title !== undefined) ?? json.anyOf?.[0];
  if (one !== undefined) return `${valueOf(one)}${isListed(json) ? '; or a list of them' : ''}`;
  return 'a map';
}

function yamlOf(value: unknown): string {
  return typeof value === 'string' ? `\`${value}\`` : `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

const marks = ['<!-- generated by scripts/schema.ts: do not edit -->', '<!-- end -->'] as const;

/** docs/config.md with its tables as the schemas say. */
export function docsText(current: string): string {
  const start = current.indexOf(marks[0]);
  const end = current.indexOf(marks[1]);
  if (start === -1 || end < start)
    throw new Error(`docs/config.md has lost its marks ${marks.join(' and ')}`);
  const json = convert(fileSchema) as Json;
  const sections = Object.groupBy(rows(json, ''), ({ path }) => sectionOf(path));
  const tables = Object.entries(sections).map(([section, of]) => table(section, of ?? []));
  return `${current.slice(0, start)}${marks[0]}\n\n${tables.join('\n\n')}\n\n${current.slice(end)}`;
}

function sectionOf(path: string): string {
  if (/^(?:control|router)\b/.test(path)) return path.split('.')[0] ?? path;
  if (!path.startsWith('apps.')) return 'The file';
  const [, , key = '', ...more] = path.split(/[.[]/);
  return more.length === 0 && !nested.has(key) ? 'apps.<name>' : `apps.<name>.${key}`;
}

const nested = new Set([
  'run',
  'roles',
  'health',
  'release',
  'judge',
  'database',
  'drain',
  'upstream',
  'preview',
]);

function table(section: string, of: readonly Row[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const lines = of.map(
    ({ path, value, byDefault, what }) =>
      `| \`${path}\` | ${cell(value)} | ${cell(byDefault)} | ${cell(what)} |`,
  );
  const heading = section.startsWith('The') ? section : `\`${section}\``;
  return [
    `## ${heading}`,
    '',
    '| key | value | default | what, and why so |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

if (import.meta.main) {
  await writeFile(schemaFile, schemaText());
  await writeFile(docsFile, docsText(await readFile(docsFile, 'utf8')));
}
