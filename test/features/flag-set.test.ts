import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FlagdCore } from '@openfeature/flagd-core';
import { compileAudiences } from '../../src/audience/compile.ts';
import { noToken, type AudienceRequest } from '../../src/audience/request.ts';
import { route } from '../../src/audience/route.ts';
import { Visit } from '../../src/audience/visit.ts';
import type { App } from '../../src/config/config.ts';
import type { Feature } from '../../src/config/features.ts';
import { audienceTable } from '../../src/control/table.ts';
import { sentBy, tealContext } from '../../src/features/context.ts';
import { Flags } from '../../src/features/evaluate.ts';
import { flagTable } from '../../src/features/flag-set.ts';
import { app, Story } from '../release/story.ts';
import { feature } from './feature.ts';

const spec = (features: Readonly<Record<string, Feature>>, percent = 5): App => ({
  ...app({
    strategy: 'steps',
    steps: [
      { kind: 'expose', to: ['beta'], percent: null, forMs: 1000 },
      { kind: 'expose', to: [], percent, forMs: 1000 },
    ],
  }),
  identity: {
    sources: [{ kind: 'header', name: 'x-user', from: 'proxies' }],
    anonymous: 'keep',
    cookieDomain: null,
    jwt: null,
  },
  audiences: { beta: { kind: 'users', users: ['anna'] }, third: { kind: 'percent', width: 33_333 } },
  features,
});

const somebody = (user: string): AudienceRequest => ({
  address: '',
  viaProxy: true,
  // One character for each byte, as a header comes.
  header: (name) => (name === 'x-user' ? Buffer.from(user).toString('latin1') : null),
  cookie: '',
  token: noToken,
  id: null,
  release: null,
});

/** What a router would say to each: the side, and what they get of a flag. */
function asker(story: Story, config: App) {
  const flags = flagTable(story.state, config);
  const audience = audienceTable(story.state, config);
  assert.ok(flags !== null && audience !== null);
  const table = compileAudiences(audience, () => null);
  const ready = new Flags(flags.set);
  const versionOf = (colour: 'blue' | 'green') => story.state.environments[colour]?.version ?? null;
  return {
    set: flags.set,
    epoch: flags.epoch,
    ask: (user: string, key = 'checkout') => {
      const request = somebody(user);
      const routed = route(table, request);
      const teal = tealContext(new Visit(table, request), sentBy(routed, versionOf), flags.audiences);
      const got = ready.evaluate(key, { teal });
      return { side: routed.side, teal, value: got.ok ? got.value : got.code };
    },
  };
}

function atCanary(config: App, percent = true): Story {
  const story = new Story(config);
  story.goesLive('v1', app());
  story.deploys('v2', config);
  story.isReady();
  story.isReady();
  exposed(story);
  if (!percent) return story;
  story.later(1000);
  story.isReady();
  exposed(story);
  return story;
}

function exposed(story: Story): void {
  const { id, cursor } = story.state.release!;
  story.does({ type: 'exposure-acknowledged', release: id, cursor, generation: 9 });
}

/** ASCII, e-mail addresses, and what is neither. */
const identities = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => {
    const kinds = [
      `user-${index}`,
      `a.${index}@example.com`,
      `jösé${index}@x.de`,
      `ユーザー${index}`,
      `😀${index}`,
    ];
    return kinds[index % kinds.length] ?? '';
  });

