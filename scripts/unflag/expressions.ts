import type { Random } from '../fuzz/random.ts';
import { defaultOf, flag, typeOf, type Style } from './style.ts';

/** Where an expression stands: what may be used there. */
export interface Scope {
  /** `await` is allowed. */
  readonly async: boolean;
  /** Hooks and JSX are. */
  readonly component: boolean;
  /** Names that hold the flag's value. */
  readonly flags: readonly string[];
  /** Names that hold its truth. */
  readonly truths: readonly string[];
  readonly numbers: readonly string[];
  readonly depth: number;
  readonly loop: boolean;
  readonly label: string | null;
  readonly returns: boolean;
}

/** Expressions of random programs; each call of the world is logged, so that none can be added, lost or moved unseen. */
export class Expressions {
  protected readonly random: Random;
  protected readonly style: Style;
  /** Functions that only give the flag's value; with `!` in front when it has to be awaited. */
  readonly wrappers: string[] = [];
  #serial = 0;

  constructor(random: Random, style: Style) {
    this.random = random;
    this.style = style;
  }

  protected serial(): number {
    return ++this.#serial;
  }

  /** The flag's value. */
  flagged(scope: Scope): string {
    const ways = this.ways(scope);
    return ways.length === 0 ? defaultOf(this.style.value) : this.random.pick(ways)();
  }

  protected ways(scope: Scope): (() => string)[] {
    const ways: (() => string)[] = scope.flags.map((name) => () => name);
    const { sdk } = this.style;
    if (sdk === 'web' || (sdk === 'server' && scope.async)) {
      ways.push(
        () => this.asked('Value'),
        () => `(${this.asked('Details')}).value`,
      );
    }
    if (sdk === 'react' && scope.component) {
      ways.push(
        () => `use${typeOf(this.style.value)}FlagValue(${this.key()}, ${defaultOf(this.style.value)})`,
        () => `useFlag(${this.key()}, ${defaultOf(this.style.value)}).value`,
      );
    }
    for (const wrapper of this.wrappers) {
      if (wrapper.startsWith('!') && scope.async) ways.push(() => `await ${wrapper.slice(1)}(user)`);
      if (!wrapper.startsWith('!')) ways.push(() => `${wrapper}(user)`);
    }
    return ways;
  }

  /** A call of the client, awaited where it gives a promise. */
  asked(what: 'Value' | 'Details'): string {
    const context = this.random.pick([
      '',
      '',
      ', { targetingKey: user.id }',
      ', { ...user, plan: `p${user.id}` }',
    ]);
    const call = `client.get${typeOf(this.style.value)}${what}(${this.key()}, ${defaultOf(this.style.value)}${context})`;
    return this.style.sdk === 'server' ? `await ${call}` : call;
  }

  key(): string {
    switch (this.style.key) {
      case 'literal':
        return this.random.pick([`'${flag}'`, `"${flag}"`, `\`${flag}\``]);
      case 'constant':
        return 'NEW_CHECKOUT';
      case 'member':
        return this.random.pick(['FLAGS.checkout', "FLAGS['checkout']"]);
      case 'enum':
        return 'Flag.Checkout';
    }
  }

  /** An expression of which the truth counts, mostly with the flag in it. */
  test(scope: Scope, depth = 0): string {
    const { random } = this;
    if (depth >= this.style.size || random.chance(15)) return this.call('cond');
    const truth = (): string => this.truth(scope);
    return random.pick([
      truth,
      truth,
      truth,
      () => `!${this.wrap(this.truth(scope))}`,
      () => `${this.wrap(this.truth(scope))} && ${this.wrap(this.test(scope, depth + 1))}`,
      () => `${this.wrap(this.test(scope, depth + 1))} && ${this.wrap(this.truth(scope))}`,
      () => `${this.wrap(this.truth(scope))} || ${this.wrap(this.test(scope, depth + 1))}`,
      () => `${this.wrap(this.test(scope, depth + 1))} || ${this.wrap(this.truth(scope))}`,
      () => `${this.call('cond')} && ${this.wrap(this.truth(scope))} && ${this.call('cond')}`,
      () => `${this.wrap(this.truth(scope))} === ${this.call('cond')}`,
      () => `Boolean(${this.truth(scope)})`,
      () => `!!${this.wrap(this.truth(scope))}`,
    ])();
  }

  /** The flag as a boolean. */
  truth(scope: Scope): string {
    const { random, style } = this;
    if (scope.truths.length > 0 && random.chance(40)) return random.pick(scope.truths);
    const value = this.flagged(scope);
    if (typeof style.value === 'boolean') return random.chance(15) ? `${this.wrap(value)} === true` : value;
    if (typeof style.value === 'number')
      return `${this.wrap(value)} ${random.pick(['> 2', '<= 2', '=== 3', '!== 1'])}`;
    const variant = random.pick(["'blue'", "'green'", "'red'"]);
    return random.chance(20)
      ? `${variant} === ${this.wrap(value)}`
      : `${this.wrap(value)} ${random.pick(['===', '!==', '=='])} ${variant}`;
  }

