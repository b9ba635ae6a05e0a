/** A page that was opened before a switch, and what it asks for later: requests as a browser makes them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { World } from './harness.ts';

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const call = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const files = [
  { kind: /href="(assets\/[^"]+)"/, headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' } },
  { kind: /src="(assets\/[^"]+)"/, headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'script' } },
];

export async function C21(): Promise<void> {
  await using world = await World.live();
  const text = readFileSync(world.config, 'utf8');
  writeFileSync(
    world.config,
    text.replace(/^ {2}shop:\n/m, '  shop:\n    skew: pin\n    expose-version-header: true\n'),
  );
  await world.client.apply({ file: world.config });
  // What is applied is on disk then, and in the routers a moment later.
  let old = await opened(world);
  for (const late = Date.now() + 10_000; old.version !== 'v1' && Date.now() < late;)
    old = await opened(world);
  assert.equal(old.version, 'v1');
  await world.build('v2');
  await world.deploy('v2', { promote: 'auto' });
  await world.promoted('v2');
  for (const { path, headers } of old.files) {
    const mine = await ask(world, path, { ...headers, cookie: old.cookie });
    assert.equal(mine.status, 200, `the open page of v1 gets ${path}`);
    assert.equal(mine.version, 'v1');
    const other = await ask(world, path, headers);
    assert.equal(other.status, 404, 'v2 does not have it: it was the old version that answered');
  }
  const api = await ask(world, '/api/products', { ...call, cookie: old.cookie });
  assert.equal(api.version, 'v2', 'a call of the API goes where everyone goes');
  const fresh = await opened(world, old.cookie);
  assert.equal(fresh.version, 'v2', 'a page that is opened is the new one');
  assert.notEqual(fresh.cookie, old.cookie);
  for (const { path, headers } of fresh.files)
    assert.equal((await ask(world, path, { ...headers, cookie: fresh.cookie })).status, 200);
  await world.client.command('shop', 'rollback', {});
  await world.reaches('the end of the rollback', ({ release }) => release?.status === 'rolled-back');
  for (const { path, headers } of fresh.files)
    assert.equal(
      (await ask(world, path, { ...headers, cookie: fresh.cookie })).version,
      'v1',
      'what was rolled back serves nobody',
    );
  assert.equal((await opened(world, fresh.cookie)).version, 'v1');
}

interface Answer {
  readonly status: number;
  /** By the header that the router adds. */
  readonly version: string;
  readonly cookie: string;
  readonly body: string;
}

/** Opens the shop as a tab does: its cookie (a new one, or the one it had), and the files that it asks for. */
async function opened(world: World, cookie = '') {
  const answer = await ask(world, '/', {
    ...page,
    accept: 'text/html',
    ...(cookie === '' ? {} : { cookie }),
  });
  assert.equal(answer.status, 200);
  const found = files.map(({ kind, headers }) => ({
    path: `/${kind.exec(answer.body)?.[1] ?? ''}`,
    headers,
  }));
  assert.ok(
    found.every(({ path }) => path.length > 1),
    answer.body,
  );
  return { version: answer.version, cookie: answer.cookie === '' ? cookie : answer.cookie, files: found };
}

async function ask(world: World, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    http.get(`${world.url}${path}`, { headers, agent: false }, resolve).on('error', reject);
  });
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const cookie = response.headers['set-cookie']?.find((each) => each.startsWith('teal-skew.')) ?? '';
  return {
    status: response.statusCode ?? 0,
    version: String(response.headers['x-teal-version']),
    cookie: cookie.split(';')[0] ?? '',
    body: Buffer.concat(parts).toString(),
  };
}
