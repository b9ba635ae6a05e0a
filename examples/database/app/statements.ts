import { readFileSync } from 'node:fs';

export type StatementName = 'sign-up' | 'sign-up-unnamed' | 'put' | 'rename' | 'touch' | 'find';

export interface Statement {
  readonly name: StatementName;
  readonly text: string;
  /** How many values it takes: the address, the name, and what a later version has besides. */
  readonly takes: number;
}

/** Reads a file of statements, each under a line `-- name: …`. @throws Error when one that the app needs is not there */
export function statementsOf(file: URL): Readonly<Record<StatementName, Statement>> {
  const parts = readFileSync(file, 'utf8')
    .split(/^-- name: /m)
    .slice(1);
  const found = new Map(
    parts.map((part) => {
      const [name = '', ...lines] = part.trim().split('\n');
      return [name, lines.join('\n')] as const;
    }),
  );
  const named = (name: StatementName): Statement => {
    const text = found.get(name);
    if (text === undefined) throw new Error(`${file.pathname} has no statement ${name}`);
    return { name, text, takes: new Set(text.match(/\$\d+/g)).size };
  };
  return {
    'sign-up': named('sign-up'),
    'sign-up-unnamed': named('sign-up-unnamed'),
    put: named('put'),
    rename: named('rename'),
    touch: named('touch'),
    find: named('find'),
  };
}
