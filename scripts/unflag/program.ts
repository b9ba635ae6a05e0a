import { Random } from '../fuzz/random.ts';
import { Expressions, type Scope } from './expressions.ts';
import { risks } from './risks.ts';
import { defaultOf, flag, styleOf, typeOf, type Style } from './style.ts';

/** A random program, and what its flag is fixed to. */
export interface Program {
  readonly text: string;
  readonly style: Style;
}

/** The same numbers give the same program, for ever. */
export function programOf(seed: number, index: number): Program {
  const random = new Random(seed, index);
  const style = styleOf(random);
  const text = new Statements(random, style).program();
  const tabbed = style.tabs
    ? text.replaceAll(/^(?: {2})+/gm, (indent) => '\t'.repeat(indent.length / 2))
    : text;
  return { style, text: style.crlf ? tabbed.replaceAll('\n', '\r\n') : tabbed };
}

const outermost: Scope = {
  async: true,
  component: false,
  flags: [],
  truths: [],
  numbers: [],
  depth: 0,
  loop: false,
  label: null,
  returns: true,
};

type Lines = string[];

class Statements extends Expressions {
  program(): string {
    const { sdk, semicolons } = this.style;
    const asynchronous = sdk !== 'react';
    const head = [
      '// What the program is about.',
      '',
      sdk === 'react'
        ? `import { useFlag, use${typeOf(this.style.value)}FlagValue } from '@openfeature/react-sdk';`
        : `import { OpenFeature } from '@openfeature/${sdk}-sdk';`,
      "import { box, cond, log, show, task, tick, val, h, ask } from './world.js';",
      ...this.keys(),
      ...(sdk === 'react' ? [] : ['const client = OpenFeature.getClient();']),
      ...this.declareWrappers(),
      '',
    ];
    const scope = { ...outermost, async: asynchronous, component: sdk === 'react' };
    const body = this.block(scope, 3 + 2 * this.style.size);
    const risk = this.style.risky ? this.random.pick(risks)(this, scope) : [];
    const main = [
      `export ${asynchronous ? 'async ' : ''}function main(user: { id: string }) {`,
      ...indent([...risk, ...body, `return ${this.value(scope)};`]),
      '}',
      '',
    ];
    const text = [...head, ...main].join('\n');
    return semicolons ? text : withoutSemicolons(text);
  }

  keys(): Lines {
    switch (this.style.key) {
      case 'literal':
        return [];
      case 'constant':
        return [`const NEW_CHECKOUT = '${flag}';`];
      case 'member':
        return [`const FLAGS = { checkout: '${flag}', other: 'other' } as const;`];
      case 'enum':
        return [`enum Flag { Checkout = '${flag}', Other = 'other' }`];
    }
  }

  declareWrappers(): Lines {
    const { random, style } = this;
    if (style.sdk === 'react' || !random.chance(50)) return [];
    const call = `client.get${typeOf(style.value)}Value(${this.key()}, ${defaultOf(style.value)}, { targetingKey: who.id })`;
    const promised = style.sdk === 'server';
    this.wrappers.push(promised ? '!isOn' : 'isOn');
    return random.pick([
      [`function isOn(who: { id: string }) {`, `  return ${call};`, '}'],
      [`const isOn = (who: { id: string }) => ${call};`],
      ...(promised
        ? [
            [`async function isOn(who: { id: string }) {`, `  return await ${call};`, '}'],
            [
              `const isOn = async (who: { id: string }) => {`,
              `  const value = await ${call};`,
              '  return value;',
              '};',
            ],
          ]
        : []),
    ]);
  }

  block(scope: Scope, most: number): Lines {
    const lines: Lines = [];
    let inner = scope;
    for (let count = 1 + this.random.below(most); count > 0; count--) {
      const [more, next] = this.statement(inner);
      lines.push(...more);
      inner = next;
    }
    return lines;
  }

  statement(scope: Scope): readonly [Lines, Scope] {
    const { random } = this;
    const deep = scope.depth >= this.style.size;
    const ways: (() => readonly [Lines, Scope])[] = [
      () => [[`log(${this.serial()}, ${this.value(scope)});`], scope],
      () => this.constant(scope),
      () => this.constant(scope),
      () => this.number(scope),
      () => [[`${this.wrap(this.test(scope))} && log(${this.serial()}, ${this.plain(scope)});`], scope],
      () => [
        [
          `${this.wrap(this.truth(scope))} && [${this.call('val')}].forEach((each) => log(${this.serial()}, each));`,
        ],
        scope,
      ],
      () => [
        [`${this.wrap(this.truth(scope))} ? log(${this.serial()}, 1) : log(${this.serial()}, 2);`],
        scope,
      ],
    ];
    if (!deep) ways.push(...this.compound(scope), ...this.compound(scope));
    if (scope.async) ways.push(() => [['await tick();'], scope]);
    if (scope.async && !deep) ways.push(() => this.tasks(scope));
    return random.pick(ways)();
  }

