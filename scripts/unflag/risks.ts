import type { Expressions, Scope } from './expressions.ts';
import { defaultOf, typeOf, type Style } from './style.ts';

/** Statements that Teal should not dare to change, or only in part. */
type Risk = (from: Expressions, scope: Scope) => string[];

interface Inside {
  readonly style: Style;
}

const styleOf = (from: Expressions): Style => (from as unknown as Inside).style;

/** A call of the client, for what follows it. */
function call(from: Expressions, what: 'Value' | 'Details', more = ''): string {
  const style = styleOf(from);
  return `client.get${typeOf(style.value)}${what}(${from.key()}, ${defaultOf(style.value)}${more})`;
}

const hasClient = (from: Expressions): boolean => styleOf(from).sdk !== 'react';
const awaits = (from: Expressions): string => (styleOf(from).sdk === 'server' ? 'await ' : '');

export const risks: readonly Risk[] = [
  (from) =>
    hasClient(from)
      ? [`log('effect', ${awaits(from)}${call(from, 'Value', ', { targetingKey: String(val(901)) }')});`]
      : [],
  (from) =>
    hasClient(from) ? [`log('maybe', ${awaits(from)}${call(from, 'Value').replace('.', '?.')});`] : [],
  (from) =>
    hasClient(from)
      ? [`const whole = ${awaits(from)}${call(from, 'Details')};`, "log('whole', whole.value, whole.reason);"]
      : [
          `const whole = useFlag(${from.key()}, ${defaultOf(styleOf(from).value)});`,
          "log('whole', whole.value, whole.reason);",
        ],
  (from, scope) => [
    `let changing: unknown = ${from.flagged(scope)};`,
    'if (cond(902)) changing = val(903);',
    "log('changing', changing);",
  ],
  (from, scope) => [
    `if (${from.truth(scope)}) {`,
    '  var hoisted = val(904);',
    '} else {',
    '  var hoisted2 = val(905);',
    '}',
    "log('hoisted', hoisted, hoisted2);",
  ],
  (from) => [`log('asked', ask(${from.key()}));`],
  (from) =>
    styleOf(from).sdk === 'server'
      ? [`log('then', await ${call(from, 'Value')}.then((given) => [given]));`]
      : [],
  (from) =>
    hasClient(from)
      ? [
          `const name = cond(906) ? ${from.key()} : 'other';`,
          `log('dynamic', ${awaits(from)}client.get${typeOf(styleOf(from).value)}Value(name, ${defaultOf(styleOf(from).value)}));`,
        ]
      : [],
  (from) => (from.wrappers.length === 0 ? [] : ["log('handed', typeof [isOn][0]);"]),
  (from, scope) => [
    `switch (${from.flagged(scope)}) {`,
    '  default:',
    '    if (cond(907)) break;',
    "    log('after', val(908));",
    '}',
  ],
];
