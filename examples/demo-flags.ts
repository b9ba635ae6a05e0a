/**
 * A feature opens for beta, follows the canary to everybody, is reported as to remove, and is taken out of the code, whose tests pass before and
 * after. The app is examples/features, which asks for its flags by the SDK of OpenFeature.
 *
 *   npm run demo:flags
 *
 * Exit code 1 when the page that somebody gets is not that of their version's flag.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AppStatus } from '../src/control/contract.ts';
import type { FlagView } from '../src/control/flags/contract.ts';
import { interruptible } from './demo/interruptible.ts';
import { Screen } from './demo/screen.ts';
import { Teal } from './demo/teal.ts';

const screen = new Screen(process.stdout);
const example = fileURLToPath(new URL('features', import.meta.url));
const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);

await interruptible(screen, async (signal, started) => {
  screen.line('Teal: a feature opens with its release, and is gone from the code when that has ended.');
  const folder = await mkdtemp(join(tmpdir(), 'teal-flags-'));
  await makeHome(folder);
  const teal = new Teal({ folder, screen, signal });
  started(() => teal.hurry());
  try {
    await play(teal, folder);
    await teal.down();
    screen.summary(
      { good: true, text: 'Each got the page of their version; the flag is gone from the code' },
      [],
    );
  } finally {
    await teal.down().finally(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  }
});

async function play(teal: Teal, folder: string): Promise<void> {
  screen.part('1  A shop with a checkout of three steps');
  const url = await teal.up();
  const { secret } = await teal.ask<{ secret: string }>('token', 'create', 'shop', '--role', 'viewer');
  await writeFile(join(folder, 'token'), secret, { mode: 0o600 });
  await teal.run('deploy', 'shop', 'v1', '--wait');
  assert.deepEqual(await seen(url), [0, 0]);
  screen.part('2  The checkout on one page comes with v2: first for beta');
  await teal.run('deploy', 'shop', 'v2');
  await until(
    teal,
    ({ release }) =>
      release?.status === 'stepping' && release.step?.index === 0 && release.step.endsAt !== null,
  );
  assert.deepEqual(await seen(url), [0, 1]);
  await teal.run('explain', 'shop', '--header', 'x-user: beta', '--feature', 'new-checkout');
  screen.part('3  It follows the canary: 40 % of everyone');
  await teal.run('promote', 'shop');
  await until(teal, ({ release }) => release?.step?.index === 1 && release.step.endsAt !== null);
  const [some] = await seen(url);
  assert.ok(some > 5 && some < 45, `${some} of ${users.length}`);
  await teal.run('flags', 'list');
  screen.part('4  Live for all');
  await teal.run('promote', 'shop', '--full', '--wait');
  assert.deepEqual(await seen(url), [users.length, 1]);
  await until(teal, ({ release }) => release?.status === 'completed');
  const { flags } = await teal.ask<{ flags: readonly FlagView[] }>('flags', 'list');
  assert.deepEqual(
    flags.map(({ stage, keep }) => [stage, keep]),
    [['to-remove', true]],
  );
  screen.part('5  The release has ended: the flag is taken out of the code, and its tests pass as before');
  await teal.run('flags', 'list');
  await ownTests(join(folder, 'code'));
  screen.seen('its tests pass');
  // They are run again afterwards, by the command itself.
  await teal.run('flags', 'remove', 'new-checkout', 'code');
}

/** @throws when one fails */
async function ownTests(folder: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['--test'], { cwd: folder });
}

async function until(teal: Teal, holds: (app: AppStatus) => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const app = (await teal.ask<{ apps: readonly AppStatus[] }>('status')).apps.find(
      ({ app: name }) => name === 'shop',
    );
    if (app !== undefined && holds(app)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the release does not go on');
}

/** Visits as everybody. @returns how many got the new page, and how many of beta did */
async function seen(url: string): Promise<readonly [number, number]> {
  let fresh = 0;
  let beta = 0;
  for (const user of [...users, 'beta']) {
    const response = await fetch(url, { headers: { 'x-user': user } });
    const { title } = (await response.json()) as { readonly title: string };
    const isNew = title.startsWith('Pay');
    const flag = await fetch(new URL('/.teal/ofrep/v1/evaluate/flags/new-checkout', url), {
      method: 'POST',
      headers: { 'x-user': user },
    });
    const { value } = (await flag.json()) as { readonly value: boolean };
    assert.equal(isNew, value, `${user} got ${title}`);
    if (user === 'beta') beta += Number(isNew);
    else fresh += Number(isNew);
  }
  screen.seen(`${fresh} of ${users.length} people got the new page, ${beta} of beta`);
  return [fresh, beta];
}

async function makeHome(folder: string): Promise<void> {
  for (const place of ['v1', 'v2', 'code']) await cp(example, join(folder, place), { recursive: true });
  await symlink(modules, join(folder, 'node_modules'));
  const port = await freePort();
  await writeFile(
    join(folder, 'teal.yaml'),
    `control: { listen: 127.0.0.1:${port} }
router: { listen: 127.0.0.1:0 }
apps:
  shop:
    run:
      process:
        command: ${process.execPath} src/server.ts
        directory: ./{version}
        environment: { FLAGS_URL: http://127.0.0.1:${port}/v1/apps/shop, FLAGS_TOKEN: { secret: file:token } }
    identity: { sources: [{ header: x-user, from: anyone }] }
    audiences: { beta: { header: { name: x-user, exact: beta, from: anyone } } }
    judge: off
    features:
      new-checkout: { default: false, on: true, with: v2, owner: team-checkout }
    release:
      rollback-window: 1s
      steps: [{ expose: { to: [beta], for: 1h } }, { expose: { percent: 40, for: 1h } }]
`,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
