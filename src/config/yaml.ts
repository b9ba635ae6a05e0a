import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { formatPath, show, type Path, type Problem } from './problem.ts';
import { syntaxProblem } from './syntax.ts';

/** A place in the file, both from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a YAML text says, and where it says it. */
export interface Source {
  /** Plain data: null, booleans, numbers, strings, arrays and objects without prototype. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where a value (or its key) stands; of the nearest thing around it when it is not in the file. */
  position(path: Path, of?: 'key' | 'value'): Position;
}

// A real teal.yaml has some hundred values. The limits keep a file that multiplies itself by aliases, or nests
// without end, from taking the control plane's memory.
const mostValues = 50_000;
const deepest = 50;
const mostSyntax = 20;

/** Under these keys a number is text: `VERSION: 1.10` is "1.10", not 1.1. */
const textKeys = new Set(['environment', 'command', 'contains', 'name']);

/** Assigning them on an object does something else than adding a key. */
const unusableKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads a YAML 1.2 text. Never throws: whatever is wrong is in `problems`. */
export function readYaml(text: string): Source {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // The reader below looks for duplicates itself: linear, and it can say where the first one is.
      uniqueKeys: false,
      schema: 'core',
      // Not `silent`: that would also silence that there is a second document.
      logLevel: 'error',
    });
    return new Reader(document, lines).read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Reader(null, lines).tooDeep([]).source(null);
  }
}

class Reader {
  readonly #document: Document.Parsed | null;
  readonly #lines: LineCounter;
  readonly #problems: Problem[] = [];
  readonly #values = new Map<string, Position>();
  readonly #keys = new Map<string, Position>();
  readonly #anchors = new Map<string, Node>();
  #count = 0;
  #expanding = 0;
  /** Of the alias that is being followed: what to point at when following it goes too far. */
  #outermost: Position | null = null;

  constructor(document: Document.Parsed | null, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(): Source {
    const { errors = [], warnings = [], contents = null } = this.#document ?? {};
    if (errors.some((error) => error.code === 'RESOURCE_EXHAUSTION')) return this.tooDeep([]).source(null);
    // One slip of indentation may be followed by hundreds of others that are none.
    for (const error of [...errors, ...warnings].slice(0, mostSyntax)) {
      this.#problems.push(syntaxProblem(error, this.#at(error.pos[0])));
    }
    return this.source(this.#problems.length > 0 ? null : this.#node(contents, [], false));
  }

  source(value: unknown): Source {
    return {
      value,
      problems: this.#problems,
      position: (path, of = 'value') => this.#position(path, of),
    };
  }

  tooDeep(path: Path): this {
    const expected = `at most ${deepest} levels of nesting`;
    const remedy = 'teal.yaml needs no more than ten levels';
    return this.#problem(this.#outermost ?? this.#position(path, 'value'), [], {
      expected,
      got: 'more',
      remedy,
    });
  }

