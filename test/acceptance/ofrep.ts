/**
 * The published clients of OpenFeature against a running Teal: values, errors, 304, a page that is told of a promotion and of a rollback.
 *
 *   npm run acceptance:ofrep            also 2000 people asked of router and control plane
 *   npm run acceptance:ofrep -- --quick 100 of them
 */
import assert from 'node:assert/strict';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPApi } from '@openfeature/ofrep-core';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { ErrorCode, OpenFeature as Server } from '@openfeature/server-sdk';
import { OpenFeature as Web, type Provider } from '@openfeature/web-sdk';
import { FlagdCore } from '@openfeature/flagd-core';
import { EventSourceOverFetch } from './event-source.ts';
import { World, type Settings } from './harness.ts';
import { forward, reachesStep } from './steps.ts';
import { until } from './until.ts';

const people = process.argv.includes('--quick') ? 100 : 2000;

const settings: Settings = {
  instances: 1,
  workers: 2,
  control: true,
  tests: [],
  app: {
    identity: '{ sources: [{ header: x-user, from: anyone }] }',
    audiences: '{ beta: { header: { name: x-user, exact: anna, from: anyone } } }',
    judge: 'off',
    features:
      '{ checkout: { default: false, on: true, with: v2, owner: team-a }, colour: { default: grey, on: green, percent: 100 }, ' +
      'limits: { default: { most: 5 } }, size: { default: 12 } }',
  },
  release: { steps: '[{ expose: { to: [beta], for: 1h } }, { expose: { percent: 30, for: 1h } }]' },
};

Object.assign(globalThis, { EventSource: EventSourceOverFetch });

await using world = await World.live(settings);
const token = await world.token('flags', 'viewer');
const base = `${world.url}/.teal`;
const control = `http://127.0.0.1:${world.controlPort}/v1/apps/shop`;
const authorization = `Bearer ${token}`;
const done = (what: string): void => console.log(`✓ ${what}`);

await checkServer();
await checkCore();
await world.build('v2');
await world.deploy('v2');
await reachesStep(world, 0);
const page = await openPage();
await checkBeta();
await forward(world);
await reachesStep(world, 1);
await checkAgreement();
await checkPage();
console.log(`✓ the published clients and Teal understand each other`);
await Web.close();
await Server.close();

async function checkServer(): Promise<void> {
  await Server.setProviderAndWait('router', new OFREPProvider({ baseUrl: base }));
  await Server.setProviderAndWait(
    'control',
    new OFREPProvider({ baseUrl: control, headers: [['authorization', authorization]] }),
  );
  for (const name of ['router', 'control']) {
    const client = Server.getClient(name);
    assert.equal(await client.getStringValue('colour', 'x'), 'green');
    assert.equal(await client.getNumberValue('size', 0), 12);
    assert.deepEqual(await client.getObjectValue('limits', {}), { most: 5 });
    const { value, variant, flagMetadata } = await client.getBooleanDetails('checkout', true);
    assert.deepEqual(
      [value, variant, flagMetadata['owner'], flagMetadata['with']],
      [false, 'off', 'team-a', 'v2'],
    );
    const none = await client.getBooleanDetails('nothing', true);
    assert.deepEqual([none.value, none.errorCode], [true, ErrorCode.FLAG_NOT_FOUND]);
    const wrong = await client.getBooleanDetails('colour', true);
    assert.deepEqual([wrong.value, wrong.errorCode], [true, ErrorCode.TYPE_MISMATCH]);
  }
  done('server-sdk with ofrep-provider: values, metadata and errors, of the router and of the control plane');
}

async function checkCore(): Promise<void> {
  const api = new OFREPApi(base);
  const first = await api.postBulkEvaluateFlags({ context: { targetingKey: 'a' } });
  assert.equal(first.httpStatus, 200);
  const etag = first.httpResponse?.headers.get('etag') ?? '';
  const again = await api.postBulkEvaluateFlags(
    { context: { targetingKey: 'a' } },
    { headers: { 'if-none-match': etag } },
  );
  assert.equal(again.httpStatus, 304);
  const bare = await fetch(`${control}/ofrep/v1/evaluate/flags`, { method: 'POST' });
  assert.equal(bare.status, 401, 'the control plane asks who it is');
  done('ofrep-core: all flags at once, and 304');
}

