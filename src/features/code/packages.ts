import path from 'node:path/posix';

/** Names of the packages that the nearest package.json depends upon; null when there is none among the files. */
export function packagesOf(file: string, texts: ReadonlyMap<string, string>): readonly string[] | null {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const text = texts.get(path.join(folder, 'package.json'));
    if (text !== undefined) return dependenciesIn(text);
    if (folder === '.' || folder === '/') return null;
  }
}

/** Every dependency that a package.json names, of any kind; none when it is not one. */
export function dependenciesIn(text: string): readonly string[] {
  const parsed = parse(text);
  return ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.keys(objectOf(parsed[kind])),
  );
}

/** The command that a package.json has for its tests; null when it has none, or npm's own that always fails. */
export function testScriptIn(text: string): string | null {
  const script = objectOf(parse(text)['scripts'])['test'];
  return typeof script === 'string' && !script.includes('no test specified') ? script : null;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