  compound(scope: Scope): (() => readonly [Lines, Scope])[] {
    const inner = { ...scope, depth: scope.depth + 1 };
    return [
      () => [this.condition(inner), scope],
      () => [this.condition(inner), scope],
      () => [this.condition(inner), scope],
      () => [this.guard(inner), scope],
      () => [this.loop(inner), scope],
      () => [this.attempt(inner), scope],
      () => [this.selection(inner), scope],
      () => [this.shadowing(inner), scope],
      () => [this.closure(inner), scope],
      () => [this.bare(inner), scope],
      () => [this.helping(inner), scope],
    ];
  }

  /** A name for the flag, or for its truth. */
  constant(scope: Scope): readonly [Lines, Scope] {
    const { random, style } = this;
    const name = `on${this.serial()}`;
    const keyword = random.pick(['const', 'const', 'const', 'let']);
    if (random.chance(30)) {
      return [[`${keyword} ${name} = ${this.test(scope)};`], { ...scope, truths: [...scope.truths, name] }];
    }
    const next = { ...scope, flags: [...scope.flags, name] };
    const direct = style.sdk === 'web' || (style.sdk === 'server' && scope.async);
    if (direct && random.chance(20)) {
      const details = this.asked('Details');
      return [
        random.chance(50)
          ? [`const { value: ${name} } = ${details};`]
          : [`const details${name} = ${details};`, `const ${name} = details${name}.value;`],
        next,
      ];
    }
    if (direct && scope.async && random.chance(20)) {
      const call = this.asked('Value').replace(/^await /, '');
      const other = `n${this.serial()}`;
      return [
        [`const [${name}, ${other}] = await Promise.all([${call}, ${this.call('val')}]);`],
        { ...next, numbers: [...scope.numbers, other] },
      ];
    }
    if (direct && style.sdk === 'server' && random.chance(15)) {
      return [
        [
          `const later${name} = ${this.asked('Value').replace(/^await /, '')};`,
          `const ${name} = await later${name};`,
        ],
        next,
      ];
    }
    return [[`${keyword} ${name} = ${this.flagged(scope)};`], next];
  }

  number(scope: Scope): readonly [Lines, Scope] {
    const name = this.random.chance(30) ? 'count' : `n${this.serial()}`;
    if (scope.numbers.includes(name)) return [[`log('${name}', ${name});`], scope];
    return [[`let ${name} = ${this.value(scope)};`], { ...scope, numbers: [...scope.numbers, name] }];
  }

  condition(scope: Scope): Lines {
    const { random } = this;
    const test = this.test(scope);
    const comment = random.chance(30) ? ['// why it is so'] : [];
    if (random.chance(20))
      return [
        ...comment,
        `if (${test}) log(${this.serial()}, ${this.plain(scope)});`,
        ...(random.chance(50) ? [`else log(${this.serial()}, ${this.value(scope)});`] : []),
      ];
    const lines = [...comment, `if (${test}) {`, ...indent(this.block(scope, 3)), '}'];
    while (random.chance(25))
      lines.push(`else if (${this.test(scope)}) {`, ...indent(this.block(scope, 2)), '}');
    if (random.chance(60)) lines.push('else {', ...indent(this.block(scope, 3)), '}');
    return joinElse(lines);
  }

  guard(scope: Scope): Lines {
    const leave = this.leaving(scope);
    if (leave === null) return this.condition(scope);
    const test = this.test(scope);
    if (this.random.chance(50)) return [`if (${test}) ${leave}`];
    return [`if (${test}) {`, ...indent([`log(${this.serial()}, 'leaving');`, leave]), '}'];
  }

  leaving(scope: Scope): string | null {
    const ways = [
      ...(scope.returns ? [`return ${this.value(scope)};`, `throw new Error('e${this.serial()}');`] : []),
      ...(scope.loop ? ['continue;', 'break;'] : []),
      ...(scope.label === null ? [] : [`break ${scope.label};`]),
    ];
    return ways.length === 0 ? null : this.random.pick(ways);
  }

  loop(scope: Scope): Lines {
    const { random } = this;
    const inner = { ...scope, loop: true };
    const turn = `i${this.serial()}`;
    const body = indent(this.block({ ...inner, numbers: [...scope.numbers, turn] }, 3));
    const count = 1 + random.below(3);
    return random.pick([
      [`for (let ${turn} = 0; ${turn} < ${count}; ${turn}++) {`, ...body, '}'],
      [`for (const ${turn} of [1, 2, 3].slice(0, ${count})) {`, ...body, '}'],
      [`let ${turn} = 0;`, `while (${this.wrap(this.test(scope))} && ${turn}++ < ${count}) {`, ...body, '}'],
      [
        `let ${turn} = 0;`,
        `while (${this.truth(scope)}) {`,
        `  if (${turn}++ > ${count}) break;`,
        ...body,
        '}',
      ],
    ]);
  }

