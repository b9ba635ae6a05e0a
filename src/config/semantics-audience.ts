import { secretAlgorithms } from './audience.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Finding } from './finding.ts';
import type { Path } from './problem.ts';
import type { AppInput, FileInput } from './schema.ts';
import type { RuleInput } from './schema-audience.ts';

type Told = Pick<Finding, 'expected' | 'got' | 'remedy'>;

const error = (path: Path, told: Told, more: Partial<Finding> = {}): Finding => ({
  severity: 'error',
  path,
  others: [],
  ...told,
  ...more,
});

const warning = (path: Path, told: Told, more: Partial<Finding> = {}): Finding => ({
  ...error(path, told, more),
  severity: 'warning',
});

/** What is wrong, or does nothing, in `identity` and `audiences` of one app. */
export function audiencesOf(path: Path, app: AppInput, file: FileInput): readonly Finding[] {
  return [
    ...tokens([...path, 'identity', 'jwt'], app),
    ...sources([...path, 'identity', 'sources'], app, file),
    ...Object.entries(app.audiences).flatMap(([name, rule]) =>
      places([...path, 'audiences', name], rule).flatMap((place) => ofRule(place, path, app, file)),
    ),
    ...cycles([...path, 'audiences'], app),
  ];
}

interface Place {
  readonly path: Path;
  readonly rule: RuleInput;
}

/** A rule and all that it holds, each with its path. */
function places(path: Path, rule: RuleInput): readonly Place[] {
  const own: Place = { path, rule };
  switch (rule.kind) {
    case 'all':
    case 'any':
      return [own, ...rule.rules.flatMap((inner, index) => places([...path, rule.kind, index], inner))];
    case 'not':
      return [own, ...places([...path, 'not'], rule.rule)];
    default:
      return [own];
  }
}

const keySources = ['jwks', 'key-file', 'secret'] as const;

function tokens(path: Path, app: AppInput): readonly Finding[] {
  const { jwt } = app.identity;
  if (jwt === undefined) return [];
  const given = keySources.filter((source) => jwt[source] !== undefined);
  const found: Finding[] = [];
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none of them' : given.join(' and ');
    const remedy = given.length === 0 ? 'add jwks: https://…' : 'keep one of them';
    found.push(error(path, { expected: `one of ${keySources.join(', ')}`, got, remedy }, { of: 'key' }));
  }
  const shared: readonly string[] = secretAlgorithms;
  for (const algorithm of jwt.algorithms) {
    if (given.length !== 1 || shared.includes(algorithm) === (jwt.secret !== undefined)) continue;
    const expected =
      jwt.secret === undefined ? 'an algorithm with a public key' : 'one of HS256, HS384, HS512';
    const remedy =
      jwt.secret === undefined
        ? 'remove it: with it, whoever knows the public key could sign'
        : 'write algorithms: HS256';
    found.push(error([...path, 'algorithms'], { expected, got: algorithm, remedy }, { others: [path] }));
  }
  return found;
}

function sources(path: Path, app: AppInput, file: FileInput): readonly Finding[] {
  return app.identity.sources.flatMap((source, index) => {
    const here = [...path, index];
    if (source.kind === 'jwt' && app.identity.jwt === undefined) return [needsJwt([...here, 'jwt'])];
    if (source.kind === 'header' && source.from === 'proxies') return proxied([...here, 'header'], file);
    return [];
  });
}

const needsJwt = (path: Path): Finding =>
  error(path, {
    expected: 'identity.jwt, which says how tokens are verified',
    got: 'none',
    remedy: 'add identity: { jwt: { jwks: …, issuer: …, audience: … } }',
  });

const trusted: Path = ['router', 'trusted-proxies'];

function proxied(path: Path, file: FileInput): readonly Finding[] {
  if (file.router['trusted-proxies'].length > 0) return [];
  const told = {
    expected: 'router.trusted-proxies, whose header it is',
    got: 'none',
    remedy: 'name your proxy under router.trusted-proxies, or write from: anyone',
  };
  return [error(path, told, { rests: [trusted] })];
}

