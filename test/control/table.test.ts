import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tables } from '../../src/control/tables.ts';
import type { Instance } from '../../src/platform/platform.ts';
import { app, judged, Story } from '../release/story.ts';
import { instance } from './fakes.ts';

const table = ({ state }: Story, instances: readonly Instance[], released: readonly string[] = []) => {
  const look = () => ({
    states: [state],
    instances,
    released: new Set(released),
    previewKey: (name: string) => `key of ${name}`,
    keys: ({ app: name }: { readonly app: string }) => [{ id: 'k1', key: `key of ${name}` }],
  });
  return new Tables({ look, failed: (_, error) => assert.ifError(error) }).build().apps;
};

const ids = (story: Story, instances: readonly Instance[], released?: readonly string[]): readonly string[] =>
  table(story, instances, released)[0]?.environments.blue?.endpoints.map(({ id }) => id) ?? [];

const live = (): Story => {
  const story = new Story();
  story.goesLive('v1');
  return story;
};

describe('the routing table', () => {
  test('has the answers of a judged release counted from before anybody is exposed until the old side is given up', () => {
    const spec = judged({ strategy: 'steps', steps: [{ kind: 'wait', ms: 1000 }] });
    const told = (story: Story) => table(story, [])[0]?.judged;
    const story = live();
    story.deploys('v2', spec);
    assert.equal(told(story), null, 'what answers were like is not known yet');
    story.isReady();
    const marks = { slow: { q95: 20, q99: 80 }, scale: [] };
    assert.deepEqual(told(story), { release: 'shop-2', candidate: 'green', ...marks });
    story.later(1000);
    story.isReady();
    story.routersHaveIt();
    assert.equal(told(story)?.release, 'shop-2', 'everyone is on it, and it can be left');
    story.does({ type: 'rollback', reason: null });
    assert.equal(told(story), null);
  });

  test('sends requests to the healthy instances of the live version only', () => {
    const instances = [
      instance({ id: 'good' }),
      instance({ id: 'ill', state: 'unhealthy' }),
      instance({ id: 'new', state: 'starting' }),
      instance({ id: 'other-version', version: 'v0' }),
      instance({ id: 'other-app', app: 'blog' }),
      instance({ id: 'other-side', colour: 'green' }),
      instance({ id: 'no-port', address: null }),
    ];
    assert.deepEqual(ids(live(), instances), ['good']);
    assert.equal(table(live(), instances)[0]?.live, 'blue');
    assert.equal(table(live(), instances)[0]?.previewKey, 'key of shop');
  });

  test('falls back to those that at least run when none is healthy', () => {
    const instances = [
      instance({ id: 'ill', state: 'unhealthy' }),
      instance({ id: 'unchecked', state: 'starting' }),
      instance({ id: 'ended', state: 'backing-off' }),
      instance({ id: 'going', state: 'stopping' }),
    ];
    assert.deepEqual(ids(live(), instances), ['ill', 'unchecked']);
  });

  test('has no process of a candidate that has never been healthy: its people are better off on live', () => {
    const story = live();
    story.deploys('v2');
    const next = { colour: 'green', version: 'v2', state: 'starting' } as const;
    const again = [instance({ ...next, id: 'again', everHealthy: false })];
    assert.deepEqual(table(story, again)[0]?.environments.green?.endpoints, []);
    // After a restart of Teal, nothing has been checked yet: they stay where they are.
    const unchecked = table(story, [...again, instance({ ...next, id: 'unchecked' })]);
    assert.deepEqual(
      unchecked[0]?.environments.green?.endpoints.map(({ id }) => id),
      ['unchecked'],
    );
  });

  test('gives nothing new to instances that are let go', () => {
    assert.deepEqual(ids(live(), [instance({ id: 'a' }), instance({ id: 'b' })], ['a']), ['b']);
  });

  test('has no environment that is being stopped', () => {
    const story = live();
    story.goesLive('v2');
    story.does({ type: 'rollback', reason: null });
    story.routersHaveIt();
    const [shop] = table(story, []);
    assert.equal(shop?.live, 'blue');
    assert.equal(shop?.environments.green, null);
    assert.equal(shop?.environments.blue?.version, 'v1');
  });

  test('says where pages from before find their files: at live while people are exposed, then at what a rollback returns to', () => {
    const spec = {
      ...app({ previewInstances: 1, steps: [{ kind: 'expose', to: [], percent: 5, forMs: 1000 }] }),
      skew: 'pin' as const,
    };
    const story = new Story(spec);
    const warm = (): string | null | undefined => table(story, [])[0]?.skew?.warm;
    story.goesLive('v1');
    assert.equal(warm(), null);
    story.deploys('v2', spec);
    story.isReady();
    assert.equal(warm(), null, 'nobody has been moved yet');
    story.isReady();
    assert.equal(warm(), 'blue', 'some have left live');
    story.does({ type: 'exposure-acknowledged', release: 'shop-2', cursor: 0, generation: 5 });
    story.later(1000);
    story.isReady();
    assert.deepEqual([story.status, story.state.live, warm()], ['switching', 'green', 'blue']);
    story.routersHaveIt();
    assert.deepEqual([story.status, warm()], ['promoted', 'blue']);
    story.does({ type: 'rollback', reason: null });
    assert.equal(warm(), null, 'what was rolled back is not served any more');
    assert.equal(table(live(), [])[0]?.skew, null, 'off by default');
  });

  test('knows the candidate before it is live, for previews', () => {
    const story = live();
    story.deploys('v2');
    const [shop] = table(story, [instance({ id: 'next', colour: 'green', version: 'v2' })]);
    assert.equal(shop?.live, 'blue');
    assert.deepEqual(
      shop?.environments.green?.endpoints.map(({ id }) => id),
      ['next'],
    );
  });

  test('has no live environment before the first version, and no app that is being removed', () => {
    assert.equal(table(new Story(), [])[0]?.live, null);
    const story = live();
    story.does({ type: 'remove' });
    assert.deepEqual(table(story, []), []);
  });

  test('carries the maintenance page, and routes of web roles only', () => {
    const story = new Story(app({}, [{ hosts: ['shop.test'] }, { name: 'worker', kind: 'background' }]));
    story.does({ type: 'maintenance', message: 'painting' });
    const [shop] = table(story, []);
    assert.deepEqual(shop?.maintenance, { message: 'painting' });
    assert.deepEqual(shop?.routes, [{ role: 'web', hosts: ['shop.test'], paths: ['/'] }]);
  });
});
