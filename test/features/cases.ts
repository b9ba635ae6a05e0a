import type { Json } from '../../src/config/features.ts';

/** A piece of code before and after the flag `k` is taken out. */
export interface Case {
  readonly name: string;
  /** Default: true. */
  readonly keep?: Json;
  readonly path?: string;
  readonly before: string;
  readonly after: string;
}

const server =
  "import { OpenFeature } from '@openfeature/server-sdk';\nconst client = OpenFeature.getClient();\n";
const used = "client.track('used');\n";

/** With the imports of a server, whose client goes on being used for something else. */
function onServer(before: string, after: string): Pick<Case, 'before' | 'after'> {
  return { before: `${server}${used}${before}`, after: `${server}${used}${after}` };
}

export const cases: readonly Case[] = [
  {
    name: 'if and else: the branch that is always taken stays, without its braces',
    ...onServer(
      "export async function f() {\n  if (await client.getBooleanValue('k', false)) {\n    // the new way\n    one();\n  } else {\n    two();\n  }\n  three();\n}\n",
      'export async function f() {\n  // the new way\n  one();\n  three();\n}\n',
    ),
  },
  {
    name: 'a value kept off keeps the other branch',
    keep: false,
    ...onServer(
      "export async function f() {\n  if (await client.getBooleanValue('k', false)) {\n    one();\n  } else {\n    two();\n  }\n}\n",
      'export async function f() {\n  two();\n}\n',
    ),
  },
  {
    name: 'else if: the chain goes on',
    keep: false,
    ...onServer(
      "export async function f(a: boolean) {\n  if (a) {\n    one();\n  } else if (await client.getBooleanValue('k', false)) {\n    two();\n  } else {\n    three();\n  }\n}\n",
      'export async function f(a: boolean) {\n  if (a) {\n    one();\n  } else {\n    three();\n  }\n}\n',
    ),
  },
  {
    name: 'a guard that always leaves takes along what is then never reached',
    ...onServer(
      "export async function f() {\n  const on = await client.getBooleanValue('k', false);\n  if (on) return one();\n  two();\n  return three();\n}\n",
      'export async function f() {\n  return one();\n}\n',
    ),
  },
  {
    name: 'a guard that never leaves goes, with the comment right above it',
    ...onServer(
      "export async function f() {\n  zero();\n\n  // Only for those who have it.\n  if (!(await client.getBooleanValue('k', false))) return one();\n\n  two();\n}\n",
      'export async function f() {\n  zero();\n\n  two();\n}\n',
    ),
  },
  {
    name: 'braces stay where a name in them is in use around them',
    ...onServer(
      "export async function f(x: number) {\n  if (await client.getBooleanValue('k', false)) {\n    const x = 2;\n    use(x);\n  }\n  use(x);\n}\n",
      'export async function f(x: number) {\n  {\n    const x = 2;\n    use(x);\n  }\n  use(x);\n}\n',
    ),
  },
  {
    name: 'a constant of the same name in an inner function is another one',
    ...onServer(
      "export async function f() {\n  const on = await client.getBooleanValue('k', false);\n  const g = (on: number) => use(on);\n  g(on ? 1 : 2);\n}\n",
      'export async function f() {\n  const g = (on: number) => use(on);\n  g(1);\n}\n',
    ),
  },
  {
    name: 'ternaries, && and ||, with a comment that belongs to what is kept',
    ...onServer(
      "export async function f(a: number) {\n  const on = await client.getBooleanValue('k', false);\n  use(on ? /* new */ a : -a, on && a, on || a, a > 1 && on, a && on);\n}\n",
      'export async function f(a: number) {\n  use(/* new */ a, a, true, a > 1, a && true);\n}\n',
    ),
  },
  {
    name: 'a true that was there before is left alone',
    ...onServer(
      "export async function f() {\n  if (true) zero();\n  if (await client.getBooleanValue('k', false)) one(true);\n}\n",
      'export async function f() {\n  if (true) zero();\n  one(true);\n}\n',
    ),
  },
  {
    name: 'spreads of lists and objects',
    ...onServer(
      "export async function f() {\n  const on = await client.getBooleanValue('k', false);\n  return { list: [1, ...(on ? [2, 3] : [])], ...(on && { a: 1 }), ...(on ? {} : { b: 2 }), on };\n}\n",
      'export async function f() {\n  return { list: [1, 2, 3], a: 1, on: true };\n}\n',
    ),
  },
  {
    name: 'details, taken apart or read',
    ...onServer(
      "export async function f() {\n  const { value: on } = await client.getBooleanDetails('k', false);\n  const d = await client.getBooleanDetails('k', false);\n  if (on && d.value) one();\n}\n",
      'export async function f() {\n  one();\n}\n',
    ),
  },
  {
    name: 'a value that is waited for with others',
    ...onServer(
      "export async function f() {\n  const [on, user] = await Promise.all([client.getBooleanValue('k', false), load()]);\n  return on ? user : null;\n}\n",
      'export async function f() {\n  const [user] = await Promise.all([load()]);\n  return user;\n}\n',
    ),
  },
  {
    name: 'a function that only gives the value, and all that was only for it',
    before:
      "import { OpenFeature } from '@openfeature/server-sdk';\n\nconst KEY = 'k';\nconst client = OpenFeature.getClient();\n\n/** Whether it is on. */\nasync function isOn(user: { id: string }) {\n  return client.getBooleanValue(KEY, false, { targetingKey: user.id });\n}\n\nexport async function f(user: { id: string }) {\n  if (await isOn(user)) return one();\n  return two();\n}\n",
    after: 'export async function f(user: { id: string }) {\n  return one();\n}\n',
  },
  {
    name: 'variants: switch and comparisons',
    keep: 'blue',
    ...onServer(
      "export async function f() {\n  const colour = await client.getStringValue('k', 'red');\n  if (colour !== 'blue') zero();\n  switch (colour) {\n    case 'red':\n      one();\n      break;\n    case 'blue': {\n      two();\n      break;\n    }\n    default:\n      three();\n  }\n  return colour;\n}\n",
      "export async function f() {\n  two();\n  return 'blue';\n}\n",
    ),
  },
  {
    name: 'a case that runs into the next',
    keep: 1,
    ...onServer(
      "export async function f() {\n  switch (await client.getNumberValue('k', 0)) {\n    case 0:\n      zero();\n    case 1:\n      one();\n    case 2:\n      two();\n      break;\n    default:\n      three();\n  }\n}\n",
      'export async function f() {\n  one();\n  two();\n}\n',
    ),
  },
  {
    name: 'React: hooks, children, attributes and what a hook watches',
    path: 'page.tsx',
    before:
      "import { useEffect } from 'react';\nimport { useBooleanFlagValue } from '@openfeature/react-sdk';\nimport { New, Old } from './parts';\n\nexport function Page({ user }) {\n  const on = useBooleanFlagValue('k', false);\n  useEffect(() => track(user), [user, on]);\n  return (\n    <main className={on ? 'wide' : 'narrow'}>\n      {on && <New user={user} />}\n      {!on && <Old />}\n      {on ? (\n        <p>\n          new\n        </p>\n      ) : (\n        <p>old</p>\n      )}\n    </main>\n  );\n}\n",
    after:
      "import { useEffect } from 'react';\nimport { New } from './parts';\n\nexport function Page({ user }) {\n  useEffect(() => track(user), [user]);\n  return (\n    <main className='wide'>\n      <New user={user} />\n      <p>\n        new\n      </p>\n    </main>\n  );\n}\n",
  },
  {
    name: 'React: useFlag, and an early return',
    path: 'page.jsx',
    before:
      "import { useFlag } from '@openfeature/react-sdk';\nexport function Page() {\n  const { value } = useFlag('k', false);\n  if (!value) return null;\n  return <b>x</b>;\n}\n",
    after: 'export function Page() {\n  return <b>x</b>;\n}\n',
  },
  {
    name: 'the web SDK, whose calls give the value at once',
    path: 'page.js',
    before:
      "import { OpenFeature } from '@openfeature/web-sdk';\nconst on = OpenFeature.getClient().getBooleanValue('k', false);\nexport const label = on ? 'new' : 'old';\n",
    after: "export const label = 'new';\n",
  },
  {
    name: 'CommonJS, without semicolons: lines do not run together',
    path: 'page.cjs',
    before:
      "const { OpenFeature } = require('@openfeature/server-sdk')\nmodule.exports = async () => {\n  const list = make()\n  const on = await OpenFeature.getClient().getBooleanValue('k', false)\n  on && [1, 2].forEach(use)\n  on ? (one || two)() : three()\n}\n",
    after:
      'module.exports = async () => {\n  const list = make()\n  ;[1, 2].forEach(use)\n  ;(one || two)()\n}\n',
  },
  {
    name: 'a method is not called on another object than before',
    ...onServer(
      "export async function f(o: Box) {\n  const on = await client.getBooleanValue('k', false);\n  (on ? o.one : o.two)();\n}\n",
      'export async function f(o: Box) {\n  (0, o.one)();\n}\n',
    ),
  },
  {
    name: 'texts of several lines keep their spaces',
    ...onServer(
      "export async function f() {\n  if (await client.getBooleanValue('k', false)) {\n    use(`a\n      b`);\n    use(\n      1,\n    );\n  }\n}\n",
      'export async function f() {\n  use(`a\n      b`);\n  use(\n    1,\n  );\n}\n',
    ),
  },
  {
    name: 'line ends of Windows',
    before: server
      .concat(
        used,
        "export async function f() {\n  if (await client.getBooleanValue('k', false)) {\n    one();\n  }\n}\n",
      )
      .replaceAll('\n', '\r\n'),
    after: server.concat(used, 'export async function f() {\n  one();\n}\n').replaceAll('\n', '\r\n'),
  },
  {
    name: 'what had no use before is not taken out, and other flags stay',
    ...onServer(
      "const unused = 1;\nexport async function f() {\n  if (await client.getBooleanValue('k', false)) one();\n  if (await client.getBooleanValue('k2', false)) two();\n}\n",
      "const unused = 1;\nexport async function f() {\n  one();\n  if (await client.getBooleanValue('k2', false)) two();\n}\n",
    ),
  },
  {
    name: 'a call with an effect stays, although its result is of no use any more',
    keep: false,
    ...onServer(
      "export async function f() {\n  const user = await load();\n  const name = user.name;\n  if (await client.getBooleanValue('k', false)) use(name);\n}\n",
      'export async function f() {\n  const user = await load();\n}\n',
    ),
  },
  {
    name: 'parameters that lose their use, where every call is known',
    ...onServer(
      "function price(item: Item, user: User, tax: number) {\n  return on ? item.price : item.price * tax + user.id;\n}\nconst on = true;\nasync function total(item: Item, user: User) {\n  if (await client.getBooleanValue('k', false)) return price(item, user, 1);\n  return user.id;\n}\nconst show = async (user: User) => ((await client.getBooleanValue('k', false)) ? 1 : user.id);\nexport async function f(user: User) {\n  use(await total({ price: 1 }, user), await show(user));\n  use(await total({ price: 2 }, find()));\n}\nexport const g = (user: User) => show(user);\n",
      'function price(item: Item, user: User, tax: number) {\n  return on ? item.price : item.price * tax + user.id;\n}\nconst on = true;\nasync function total(item: Item, user: User) {\n  return price(item, user, 1);\n}\nconst show = async () => 1;\nexport async function f(user: User) {\n  use(await total({ price: 1 }, user), await show());\n  use(await total({ price: 2 }, find()));\n}\nexport const g = (user: User) => show();\n',
    ),
  },
  {
    name: 'a semicolon in front of a statement, which belongs to the one before',
    ...onServer(
      "export async function f() {\n  if (await client.getBooleanValue('k', false)) one()\n  else two()\n  ;(await client.getBooleanValue('k', false)) ? three() : four()\n}\n",
      'export async function f() {\n  one();three()\n}\n',
    ),
  },
  {
    name: 'lines that a comment stands between do not run together either',
    ...onServer(
      "export async function f() {\n  const on = await client.getBooleanValue('k', false)\n  if (on) {\n    one()\n  }\n  // why\n  if (on) {\n    [1].forEach(use)\n  }\n}\n",
      'export async function f() {\n  one()\n  // why\n  ;[1].forEach(use)\n}\n',
    ),
  },
  {
    name: 'JSX: white space that shows is kept, also between two that go',
    keep: false,
    path: 'page.tsx',
    before:
      "import { useBooleanFlagValue } from '@openfeature/react-sdk';\nexport function Page() {\n  const on = useBooleanFlagValue('k', false);\n  return (\n    <p>\n      {on}{on && <b />} <i />\n    </p>\n  );\n}\n",
    after: 'export function Page() {\n  return (\n    <p>\n      {false} <i />\n    </p>\n  );\n}\n',
  },
];
