import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from './tree.ts';

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Package;

/** Names with their reason, from the table rows below a heading of docs/dependencies.md. */
function reasons(heading: string): ReadonlyMap<string, string> {
  const [, section = ''] = read('docs/dependencies.md').split(`## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  const rows = own.matchAll(/^\| `([^`]+)` \| (.+?) \|$/gm);
  return new Map([...rows].map(([, name = '', reason = '']) => [name, reason]));
}

for (const [heading, declared] of [
  ['At run time', manifest.dependencies],
  ['For development', manifest.devDependencies],
  ['Only when installed beside it', manifest.peerDependencies],
] as const) {
  test(`every dependency has a line of reason in docs/dependencies.md, and no line is stale: ${heading}`, () => {
    const given = reasons(heading);
    assert.deepEqual([...given.keys()].toSorted(), Object.keys(declared).toSorted());
    for (const [name, reason] of given)
      assert(reason.length >= 20, `the reason for ${name} is no reason: ${reason}`);
  });
}

test('dependencies stay few, and every range names a major version', () => {
  assert(
    Object.keys(manifest.dependencies).length <= 14,
    'more than 14 packages at run time: each is a decision',
  );
  for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.match(range, /^\^\d/, `${name} ${range}`);
  }
});

test('what may be installed beside it is optional', () => {
  for (const name of Object.keys(manifest.peerDependencies))
    assert.equal(manifest.peerDependenciesMeta[name]?.optional, true, name);
});

test('no dependency at run time brings an install script', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; hasInstallScript?: boolean }>;
  };
  const withScript = Object.entries(lock.packages).filter(
    ([, entry]) => entry.hasInstallScript && !entry.dev,
  );
  assert.deepEqual(withScript, []);
});

test('the lock file holds every optional package that another one names, since npm ci refuses it otherwise', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(lock.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !(`node_modules/${name}` in lock.packages),
    ),
  );
  assert.deepEqual(missing, []);
});

test('every file that an npm script starts exists', () => {
  const missing = Object.values(manifest.scripts).flatMap((script) =>
    [...script.matchAll(/node (\S+\.(?:ts|js))/g)]
      .map(([, file = '']) => file)
      .filter((file) => !isThere(file)),
  );
  assert.deepEqual(missing, []);
});

function isThere(file: string): boolean {
  try {
    return read(file) !== '';
  } catch {
    return false;
  }
}
