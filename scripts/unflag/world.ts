import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { compileFunction } from 'node:vm';
import { ts } from '../../src/features/code/syntax.ts';
import { flag, type Style } from './style.ts';

/** All that can be seen of a run from outside. */
export interface Seen {
  /** What was logged, by the task that did. */
  readonly logs: ReadonlyMap<string, readonly string[]>;
  /** What was logged, in the order it happened. */
  readonly order: readonly string[];
  readonly result: string;
  /** The program has a mistake of its own. */
  readonly broken: boolean;
}

/** A program that goes on for longer than any generated one would is caught in a loop. */
const mostCalls = 20_000;

export interface Conditions {
  readonly style: Style;
  /** What conditions and values of the world come to. */
  readonly seed: number;
  /** Answers of the flag are late by so many turns of the microtask queue. */
  readonly latency: number;
  /** The flag is gone: asking for it is an error. */
  readonly gone: boolean;
}

/** From TypeScript to what runs. @throws Error with the first mistake of the syntax */
export function compile(text: string): string {
  const { outputText, diagnostics } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ESNext,
      jsx: ts.JsxEmit.React,
      jsxFactory: 'h',
    },
    fileName: 'main.tsx',
    reportDiagnostics: true,
  });
  const [first] = diagnostics ?? [];
  if (first !== undefined) throw new Error(ts.flattenDiagnosticMessageText(first.messageText, ' '));
  return outputText;
}

/** Runs a program in a world where all it does is written down. */
export async function runProgram(compiled: string, conditions: Conditions): Promise<Seen> {
  const world = new World(conditions);
  const exports: { main?: (user: object) => unknown } = {};
  const modules: Readonly<Record<string, unknown>> = {
    './world.js': world.functions(),
    '@openfeature/server-sdk': world.client((answer) => world.late(answer)),
    '@openfeature/web-sdk': world.client((answer) => answer),
    '@openfeature/react-sdk': world.hooks(),
  };
  try {
    compileFunction(compiled, ['exports', 'require'])(exports, (name: string) => modules[name]);
    const result: unknown = await exports.main?.({ id: 'u1' });
    await settled();
    return world.seen(`returned ${shown(result)}`, false);
  } catch (error) {
    await settled();
    const broken = error instanceof ReferenceError || error instanceof TypeError;
    return world.seen(`threw ${String(error)}`, broken);
  }
}

/** Tasks that go on after the end of `main` only wait for each other: by the next turn of the event loop they are done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class World {
  readonly #conditions: Conditions;
  readonly #tasks = new AsyncLocalStorage<string>();
  readonly #logs = new Map<string, string[]>();
  readonly #order: string[] = [];
  #calls = 0;

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  seen(result: string, broken: boolean): Seen {
    return { logs: this.#logs, order: this.#order, result, broken };
  }

  log = (...values: readonly unknown[]): void => {
    if (++this.#calls > mostCalls) throw new Error('it never ends');
    const task = this.#tasks.getStore() ?? 'main';
    const line = values.map(shown).join(' ');
    const lines = this.#logs.get(task) ?? [];
    this.#logs.set(task, lines);
    lines.push(line);
    this.#order.push(`${task}: ${line}`);
  };

  functions(): object {
    const { log } = this;
    const chance = (n: number): number =>
      (Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(this.#conditions.seed, 0x85ebca6b)) >>> 4;
    const spoken = (name: string) =>
      function speak(this: unknown, value: unknown): string {
        log(name, this === undefined ? 'on nothing' : 'on an object', value);
        return name;
      };
    return {
      log,
      cond: (n: number) => {
        log('cond', n);
        return chance(n) % 2 === 0;
      },
      val: (n: number) => {
        log('val', n);
        return chance(n) % 7;
      },
      show: (...values: readonly unknown[]) => {
        log('show', ...values);
        return `shown ${values.map(shown).join(',')}`;
      },
      ask: (name: string) => {
        log('ask', name);
        return this.#answer(name);
      },
      tick: () => Promise.resolve(),
      task: (name: string, run: () => unknown) =>
        this.#tasks.run(`${this.#tasks.getStore() ?? 'main'}/${name}`, run),
      box: { one: spoken('one'), two: spoken('two') },
      h: element,
    };
  }

  client(give: (answer: unknown) => unknown): object {
    const methods: Record<string, (key: string, otherwise: unknown) => unknown> = {};
    for (const type of ['Boolean', 'String', 'Number']) {
      methods[`get${type}Value`] = (key, otherwise) => give(this.#answer(key, otherwise));
      methods[`get${type}Details`] = (key, otherwise) =>
        give({ value: this.#answer(key, otherwise), reason: 'STATIC' });
    }
    return { OpenFeature: { getClient: () => methods } };
  }

  hooks(): object {
    const value = (key: string, otherwise: unknown): unknown => this.#answer(key, otherwise);
    return {
      useFlag: (key: string, otherwise: unknown) => ({ value: value(key, otherwise), reason: 'STATIC' }),
      useBooleanFlagValue: value,
      useStringFlagValue: value,
      useNumberFlagValue: value,
    };
  }

  async late(answer: unknown): Promise<unknown> {
    for (let turn = 0; turn < this.#conditions.latency; turn++) await Promise.resolve();
    return answer;
  }

  #answer(key: string, otherwise?: unknown): unknown {
    if (key !== flag) return otherwise;
    if (this.#conditions.gone) throw new Error('the flag is still asked for');
    return this.#conditions.style.value;
  }
}

/** What React would put on the page: booleans and nothing show nothing. */
function element(tag: string, props: object | null, ...children: readonly unknown[]): string {
  const attributes = Object.entries(props ?? {}).map(([name, value]) => ` ${name}=${shown(value)}`);
  const inner = children
    .flat(9)
    .filter((child) => typeof child !== 'boolean' && child !== null && child !== undefined)
    .map(shown);
  return `<${tag}${attributes.join('')}>${inner.join('')}</${tag}>`;
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'function';
  if (value instanceof Error) return String(value);
  return typeof value === 'string' ? value : inspect(plain(value), { depth: 12, breakLength: Infinity });
}

/** Errors without their stacks, which tell of lines; those of the language say how the code was written. */
function plain(value: unknown): unknown {
  if (value instanceof TypeError || value instanceof ReferenceError) return value.name;
  if (value instanceof Error) return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