  /** Any value. */
  value(scope: Scope, depth = 0): string {
    const { random } = this;
    if (depth >= this.style.size || random.chance(25)) return this.plain(scope);
    const next = (): string => this.value(scope, depth + 1);
    if (this.style.sdk === 'react' && random.chance(50)) return this.element(scope, depth + 1);
    return random.pick([
      () => `${this.wrap(this.test(scope))} ? ${next()} : ${next()}`,
      () => `(${this.wrap(this.test(scope))} ? ${next()} : ${next()})`,
      () => `${this.wrap(this.flagged(scope))} && ${this.wrap(next())}`,
      () => `${this.wrap(next())} && ${this.wrap(this.flagged(scope))}`,
      () => `${this.wrap(this.flagged(scope))} || ${this.wrap(next())}`,
      () => `${this.wrap(this.plain(scope))} || ${this.wrap(this.truth(scope))}`,
      () => `${this.wrap(this.flagged(scope))} ?? ${this.wrap(next())}`,
      () => `[${this.plain(scope)}, ...(${this.test(scope)} ? [${next()}, ${this.plain(scope)}] : [])]`,
      () => `[...(${this.test(scope)} ? [] : [${next()}])]`,
      () => `{ a: ${this.plain(scope)}, ...(${this.test(scope)} ? { b: ${next()} } : {}) }`,
      () => `{ ...(${this.truth(scope)} && { c: ${next()} }), d: ${this.plain(scope)} }`,
      () => `\`<\${${this.flagged(scope)}}|\${${next()}}>\``,
      () => `show(${this.flagged(scope)}, ${next()})`,
      () => this.held(scope),
      () => `(${this.wrap(this.truth(scope))} ? box.one : box.two)(${this.plain(scope)})`,
      () => `(${this.wrap(this.truth(scope))} ? box.one : undefined)?.(${this.plain(scope)})`,
      () =>
        `(${this.wrap(this.test(scope))} ? (n: number) => n + 1 : (n: number) => n - 1)(${this.call('val')})`,
      () => `typeof ${this.wrap(this.flagged(scope))}`,
      () => `${this.wrap(this.truth(scope))} /* kept? */ ? /* new */ ${next()} : /* old */ ${next()}`,
      () => `(${this.call('val')}, ${this.wrap(this.flagged(scope))})`,
    ])();
  }

  /** JSX, of one line or of several. */
  element(scope: Scope, depth: number): string {
    const { random } = this;
    const value = (): string => (depth > 2 ? this.plain(scope) : this.value(scope, depth + 1));
    const child = (): string =>
      random.pick([
        () => `{${this.wrap(this.truth(scope))} && <b>{${value()}}</b>}`,
        () => `{${this.wrap(this.test(scope))} ? <i>one</i> : <u>{${value()}}</u>}`,
        () => `{${this.wrap(this.truth(scope))} && (<em title={${this.truth(scope)}}>{${value()}}</em>)}`,
        () => `{${this.truth(scope)}}`,
        () => `{${value()}}`,
        () => 'some text',
        () =>
          `<hr hidden={${this.test(scope)}} {...(${this.truth(scope)} ? {} : { id: ${this.plain(scope)} })} />`,
      ])();
    const gap = random.pick(['', ' ', '\n', '\n  ']);
    const children = Array.from({ length: 1 + random.below(3) }, child);
    return `<p class={${value()}}>${[gap, ...children.flatMap((each) => [each, random.pick([gap, ' ', ''])])].join('')}</p>`;
  }

  /** An object with the flag in it, by its own name where there is one. */
  protected held(scope: Scope): string {
    const name = scope.flags.find((each) => /^\w+$/.test(each));
    return name === undefined ? `{ held: ${this.flagged(scope)} }` : `{ ${name}, n: ${this.plain(scope)} }`;
  }

  plain(scope: Scope): string {
    if (scope.numbers.length > 0 && this.random.chance(40)) return this.random.pick(scope.numbers);
    return this.random.pick([
      () => this.call('val'),
      () => String(this.random.below(9)),
      () => `'s${this.serial()}'`,
    ])();
  }

  call(what: 'cond' | 'val'): string {
    return `${what}(${this.serial()})`;
  }

  /** Parenthesised where it is more than one operand. */
  wrap(text: string): string {
    if (/^[\w.]+(?:\((?:[^()]|\([^()]*\))*\))?(?:\.value)?$/.test(text)) return text;
    return `(${text})`;
  }
}
