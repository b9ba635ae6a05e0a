import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Parser } from '../../../src/database/sql/parser.ts';
import { packageFolder, type Package } from '../published/packages.ts';
import { differences, shared } from './squawk-cases.ts';
import { ours, theirs } from './squawk.ts';

/** The linter that the program `squawk-cli` of the same version is built of; its tests are in its sources. */
const crate: Package = {
  registry: 'crates.io',
  name: 'squawk-linter',
  version: '2.61.0',
  hash: '51779890caa93078bc6fa1eca65a330c84050ae64730506d8ec6419161609e3b',
  licence: 'Apache-2.0 OR MIT',
};

/** Fewer, and they are no longer found in its sources. */
const leastCompared = 150;

interface Example {
  /** File and test, such as `ban_drop_column ok`; with a number where a test has several. */
  readonly name: string;
  readonly rule: string;
  readonly sql: string;
  readonly inTransaction: boolean;
}

export interface SquawkReport {
  readonly version: string;
  readonly rules: number;
  readonly compared: number;
  /** `rule: example`, with who finds something. */
  readonly differing: readonly {
    readonly at: string;
    readonly who: 'squawk' | 'teal';
    readonly sql: string;
  }[];
  /** Examples of shared rules that are not compared, by why. */
  readonly aside: Readonly<Record<string, number>>;
}

/** Compares what both say of squawk's own examples, each about the rule it was written for. */
export async function compareOwnExamples(parser: Parser): Promise<SquawkReport> {
  const rules = path.join(await packageFolder(crate), 'src/rules');
  const files = globSync('*.rs', { cwd: rules }).toSorted();
  const all = files.flatMap((file) => examplesOf(file, readFileSync(path.join(rules, file), 'utf8')));
  const known = all.filter(({ rule }) => shared.some((each) => each.theirs === rule));
  const aside: Record<string, number> = {};
  const asked = known.filter((example) => {
    const why = setAside(parser, example);
    if (why !== null) aside[why] = (aside[why] ?? 0) + 1;
    return why === null;
  });
  const differing: SquawkReport['differing'][number][] = [];
  for (const inTransaction of [false, true]) {
    const examples = asked.filter((each) => each.inTransaction === inTransaction);
    const found = await theirs(
      examples.map(({ sql }) => sql),
      inTransaction,
    );
    for (const [index, { name, rule, sql }] of examples.entries()) {
      const same = shared.find((each) => each.theirs === rule)?.ours ?? [];
      const own = ours(parser, sql, inTransaction);
      const they = found[index]?.has(rule) === true;
      if (they !== same.some((each) => own.has(each)))
        differing.push({ at: `${rule}: ${name}`, who: they ? 'squawk' : 'teal', sql });
    }
  }
  return {
    version: crate.version,
    rules: new Set(asked.map(({ rule }) => rule)).size,
    compared: asked.length,
    differing,
    aside,
  };
}

function setAside(parser: Parser, { sql, rule }: Example): string | null {
  if (/squawk-/.test(sql)) return 'about comments for squawk';
  if ('message' in parser.parse(sql)) return 'not SQL to PostgreSQL 18';
  return shared.find((each) => each.theirs === rule)?.about.test(sql) === true
    ? null
    : 'about something else';
}

/** Rust's strings, raw or not; what follows an @ is what a test expects. */
const strings = /(@?)(?:r(#*)"([^]*?)"\2|"((?:[^"\\]|\\[^])*)")/g;

function examplesOf(file: string, source: string): readonly Example[] {
  const usual = /\bRule::(\w+)/.exec(source)?.[1] ?? '';
  return source
    .split('#[test]')
    .slice(1)
    .flatMap((text) => {
      const test = /fn (\w+)/.exec(text)?.[1] ?? '';
      const rule = kebab(/\bRule::(\w+)/.exec(text)?.[1] ?? usual);
      const sql = [...text.matchAll(strings)]
        .filter(([, expected]) => expected === '')
        .map(([, , , raw, plain]) => raw ?? (plain ?? '').replaceAll(/\\(.)/g, '$1'))
        .filter((each) => /^\s*(?:--|\/\*|[a-z]+\s)/i.test(each) && /[a-z]+\s+\S/i.test(each));
      const name = `${file.replace('.rs', '')} ${test}`;
      return sql.map((each, at) => ({
        name: sql.length > 1 ? `${name} ${at + 1}` : name,
        rule,
        sql: each,
        inTransaction: /assume_in_transaction: true/.test(text),
      }));
    });
}

/** The names of its rules as it prints them; the one about both timeouts stands for that about locks. */
function kebab(name: string): string {
  const said = name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  return said === 'require-timeout-settings' ? 'require-lock-timeout' : said;
}

/** Differences that nobody has written down, and those written down that are none. */
export function squawkMissed({ differing, compared }: SquawkReport): readonly string[] {
  const known = new Set(differences.flatMap(({ rule, own = [] }) => own.map((name) => `${rule}: ${name}`)));
  const found = new Set(differing.map(({ at }) => at));
  return [
    ...differing.filter(({ at }) => !known.has(at)).map(({ at, who }) => `only ${who} finds ${at}`),
    ...[...known].filter((at) => !found.has(at)).map((at) => `no difference any more: ${at}`),
    ...(compared < leastCompared ? [`only ${compared} of squawk's examples were compared`] : []),
  ];
}

/** In lines for people. */
export function saySquawk({ version, rules, compared, differing, aside }: SquawkReport): readonly string[] {
  const left = Object.entries(aside).map(([why, count]) => `${count} ${why}`);
  const by = Map.groupBy(differing, ({ at, who }) => `${at.split(': ')[0]}: only ${who}`);
  return [
    `\nsquawk ${version}, its own examples of the ${rules} rules that both have: ${compared} compared, ${compared - differing.length} told the same, ${differing.length} not (${left.join(', ')})`,
    ...[...by].map(([what, those]) => `  ${what} finds ${those.length}`),
  ];
}