  attempt(scope: Scope): Lines {
    const lines = [
      'try {',
      ...indent(this.block(scope, 3)),
      `  if (${this.test(scope)}) throw new Error('t${this.serial()}');`,
      '} catch (error) {',
    ];
    lines.push(`  log('caught', String(error));`, ...indent(this.block(scope, 2)), '}');
    return this.random.chance(40)
      ? [
          ...lines.slice(0, -1),
          '} finally {',
          ...indent(this.block({ ...scope, returns: false, loop: false, label: null }, 2)),
          '}',
        ]
      : lines;
  }

  selection(scope: Scope): Lines {
    const inner = { ...scope, loop: false };
    const { value } = this.style;
    const cases =
      typeof value === 'boolean'
        ? ['true', 'false']
        : typeof value === 'number'
          ? ['1', '3', '4']
          : ["'blue'", "'green'", "'red'"];
    const lines = [`switch (${this.flagged(scope)}) {`];
    for (const each of [...cases, 'default']) {
      if (this.random.chance(25)) continue;
      const body = this.block(inner, 2);
      const braces =
        body.some((line) => /^(?:const|let|function|async function) /.test(line)) || this.random.chance(20);
      const end = this.random.chance(75) ? ['break;'] : [];
      const label = each === 'default' ? 'default:' : `case ${each}:`;
      if (braces) lines.push(...indent([`${label} {`, ...indent([...body, ...end]), '}']));
      else lines.push(...indent([label, ...indent([...body, ...end])]));
    }
    return [...lines, '}'];
  }

  /** The same name inside and around, so that braces matter. */
  shadowing(scope: Scope): Lines {
    const name = `same${this.serial()}`;
    return [
      `const ${name} = ${this.plain(scope)};`,
      `if (${this.test(scope)}) {`,
      `  const ${name} = ${this.call('val')};`,
      `  log('inner', ${name}, ${this.plain(scope)});`,
      ...(this.random.chance(40)
        ? [`} else {`, `  let ${name} = ${this.call('val')};`, `  log('other', ++${name});`]
        : []),
      '}',
      `log('outer', ${name});`,
    ];
  }

  /** A function of its own, called where it stands. Within it the names around are still seen. */
  closure(scope: Scope): Lines {
    const name = `run${this.serial()}`;
    const asynchronous = scope.async && this.random.chance(50);
    const param = this.random.pick([...scope.flags, 'extra']);
    const inner: Scope = {
      ...scope,
      async: asynchronous,
      component: false,
      loop: false,
      label: null,
      returns: true,
      // A parameter of the same name hides the constant around it.
      flags: scope.flags.filter((each) => each !== param),
      truths: scope.truths.filter((each) => each !== param),
    };
    const body = indent([
      ...this.block(inner, 3),
      `log('${param}', ${param});`,
      `return ${this.value(inner)};`,
    ]);
    const call = `log(${this.serial()}, ${asynchronous ? 'await ' : ''}${name}(${this.call('val')}));`;
    const prefix = asynchronous ? 'async ' : '';
    return this.random.pick([
      [`const ${name} = ${prefix}(${param}: unknown) => {`, ...body, '};', call],
      [`${prefix}function ${name}(${param}: unknown) {`, ...body, '}', call],
    ]);
  }

  /** A function whose parameters may lose their use, called twice. */
  helping(scope: Scope): Lines {
    const name = `help${this.serial()}`;
    const [one, two] = [`a${this.serial()}`, `b${this.serial()}`];
    const inner = { ...scope, async: false, component: false, loop: false, label: null };
    const given = (): string => this.random.pick([this.plain(scope), "'given'", '7', this.call('val')]);
    const body = `${this.wrap(this.truth(inner))} ? ${this.random.pick([one, two, `show(${one}, ${two})`])} : ${this.random.pick([one, two, '0'])}`;
    return [
      `const ${name} = (${one}: unknown, ${two}: unknown) => ${body};`,
      `log('help', ${name}(${given()}, ${given()}), ${name}(${given()}, ${given()}));`,
    ];
  }

  bare(scope: Scope): Lines {
    const label = `out${this.serial()}`;
    return [`${label}: {`, ...indent(this.block({ ...scope, label }, 3)), '}'];
  }

  /** Two at a time: in each the order holds, between them it depends on how long the flag takes. */
  tasks(scope: Scope): readonly [Lines, Scope] {
    const inner = { ...scope, depth: scope.depth + 1, loop: false, label: null };
    const one = (): Lines => [
      `task('t${this.serial()}', async () => {`,
      ...indent([...this.block(inner, 2), `return ${this.value(inner)};`]),
      '}),',
    ];
    return [
      [`log(${this.serial()}, await Promise.allSettled([`, ...indent([...one(), ...one()]), ']));'],
      scope,
    ];
  }
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** `}` and the `else` after it on one line. */
function joinElse(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    if (line.startsWith('else') && joined.at(-1) === '}') joined[joined.length - 1] = `} ${line}`;
    else joined.push(line);
  }
  return joined;
}

/** As people write who leave them out: only where the next line could be taken for the same statement one stands in front of it. */
function withoutSemicolons(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/;$/, ''));
  return lines.map((line) => line.replace(/^(\s*)(?=[([`])/, '$1;')).join('\n');
}