function ofRule(place: Place, app: Path, input: AppInput, file: FileInput): readonly Finding[] {
  const { path, rule } = place;
  switch (rule.kind) {
    case 'groups':
      return input.identity.jwt === undefined ? [needsJwt([...path, 'groups'])] : [];
    case 'users':
      return users([...path, 'users'], app, input);
    case 'header':
      return rule.from === 'proxies' ? proxied([...path, 'header', 'from'], file) : [];
    case 'cidr':
    case 'country':
    case 'continent':
      return loopbackOnly([...path, rule.kind], file);
    case 'region':
      return [...region([...path, 'region'], file), ...loopbackOnly([...path, 'region'], file)];
    case 'all':
    case 'any':
      return rule.rules.length > 0 ? [] : [nobody([...path, rule.kind])];
    case 'audience':
      return known(path, rule.name, input);
    default:
      return [];
  }
}

const nobody = (path: Path): Finding =>
  error(path, { expected: 'at least one rule', got: 'an empty list', remedy: 'add one, or remove it' });

function users(path: Path, app: Path, input: AppInput): readonly Finding[] {
  const verified = input.identity.sources.some(
    (source) => source.kind === 'jwt' || (source.kind === 'header' && source.from === 'proxies'),
  );
  if (verified) return [];
  const told = {
    expected: 'an identity that nobody can make up',
    got: 'none in identity.sources',
    remedy: 'add identity: { sources: [{ jwt: sub }] }, or a header of a trusted proxy',
  };
  return [error(path, told, { rests: [[...app, 'identity', 'sources']] })];
}

function region(path: Path, file: FileInput): readonly Finding[] {
  if (file.router['geo-database'] !== undefined) return [];
  const told = {
    expected: 'router.geo-database, with regions in it',
    got: 'none',
    remedy: 'name your own MMDB file: free country databases have no regions',
  };
  return [error(path, told, { rests: [['router', 'geo-database']] })];
}

/** Nobody from elsewhere connects, and nobody in front is believed: every address would be 127.0.0.1. */
function loopbackOnly(path: Path, file: FileInput): readonly Finding[] {
  const { listen } = file.router;
  const loopback = listen.every(({ host }) => /^(?:127\.|::1$|localhost$)/.test(host));
  if (!loopback || file.router['trusted-proxies'].length > 0) return [];
  const told = {
    expected: 'addresses of clients to reach the router',
    got: 'only addresses of this machine',
    remedy: 'name the proxy in front under router.trusted-proxies, or listen on 0.0.0.0',
  };
  return [warning(path, told, { rests: [trusted, ['router', 'listen']] })];
}

function known(path: Path, name: string, input: AppInput): readonly Finding[] {
  if (Object.hasOwn(input.audiences, name)) return [];
  const names = Object.keys(input.audiences);
  const meant = didYouMean(name, names);
  const remedy = meant === null ? `add ${name} to audiences` : `Did you mean \`${meant}\`?`;
  return [error(path, { expected: 'the name of an audience of this app', got: `"${name}"`, remedy })];
}

/** Audiences that hold each other in a circle: each circle is told once, at its first reference. */
function cycles(path: Path, app: AppInput): readonly Finding[] {
  const found: Finding[] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    for (const place of references([...path, name], app.audiences[name])) {
      const start = way.indexOf(place.name);
      if (start >= 0) {
        const circle = [...way.slice(start), place.name].join(' → ');
        const remedy = 'remove one of the references: nobody can say who belongs to it';
        found.push(error(place.path, { expected: 'audiences without a circle', got: circle, remedy }));
      } else if (!done.has(place.name) && Object.hasOwn(app.audiences, place.name)) {
        visit(place.name, [...way, place.name]);
      }
    }
    done.add(name);
  };
  for (const name of Object.keys(app.audiences)) if (!done.has(name)) visit(name, [name]);
  return found;
}

function references(
  path: Path,
  rule: RuleInput | undefined,
): readonly { readonly path: Path; readonly name: string }[] {
  if (rule === undefined) return [];
  return places(path, rule).flatMap((place) =>
    place.rule.kind === 'audience' ? [{ path: place.path, name: place.rule.name }] : [],
  );
}