describe('what people get of flags', () => {
  test('is the new value on the side of the release, and nowhere else: 20 000 of 20 000, by the export as well', () => {
    for (const cohort of ['same', 'fresh'] as const) {
      const base = spec({ checkout: feature() }, 37.5);
      const config = { ...base, release: { ...base.release, cohort } };
      const { ask, set } = asker(atCanary(config), config);
      const core = new FlagdCore(undefined, undefined, { disableDynamicCodeGeneration: true });
      core.setConfigurations(JSON.stringify(set));
      let there = 0;
      for (const user of identities(20_000)) {
        const { side, value, teal } = ask(user);
        if (value === true) there++;
        assert.equal(value, side === 'candidate', user);
        const carried = { teal: { cohort: teal.cohort } };
        assert.equal(core.resolveBooleanEvaluation('checkout', false, carried).value, value, user);
        const byBucket = { teal: { bucket: teal.bucket, groups: [...teal.groups] } };
        assert.equal(core.resolveBooleanEvaluation('checkout', false, byBucket).value, value, user);
      }
      assert.ok(there > 7200 && there < 7800, `${there} of them`);
    }
  });

  test('follows the release: beta, a part of everyone, everyone, and nobody when it is taken back', () => {
    const config = spec({ checkout: feature() });
    const story = atCanary(config, false);
    const users = identities(1000);
    const share = () => users.filter((user) => asked.ask(user).value === true).length;
    let asked = asker(story, config);
    assert.equal(asked.ask('anna').value, true);
    assert.equal(share(), 0);
    const { epoch } = asked;
    story.later(1000);
    story.isReady();
    asked = asker(story, config);
    assert.equal(asked.ask('anna').value, true);
    assert.ok(share() > 20 && share() < 90);
    assert.equal(asked.epoch, epoch, 'pages that are open do not change while more people come');
    exposed(story);
    story.later(1000);
    story.isReady();
    asked = asker(story, config);
    assert.equal(share(), 1000);
    assert.notEqual(asked.epoch, epoch);
    story.routersHaveIt();
    story.does({ type: 'rollback', reason: null });
    asked = asker(story, config);
    assert.equal(share(), 0);
    assert.equal(asked.ask('anna').value, false);
  });

  test('is narrowed by `for` while the release runs, and not any more when it is live', () => {
    const config = spec({ checkout: feature({ for: ['beta'] }) }, 50);
    const story = atCanary(config);
    let asked = asker(story, config);
    const canaries = identities(100).filter((user) => asked.ask(user).side === 'candidate');
    assert.ok(canaries.length > 20);
    assert.ok(canaries.every((user) => asked.ask(user).value === false));
    assert.equal(asked.ask('anna').value, true);
    story.later(1000);
    story.isReady();
    asked = asker(story, config);
    assert.ok(canaries.every((user) => asked.ask(user).value === true));
  });

  test('is on in a preview of its version, before anybody else has it', () => {
    const config = spec({ checkout: feature() });
    const story = new Story(config);
    story.goesLive('v1', app());
    story.deploys('v2', config);
    const flags = new Flags(flagTable(story.state, config)!.set);
    const value = (version: string) => flags.evaluate('checkout', { teal: { cohort: 'preview', version } });
    const on = (version: string) => {
      const got = value(version);
      return got.ok && got.value;
    };
    assert.equal(on('v2'), true);
    assert.equal(on('v1'), false);
  });

  test('is any kind of JSON', () => {
    const values = ['text', 2.5, { a: [1, { b: null }] }, ['x']] as const;
    const features = Object.fromEntries(
      values.map((on, index) => [`f${index}`, feature({ on, default: on, with: null, width: 100_000 })]),
    );
    const config = spec(features);
    const story = new Story(config);
    story.goesLive('v1', app());
    const { ask } = asker(story, config);
    assert.deepEqual(
      values.map((_, index) => ask('anna', `f${index}`).value),
      values,
    );
  });

  test('of a flag without a version is by audience and bucket', () => {
    const config = spec({
      few: feature({ with: null, width: 10_000 }),
      staff: feature({ with: null, for: ['beta'] }),
      third: feature({ with: null, for: ['third'] }),
    });
    const story = new Story(config);
    story.goesLive('v1', app());
    const { ask } = asker(story, config);
    const count = (key: string) => identities(2000).filter((user) => ask(user, key).value === true).length;
    assert.ok(count('few') > 150 && count('few') < 250);
    assert.ok(count('third') > 600 && count('third') < 730);
    assert.equal(count('staff'), 0);
    assert.equal(ask('anna', 'staff').value, true);
  });
});
