import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { EnvironmentValue } from '../../src/config/environment-value.ts';
import { secretsIn } from '../../src/config/secrets.ts';
import { teal } from '../../src/control/apps.ts';
import { perform } from '../../src/control/effects/perform.ts';
import { hide, hiddenFor, type Hidden } from '../../src/control/hide.ts';
import { effects } from '../../src/release/effects.ts';
import { app } from '../release/story.ts';
import { fakeDeps } from './fakes.ts';
import { forever, scratch } from './help.ts';

const env = (name: string): EnvironmentValue => ({ kind: 'secret', source: 'env', name });
const as = (shown: string, name: string): Hidden => ({ value: env(name), shown });

test('every secret is found, in whatever key it stands, once', () => {
  const file: EnvironmentValue = { kind: 'secret', source: 'file', name: '/key' };
  const plain: EnvironmentValue = { kind: 'plain', value: 'x' };
  const within = {
    a: [env('ONE'), { b: { kind: 'secret', c: env('TWO') } }],
    d: null,
    e: env('ONE'),
    file,
    plain,
  };
  assert.deepEqual(secretsIn(within), [env('ONE'), env('TWO'), file]);
});

test('an app knows its own by its names, others are told as teal.yaml names them', async (t) => {
  const deps = await fakeDeps(t, app({}, [{ environment: { KEY: env('SHOP_KEY') } }]));
  const config = { ...app({}, [{ environment: { KEY: env('BLOG_KEY') } }]), name: 'blog' };
  await deps.apps.submit('blog', { type: 'apply', config }, teal);
  const more = [as('[more]', 'MORE')];
  const hidden = hiddenFor(deps, app({}, [{ environment: { KEY: env('SHOP_KEY') } }]), more);
  const own = { SHOP_KEY: 'sword', BLOG_KEY: 'fish', MORE: 'much', UNKNOWN: 'ocean' };
  assert.equal(hide(hidden, own)('sword fish much ocean'), '[KEY] [env:BLOG_KEY] [more] ocean');
});

test('what is a part of another leaves no rest of it, and nothing is found in what stands for another', () => {
  const hidden = [as('[fish]', 'PART'), as('[one]', 'WHOLE'), as('[two]', 'FISH'), as('[no]', 'SHORT')];
  const hides = hide(hidden, { PART: 'word', WHOLE: 'swordfish', FISH: 'fish', SHORT: 'abc' });
  assert.equal(hides('a swordfish, a word, fish, abc'), 'a [one], a [fish], [two], abc');
});

test('of an address its password alone is hidden too, and what has a meaning in patterns has none', () => {
  const hides = hide([as('[url]', 'URL'), as('[odd]', 'ODD')], {
    URL: 'postgres://me:s%24cret@host/db?password=more.',
    ODD: '^a.b*(c)$[d]{2}|\\e-/',
  });
  assert.equal(
    hides('s%24cret s$cret more. postgres://me:s%24cret@host/db?password=more.; ^a.b*(c)$[d]{2}|\\e-/ moreX'),
    '[password] [password] [password] [url]; [odd] moreX',
  );
});

test('a file is read again, and what it held before stays hidden', async (t) => {
  const file = path.join(await scratch(t), 'key');
  await writeFile(file, 'before\nand its second line\n');
  const hides = hide([{ value: { kind: 'secret', source: 'file', name: file }, shown: '[key]' }], {});
  assert.equal(hides('before'), '[key]');
  await writeFile(file, 'afterwards\n');
  const deadline = performance.now() + 10_000;
  while (hides('afterwards') !== '[key]') {
    assert.ok(performance.now() < deadline);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(hides('before, and its second line'), '[key], [key]');
});

test('where there is nothing to hide a text stays as it is', () => {
  assert.equal(hide([], {})('text'), 'text');
  assert.equal(hide([as('[none]', 'MISSING')], {})('text'), 'text');
});

test('what a test of a release prints of another app is told by nobody', async (t) => {
  const key = path.join(await scratch(t), 'key');
  await writeFile(key, 'swordfish\n');
  const leaks = { kind: 'command', name: 'leaks', command: `cat ${key}; exit 2`, timeoutMs: 10_000 } as const;
  const spec = app({ tests: [leaks] }, [{ directory: await scratch(t) }]);
  const deps = await fakeDeps(t, spec);
  const secret = { kind: 'secret', source: 'file', name: key } as const;
  const config = { ...app({}, [{ environment: { KEY: secret } }]), name: 'other' };
  await deps.apps.submit('other', { type: 'apply', config }, teal);
  const build = { version: 'v1', directory: null, spec };
  await deps.apps.submit('shop', { type: 'deploy', build, promote: null }, teal);
  for (const kind of ['run', 'test']) {
    const effect = effects(deps.apps.state('shop')).find((each) => each.kind === kind);
    assert.ok(effect);
    await perform(deps, 'shop', effect, forever);
  }
  const message = deps.apps.state('shop').release?.error?.message;
  assert.equal(message?.split('\n').at(-1), `[file:${key}]`);
});