  #node(node: Node | null, path: Path, asText: boolean): unknown {
    if (node === null) return null;
    if (node.range !== undefined && node.range !== null) this.#remember(this.#values, path, node.range[0]);
    if (++this.#count > mostValues || path.length + this.#expanding > deepest) return this.#refuse(path);
    if (isAlias(node)) return this.#alias(node, path, asText);
    this.#anchor(node);
    if (isMap(node)) return this.#map(node as YAMLMap<Node, Node | null>, path, asText);
    if (isSeq(node))
      return node.items.map((item, i) => this.#node(item as Node | null, [...path, i], asText));
    return isScalar(node) ? scalar(node, asText) : null;
  }

  /** Once per file: after it, everything is null and quick. */
  #refuse(path: Path): null {
    if (this.#count > mostValues + 1) return null;
    if (this.#count <= mostValues) {
      this.tooDeep(path);
      this.#count = mostValues + 1;
      return null;
    }
    this.#problem(this.#outermost ?? this.#position(path, 'value'), [], {
      expected: `at most ${mostValues} values, aliases counted as often as they are used`,
      got: 'more',
      remedy: 'use fewer aliases (*name)',
    });
    return null;
  }

  #anchor(node: Node): void {
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined && this.#expanding === 0) this.#anchors.set(anchor, node);
  }

  #alias(alias: Alias, path: Path, asText: boolean): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#report(path, {
        expected: `an anchor &${alias.source} further up in the file`,
        got: `*${alias.source}`,
        remedy: `put &${alias.source} before the value to repeat, or write the value here (quote it if the * belongs to it)`,
      });
      return null;
    }
    const here = this.#values.get(path.join('\0'));
    if (this.#expanding++ === 0) this.#outermost = here ?? null;
    const value = this.#node(target, path, asText);
    if (--this.#expanding === 0) this.#outermost = null;
    if (here !== undefined) this.#values.set(path.join('\0'), here);
    return value;
  }

  #map(map: YAMLMap<Node, Node | null>, path: Path, asText: boolean): unknown {
    const entries: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    const merges: Pair<Node, Node | null>[] = [];
    for (const pair of map.items) {
      const key = this.#key(pair.key, path);
      if (key === null) continue;
      if (key === '<<') merges.push(pair);
      else if (key in entries) this.#duplicate(pair.key, [...path, key]);
      else {
        const inside = [...path, key];
        this.#remember(this.#keys, inside, pair.key.range?.[0] ?? 0);
        entries[key] = this.#node(pair.value, inside, asText || textKeys.has(key));
      }
    }
    for (const pair of merges) this.#merge(entries, pair.value, path, asText);
    return entries;
  }

  #key(node: Node, path: Path): string | null {
    const start = this.#at(node.range?.[0] ?? 0);
    if (!isScalar(node)) {
      const remedy = 'write a plain name before the colon';
      this.#problem(start, path, { expected: 'a name as key', got: 'something else', remedy });
      return null;
    }
    const key = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    if (!unusableKeys.has(key)) return key;
    this.#problem(start, [...path, key], {
      expected: 'another name',
      got: show(key),
      remedy: `rename it: \`${key}\` has a meaning of its own in JavaScript`,
    });
    return null;
  }

  #duplicate(node: Node, path: Path): void {
    const first = this.#keys.get(path.join('\0'));
    this.#problem(this.#at(node.range?.[0] ?? 0), path, {
      expected: 'each key once',
      got: `${show(path.at(-1))} again`,
      remedy: `remove one of the two; the first is on line ${first?.line ?? 1}`,
    });
  }

  /** `<<: *base` brings in the keys of another map; those written here win, as in other tools that read YAML. */
  #merge(entries: Record<string, unknown>, node: Node | null, path: Path, asText: boolean): void {
    const value = this.#node(node, [...path, '<<'], asText);
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) {
        this.#problem(this.#at(node?.range?.[0] ?? 0), [...path, '<<'], {
          expected: 'an alias of a map (*name)',
          got: show(part),
          remedy: 'write <<: *name, and &name before the map to repeat',
        });
        continue;
      }
      for (const [key, inner] of Object.entries(part)) if (!(key in entries)) entries[key] = inner;
    }
  }

  #position(path: Path, of: 'key' | 'value'): Position {
    const key = path.join('\0');
    const found = of === 'key' ? this.#keys.get(key) : (this.#values.get(key) ?? this.#keys.get(key));
    if (found !== undefined) return found;
    return path.length === 0 ? { line: 1, column: 1 } : this.#position(path.slice(0, -1), 'key');
  }

  #remember(where: Map<string, Position>, path: Path, offset: number): void {
    const key = path.join('\0');
    if (!where.has(key)) where.set(key, this.#at(offset));
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #report(path: Path, what: What): this {
    return this.#problem(this.#position(path, 'value'), path, what);
  }

  #problem(position: Position, path: Path, what: What): this {
    this.#problems.push({ severity: 'error', ...position, path: formatPath(path), ...what });
    return this;
  }
}

type What = Pick<Problem, 'expected' | 'got' | 'remedy'>;

function scalar(node: Scalar, asText: boolean): unknown {
  const plain = typeof node.value === 'number' || typeof node.value === 'boolean';
  return asText && plain && node.source !== undefined ? node.source : node.value;
}
