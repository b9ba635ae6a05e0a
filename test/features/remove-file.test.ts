import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { removeFromFile } from '../../src/features/code/remove-file.ts';
import { nothingOutside } from '../../src/features/code/static-value.ts';
import { loadSyntax } from '../../src/features/code/syntax.ts';
import type { Json } from '../../src/config/features.ts';
import { cases } from './cases.ts';

before(loadSyntax);

function remove(path: string, text: string, keep: Json = true, calls: readonly string[] = []) {
  return removeFromFile(path, text, {
    flag: 'k',
    keep,
    calls: new Set(calls),
    packages: [],
    outside: nothingOutside,
  });
}

for (const { name, path = 'code.ts', keep = true, before: text, after } of cases) {
  test(name, () => {
    const result = remove(path, text, keep);
    assert.deepEqual(result.refusals, []);
    assert.equal(result.text, after);
    assert.equal(remove(path, result.text, keep).text, after, 'a second time changes something');
  });
}

const server =
  "import { OpenFeature } from '@openfeature/server-sdk';\nconst client = OpenFeature.getClient();\n";

const refused: readonly (readonly [name: string, code: string, why: RegExp])[] = [
  [
    'an argument with an effect',
    "await client.getBooleanValue('k', false, context());",
    /an argument may have an effect: context\(\)/,
  ],
  ['a client that may be missing', "await client?.getBooleanValue('k', false);", /with \?\./],
  [
    'a type other than that of the value',
    "await client.getStringValue('k', '');",
    /asks for a string, and the value to keep is true/,
  ],
  [
    'more of the details than the value',
    "const d = await client.getBooleanDetails('k', false); use(d.value, d.reason);",
    /more than the value of its details/,
  ],
  ['a name that goes to something unknown', "use('k');", /Teal does not know/],
  [
    'a name that is one of several',
    "const name = a ? 'k' : 'other'; await client.getBooleanValue(name, false);",
    /Teal does not know/,
  ],
  [
    'a name in a variable that may change',
    "let name = 'k'; await client.getBooleanValue(name, false);",
    /Teal does not know/,
  ],
  [
    'a variable of the whole function, declared in what would go',
    "if (!(await client.getBooleanValue('k', false))) { var x = 1; } use(x);",
    /x is declared in what would go/,
  ],
  [
    'a break in the middle of the case',
    "switch (await client.getBooleanValue('k', false)) { case true: if (a) break; use(1); }",
    /a break in the middle/,
  ],
  [
    'a case that is computed',
    "switch (await client.getBooleanValue('k', false)) { case a: use(1); break; case true: use(2); }",
    /compared with something that is not written there/,
  ],
];

for (const [name, code, why] of refused) {
  test(`refused, with file and line, and left as it was: ${name}`, () => {
    const text = `${server}export async function f(a) {\n  ${code}\n}\n`;
    const result = remove('code.ts', text);
    assert.equal(result.text, text);
    assert.equal(result.refusals.length, 1, JSON.stringify(result.refusals));
    assert.equal(result.refusals[0]?.line, 4);
    assert.match(result.refusals[0]?.why ?? '', why);
  });
}

test('what is refused is left alone, and the rest of the file is done', () => {
  const text = `${server}export async function f() {\n  if (await client.getBooleanValue('k', false)) one();\n  if (await client.getBooleanValue('k', false, effect())) two();\n}\n`;
  const { text: after, refusals } = remove('code.ts', text);
  assert.equal(after, text.replace("if (await client.getBooleanValue('k', false)) one();", 'one();'));
  assert.deepEqual(
    refusals.map(({ line }) => line),
    [5],
  );
});

test('whether a call gives a promise is not guessed', () => {
  const text = "import { client } from './client';\nexport const on = client.getBooleanValue('k', false);\n";
  assert.match(remove('code.ts', text).refusals[0]?.why ?? '', /cannot be told whether this gives a promise/);
  const awaited =
    "import { client } from './client';\nexport const f = async () => (await client.getBooleanValue('k', false)) && one();\n";
  assert.equal(remove('code.ts', awaited).text, 'export const f = async () => one();\n');
});

test('functions of the project that take a name and give its value are named, and then known', () => {
  const text =
    "import { isEnabled } from './flags';\nif (isEnabled('k')) one();\nif (isEnabled('other')) two();\n";
  assert.equal(remove('code.ts', text).text, text);
  assert.equal(
    remove('code.ts', text, true, ['isEnabled']).text,
    "import { isEnabled } from './flags';\none();\nif (isEnabled('other')) two();\n",
  );
});

test('a promise that is handed on stays a promise', () => {
  const text = `${server}export function f() {\n  return client.getBooleanValue('k', false).then((on) => [on]);\n}\n`;
  const { text: after, constants } = remove('code.ts', text);
  assert.match(after, /return Promise\.resolve\(true\)\.then/);
  assert.deepEqual(
    constants.map(({ line }) => line),
    [4],
  );
});

test('a file with a syntax error is refused as a whole', () => {
  const { refusals, text } = remove('code.ts', "if (client.getBooleanValue('k', false) {");
  assert.equal(text, "if (client.getBooleanValue('k', false) {");
  assert.match(refusals[0]?.why ?? '', /syntax error/);
});

test('names of properties and types ask for nothing, and stay', () => {
  const text =
    "type Key = 'k' | 'other';\nexport const settings: Record<Key, object> = { 'k': {}, other: {} };\n";
  const result = remove('code.ts', text);
  assert.deepEqual([result.text, result.refusals], [text, []]);
});
