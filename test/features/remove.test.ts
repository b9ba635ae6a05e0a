import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { planRemoval, type RemovalOrder } from '../../src/features/code/remove.ts';
import { loadSyntax } from '../../src/features/code/syntax.ts';

before(loadSyntax);

const order: RemovalOrder = {
  flag: 'new-checkout',
  keep: true,
  calls: [],
  packages: ['@openfeature/server-sdk'],
  partial: false,
};

function plan(files: Readonly<Record<string, string>>, more: Partial<RemovalOrder> = {}) {
  return planRemoval(new Map(Object.entries(files)), { ...order, ...more });
}

const flags =
  "import { client } from './client';\n\nexport const FLAGS = {\n  checkout: 'new-checkout',\n  other: 'other',\n} as const;\n\nexport function isNew(user: string) {\n  return client.getBooleanValue(FLAGS.checkout, false, { targetingKey: user });\n}\n\nexport function isOther() {\n  return client.getBooleanValue(FLAGS.other, false);\n}\n";

test('a function of another file that only gives the value is followed, also through an index file, and goes when nobody calls it', () => {
  const { changed, refusals } = plan({
    'src/flags/flags.ts': flags,
    'src/flags/index.ts': "export * from './flags';\n",
    'src/page.ts':
      "import { isNew, isOther } from './flags';\n\nexport async function page(user: string) {\n  if (await isNew(user)) return one();\n  return (await isOther()) ? two() : three();\n}\n",
  });
  assert.deepEqual(refusals, []);
  assert.equal(
    changed.get('src/page.ts'),
    'export async function page(user: string) {\n  return one();\n}\n',
  );
  assert.equal(
    changed.get('src/flags/flags.ts'),
    "import { client } from './client';\n\nexport const FLAGS = {\n  checkout: 'new-checkout',\n  other: 'other',\n} as const;\n\nexport function isOther() {\n  return client.getBooleanValue(FLAGS.other, false);\n}\n",
  );
});

test('what nobody of the project used may be for somebody else, and stays, with the value in it', () => {
  const { changed } = plan({ 'src/flags.ts': flags });
  assert.match(
    changed.get('src/flags.ts') ?? '',
    /export function isNew\(user: string\) \{\n {2}return Promise\.resolve\(true\);\n\}/,
  );
});

test('names in a file of their own are found where they are used, and go with the last use', () => {
  const { changed } = plan({
    'src/names.ts': "export enum Flag {\n  Checkout = 'new-checkout',\n  Other = 'other',\n}\n",
    'src/page.ts':
      "import { client } from './client';\nimport { Flag } from './names.js';\nexport const f = async () => ((await client.getBooleanValue(Flag.Checkout, false)) ? one() : two());\n",
  });
  assert.equal(changed.get('src/page.ts'), 'export const f = async () => one();\n');
  assert.equal(changed.get('src/names.ts'), "export enum Flag {\n  Other = 'other',\n}\n");
});

test('one place that is refused is enough to change nothing, unless it is to be done in part', () => {
  const files = {
    'a.ts':
      "import { client } from './client';\nif (await client.getBooleanValue('new-checkout', false)) one();\n",
    'b.ts': "ask('new-checkout');\n",
  };
  const whole = plan(files);
  assert.equal(whole.changed.size, 0);
  assert.deepEqual(
    whole.refusals.map(({ file, line }) => `${file}:${line}`),
    ['b.ts:1'],
  );
  assert.deepEqual([...plan(files, { partial: true }).changed.keys()], ['a.ts']);
});

test('what is left to a person is listed: comments, settings, other languages', () => {
  const { left } = plan({
    'a.ts':
      "import { client } from './client';\n// new-checkout is for staff\nif (await client.getBooleanValue('new-checkout', false)) one();\n",
    'teal.yaml': 'features:\n  new-checkout:\n    default: false\n  new-checkout-v2: {}\n',
    'main.go': 'client.BooleanValue(ctx, "new-checkout", false, ec)\n',
  });
  assert.deepEqual(
    left.map(({ file, line }) => `${file}:${line}`),
    ['a.ts:1', 'teal.yaml:2', 'main.go:1'],
  );
});