interface Page {
  readonly value: () => boolean;
}

/** A tab of somebody who is in no audience, open all the time. */
async function openPage(): Promise<Page> {
  const provider = new OFREPWebProvider({
    baseUrl: base,
    headers: [['x-user', 'zoe']],
    cacheMode: 'disabled',
    disableVisibilityRefresh: true,
  });
  await Web.setContext({ targetingKey: 'zoe' });
  // Its types were made without exact optional properties.
  await Web.setProviderAndWait(provider as Provider);
  const client = Web.getClient();
  return { value: () => client.getBooleanValue('checkout', false) };
}

async function asked(user: string): Promise<unknown> {
  const response = await fetch(`${base}/ofrep/v1/evaluate/flags/checkout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user': user },
    body: '{}',
  });
  return ((await response.json()) as { readonly value: unknown }).value;
}

async function checkBeta(): Promise<void> {
  assert.equal(await asked('anna'), true);
  assert.equal(await asked('ben'), false);
  assert.equal(page.value(), false);
  const { code, out } = await world.teal(
    'explain',
    'shop',
    '--header',
    'x-user: anna',
    '--feature',
    'checkout',
  );
  assert.equal(code, 0, out);
  assert.match(out, /route +candidate: [^]*flag +checkout = true/);
  done('opened for an audience: by the router’s own decision, and explained beside it');
}

function identity(index: number): string {
  return [`user-${index}`, `a.${index}@example.com`, `jösé-${index}`, `ユーザー${index}`][index % 4] ?? '';
}

/** The version that served them, and the flag's value: at the router, at the control plane, and by the export with what was carried. */
async function checkAgreement(): Promise<void> {
  const { out } = await world.teal('flags', 'export', 'shop', '--flagd');
  const core = new FlagdCore(undefined, undefined, { disableDynamicCodeGeneration: true });
  core.setConfigurations(out);
  const client = Server.getClient('control');
  let there = 0;
  for (let index = 0; index < people; index++) {
    const user = identity(index);
    const header = Buffer.from(user, 'utf8').toString('latin1');
    const response = await fetch(`${world.url}/api/products`, { headers: { 'x-user': header } });
    const { version } = (await response.json()) as { readonly version: string };
    const value = (await asked(header)) === true;
    if (value) there++;
    assert.equal(value, version === 'v2', `${user} is on ${version}`);
    if (index % 10 !== 0) continue;
    assert.equal(await client.getBooleanValue('checkout', false, { targetingKey: user }), value, user);
    const context = { teal: { cohort: value ? 'candidate' : 'live' } };
    assert.equal(core.resolveBooleanEvaluation('checkout', false, context).value, value, user);
  }
  assert.ok(there > people * 0.2 && there < people * 0.4, `${there} of ${people}`);
  done(`${people} people: the version that serves them and their flag agree (${there} have it)`);
}

async function checkPage(): Promise<void> {
  await world.client.command('shop', 'promote', { full: true });
  await until('the page has the promotion', () => page.value());
  await world.promoted('v2');
  assert.equal(await asked('ben'), true);
  const began = performance.now();
  await world.client.command('shop', 'rollback', {});
  await until('the page has the rollback', () => !page.value());
  done(
    `web-sdk with ofrep-web-provider: told of the promotion, and of the rollback after ${Math.round(performance.now() - began)} ms`,
  );
  const { out } = await world.teal('flags', 'list', '--json');
  const listed = JSON.parse(out) as { flags: { flag: string; stage: string }[]; unknown: { flag: string }[] };
  assert.equal(listed.flags.find(({ flag }) => flag === 'checkout')?.stage, 'rolled-back');
  assert.ok(listed.unknown.some(({ flag }) => flag === 'nothing'));
  done('teal flags list: rolled back, and a name that code asks for and is none');
}
