import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TealError } from '../../src/errors.ts';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Registry } from '../../src/router/embedded/registry.ts';
import { hostName, lookup } from '../../src/router/embedded/lookup.ts';
import { appTable, tableOf } from './rig.ts';

function compiled(
  ...routes: readonly (readonly [app: string, hosts: readonly string[], paths: readonly string[]])[]
) {
  const apps = routes.map(([app, hosts, paths]) =>
    appTable({ app, routes: [{ role: 'web', hosts, paths }] }),
  );
  return compileTable(tableOf(1, ...apps), new Registry());
}

const table = compiled(
  ['exact', ['shop.test'], ['/']],
  ['deep', ['shop.test'], ['/app/', '/app/deep']],
  ['wild', ['*.test'], []],
  ['wilder', ['*.eu.test'], ['/']],
  ['any', [], ['/']],
  ['api', [], ['/api']],
  ['partial', ['partial.test'], ['/only']],
);

for (const [host, target, app] of [
  ['shop.test', '/', 'exact'],
  ['SHOP.Test:8080', '/x', 'exact'],
  ['shop.test.', '/x', 'exact'],
  ['shop.test', '/app', 'deep'],
  ['shop.test', '/app/', 'deep'],
  ['shop.test', '/app?x', 'deep'],
  ['shop.test', '/app/deep/er', 'deep'],
  ['shop.test', '/apple', 'exact'],
  ['a.test', '/', 'wild'],
  ['a.b.test', '/', 'wild'],
  ['a.eu.test', '/', 'wilder'],
  ['eu.test', '/', 'wild'],
  ['test', '/', 'any'],
  ['[::1]:80', '/', 'any'],
  ['[::1]:80', '/api/x', 'api'],
  ['other', '/apis', 'any'],
  ['partial.test', '/only', 'partial'],
  ['partial.test', '/else', 'wild'],
] as const) {
  test(`${host}${target} goes to ${app}`, () => {
    assert.equal(lookup(table, host, target)?.app.name, app);
  });
}

test('two apps with the same host and path are refused by name', () => {
  assert.throws(
    () => compiled(['one', ['a.test'], ['/x']], ['two', ['A.test'], ['/x/']]),
    (error: unknown) =>
      error instanceof TealError && error.code === 'table-refused' && /one and two/.test(error.message),
  );
});

test('a name that would end a header is refused', () => {
  assert.throws(
    () =>
      compileTable(
        tableOf(
          1,
          appTable({ environments: { blue: { version: 'v1\r\nX: y', endpoints: [] }, green: null } }),
        ),
        new Registry(),
      ),
    TealError,
  );
});

test('lookup is what the rule says, for any table', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
  const host = fc.oneof(
    name,
    name.map((text) => `*.${text}`),
    fc.constant('*'),
  );
  const path = fc.array(label, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
  const routes = fc.uniqueArray(fc.tuple(host, path), {
    maxLength: 12,
    selector: ([left, right]) => `${left} ${right}`,
  });
  fc.assert(
    fc.property(routes, name, path, (given, asked, target) => {
      const built = compiled(
        ...given.map(([on, at], index) => [String(index), on === '*' ? [] : [on], [at]] as const),
      );
      assert.equal(lookup(built, asked, target)?.app.name, slowly(given, asked, target));
    }),
    { numRuns: 500 },
  );
});

/** The rule, without any index: the best of all routes that match. */
function slowly(
  routes: readonly (readonly [string, string])[],
  asked: string,
  target: string,
): string | undefined {
  const rank = (host: string) =>
    host === asked
      ? 1000
      : host.startsWith('*.') && asked.endsWith(host.slice(1))
        ? host.length
        : host === '*'
          ? 0
          : -1;
  const under = (path: string) => path === '/' || target === path || target.startsWith(`${path}/`);
  const matches = routes
    .map(([host, path], index) => ({ index, rank: rank(host), path }))
    .filter((route) => route.rank >= 0 && under(route.path));
  matches.sort((left, right) => right.rank - left.rank || right.path.length - left.path.length);
  return matches[0] === undefined ? undefined : String(matches[0].index);
}

test('a host name has no port, no final dot, no case', () => {
  assert.equal(hostName('A.Test.:80'), 'a.test');
  assert.equal(hostName('[2001:DB8::1]:443'), '[2001:db8::1]');
  assert.equal(hostName(''), '');
});
