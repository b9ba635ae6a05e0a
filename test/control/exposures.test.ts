/** What is foreseen of a release is what comes: its number, place, cohort, steps, and whom each of them exposes. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { App } from '../../src/config/config.ts';
import type { ExposePolicy, MirrorPolicy } from '../../src/config/release.ts';
import { teal } from '../../src/control/apps.ts';
import { explainBody } from '../../src/control/api/bodies.ts';
import { parse } from '../../src/control/api/read.ts';
import { explainWho } from '../../src/control/explain.ts';
import { exposureTables, restingTable } from '../../src/control/exposures.ts';
import { audienceTable } from '../../src/control/table.ts';
import { upcoming } from '../../src/release/begin.ts';
import { stepsOf } from '../../src/release/deploy.ts';
import { app, build } from '../release/story.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';

const minute = 60_000;
const expose = (percent: number | null, to: readonly string[] = []): ExposePolicy => ({
  kind: 'expose',
  to,
  percent,
  forMs: minute,
});
const canary = (values: readonly string[]): App => ({
  ...app({ strategy: 'steps', cohort: 'fresh', steps: [expose(null, ['staff']), expose(30), expose(60)] }),
  audiences: { staff: { kind: 'header', name: 'x-who', match: { kind: 'exact', values }, from: 'anyone' } },
});

const foreseen = (deps: FakeDeps, spec: App, version: string) => {
  const of = { build: { ...build(version), spec }, steps: stepsOf(spec.release, null) };
  return upcoming(deps.apps.state('shop'), of);
};

const deploy = async (deps: FakeDeps, spec: App, version: string): Promise<void> => {
  await deps.apps.submit('shop', { type: 'deploy', build: { ...build(version), spec }, promote: null }, teal);
  await ready(deps, 'preview');
};

const ready = async (deps: FakeDeps, size: 'preview' | 'full' | number): Promise<void> => {
  const { release } = deps.apps.state('shop');
  assert.ok(release);
  const { colour } = release;
  const { version } = release.build;
  await deps.apps.submit('shop', { type: 'environment-ready', colour, version, size }, teal);
};

async function live(t: TestContext, spec: App): Promise<FakeDeps> {
  const deps = await fakeDeps(t, spec);
  await deploy(deps, spec, 'v1');
  await ready(deps, 'full');
  const acknowledged = { type: 'table-acknowledged', release: 'shop-1', generation: 1 } as const;
  await deps.apps.submit('shop', { ...acknowledged, live: 'blue' }, teal);
  assert.equal(deps.apps.state('shop').live, 'blue');
  return deps;
}

const begun = (deps: FakeDeps) => {
  const { release } = deps.apps.state('shop');
  assert.ok(release);
  const { id, from, colour, cohort, steps } = release;
  return { id, from, colour, cohort, steps };
};

test('the first version goes through the steps that are foreseen, and the next one too', async (t) => {
  const spec = canary(['anna']);
  const deps = await fakeDeps(t, spec);
  const first = foreseen(deps, spec, 'v1');
  assert.deepEqual(
    first.steps.map(({ kind }) => kind),
    ['promote'],
  );
  await deploy(deps, spec, 'v1');
  assert.deepEqual(begun(deps), first);
  const after = await live(t, spec);
  const second = foreseen(after, spec, 'v2');
  assert.deepEqual(
    [second.id, second.from, second.colour, second.steps.length],
    ['shop-2', 'v1', 'green', 4],
  );
  await deploy(after, spec, 'v2');
  assert.deepEqual(begun(after), second);
});

test('the table of a step is the one that was foreseen', async (t) => {
  const spec = canary(['anna']);
  const deps = await live(t, spec);
  const [staff] = exposureTables(restingTable(deps.apps.state('shop'), spec), foreseen(deps, spec, 'v2'));
  await deploy(deps, spec, 'v2');
  await ready(deps, 'preview');
  const now = audienceTable(deps.apps.state('shop'), spec);
  assert.ok(staff && now?.release);
  assert.deepEqual({ ...now, paths: [] }, staff.table);
});

test('somebody with a name is asked about only where names come from somewhere', async (t) => {
  const deps = await live(t, canary(['anna']));
  await assert.rejects(explainWho(deps, 'shop', { user: 'anna' }), {
    code: 'usage',
    message: /shop knows nobody by name/,
  });
});

test('later steps are explained by the rules that the running release was deployed with', async (t) => {
  const deps = await live(t, canary(['anna']));
  const later = async (who: string) =>
    (await explainWho(deps, 'shop', { headers: { 'x-who': who } })).later.map(({ name, side }) => [
      name,
      side,
    ]);
  assert.deepEqual((await later('anna'))[0], ['expose staff', 'candidate'], 'of the next release');
  await deploy(deps, canary(['anna']), 'v2');
  await deps.apps.submit('shop', { type: 'apply', config: canary(['ben']) }, teal);
  assert.deepEqual((await later('anna'))[0], ['expose staff', 'candidate'], 'of the running one');
  await ready(deps, 'preview');
  const names = (await later('anna')).map(([name]) => name);
  assert.deepEqual(
    names,
    ['expose 30 % of the people', 'expose 60 % of the people'],
    'what is over is left out',
  );
  assert.ok((await later('anna')).every(([, side]) => side === 'candidate'));
});

test('while requests are copied, an explanation says whose', async (t) => {
  const mirror: MirrorPolicy = {
    kind: 'mirror',
    of: ['staff'],
    percent: null,
    methods: ['GET'],
    forMs: minute,
    timeoutMs: minute,
    maxBodyBytes: 0,
  };
  const plain = canary(['anna']);
  const spec: App = { ...plain, release: { ...plain.release, steps: [mirror] } };
  const deps = await live(t, spec);
  const asked = (who: string) => explainWho(deps, 'shop', { headers: { 'x-who': who } });
  assert.equal((await asked('anna')).mirrored, null, 'nothing is copied yet');
  await deploy(deps, spec, 'v2');
  await ready(deps, 'preview');
  const [anna, ben] = [await asked('anna'), await asked('ben')];
  assert.deepEqual([anna.mirrored, ben.mirrored], [true, false]);
  assert.match(anna.text, /\nmirror the requests of staff: theirs may be copied to the candidate$/);
  assert.match(ben.text, /: theirs are not copied$/);
});

test('what cannot be asked is refused with what was expected', () => {
  assert.throws(() => parse(explainBody, { ip: 'home' }), /ip: expected an IPv4 or IPv6 address, got "home"/);
  assert.throws(() => parse(explainBody, { country: 'Bavaria' }), /country: expected two letters such as DE/);
});
