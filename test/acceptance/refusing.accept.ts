/** What is wrong in teal.yaml is refused before anything runs, told where, and how to put it right. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AppStatus } from '../../src/control/contract.ts';
import type { Problem } from '../../src/config/problem.ts';
import { nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { processesOf } from './processes.ts';

interface Mistake {
  readonly says: string;
  /** A line of the right file, and what is there instead. */
  readonly line: RegExp;
  readonly wrong: string;
  readonly path: string;
}

/** Of steps and tests, of what they are about, and of the file itself. */
const mistakes: readonly Mistake[] = [
  {
    says: 'a promotion at no time',
    line: /deadline: 60s/,
    wrong: 'promote: after soon',
    path: 'apps.shop.release.promote',
  },
  {
    says: 'a test that is two',
    line: /contains: cup/,
    wrong: 'command: "true"',
    path: 'apps.shop.release.tests[0].command',
  },
  {
    says: 'a test of no path',
    line: /http: \/api\/products/,
    wrong: 'http: products',
    path: 'apps.shop.release.tests[0].http',
  },
  {
    says: 'a test that has no time',
    line: /contains: cup/,
    wrong: 'timeout: 0s',
    path: 'apps.shop.release.tests[0].timeout',
  },
  {
    says: 'a key that nobody knows',
    line: /preview-instances: 1/,
    wrong: 'preveiw-instances: 1',
    path: 'apps.shop.release.preveiw-instances',
  },
  {
    says: 'fewer instances than none',
    line: /preview-instances: 1/,
    wrong: 'preview-instances: -1',
    path: 'apps.shop.release.preview-instances',
  },
  {
    says: 'a start that may take longer than its release',
    line: /timeout: 2s, deadline: 20s/,
    wrong: 'timeout: 2s, deadline: 90s',
    path: 'apps.shop.health.deadline',
  },
  {
    says: 'a health check of no path',
    line: /path: \/healthz/,
    wrong: 'path: "#"',
    path: 'apps.shop.health.path',
  },
  { says: 'two colons', line: /deadline: 60s/, wrong: 'deadline: 60s: 1', path: '' },
];

export async function C9(): Promise<void> {
  await nothingStarts();
  await using world = await World.live();
  await world.build('v2');
  const right = readFileSync(world.config, 'utf8');
  const before = await world.app();
  const load = world.load();
  for (const mistake of mistakes) {
    const line = spoil(world, right, mistake);
    for (const command of [['config', 'check'], ['apply']]) {
      const refused = await world.teal(...command, '--json');
      assert.notEqual(refused.code, 0, `teal ${command.join(' ')} took ${mistake.says}: ${refused.out}`);
      told(problemsIn(refused.out + refused.err), mistake, line);
    }
    assert.deepEqual(
      untouched(await world.app()),
      untouched(before),
      `${mistake.says}: something has changed`,
    );
  }
  writeFileSync(world.config, right);
  // A release has no file of its own: what is wrong with it is in its order.
  for (const order of [['v2', '--promote', 'soon'], ['v2', '--from', './nowhere'], ['../v2']]) {
    const refused = await world.teal('deploy', 'shop', ...order, '--json');
    assert.notEqual(refused.code, 0, `teal deploy shop ${order.join(' ')} was taken`);
    assert.deepEqual(untouched(await world.app()), untouched(before));
  }
  await world.deploy('v2');
  await world.promoted('v2');
  nothingLost(await load.stop());
}

/** With a mistake in its file, Teal does not even start, and leaves no trace. */
async function nothingStarts(): Promise<void> {
  await using world = await World.create();
  const right = readFileSync(world.config, 'utf8');
  const [mistake] = mistakes;
  assert.ok(mistake !== undefined);
  const line = spoil(world, right, mistake);
  const up = world.launch();
  assert.notEqual(await up.ended, 0);
  told(problemsIn(up.said()), mistake, line);
  assert.ok(!existsSync(path.join(world.data, 'teal.db')), 'nothing was begun');
  assert.deepEqual(processesOf(world.folder), []);
}

/** @returns the line of the mistake, from 1 */
function spoil(world: World, right: string, { line, wrong, says }: Mistake): number {
  const at = right.search(line);
  assert.ok(at >= 0, `there is no line for ${says}`);
  writeFileSync(world.config, right.replace(line, wrong));
  return right.slice(0, at).split('\n').length;
}

function told(problems: readonly Problem[], { says, path: where }: Mistake, line: number): void {
  const own = problems.find((problem) => problem.path === where);
  assert.ok(own !== undefined, `${says}: nothing is said of ${where}: ${JSON.stringify(problems)}`);
  assert.ok(own.remedy !== '', `${says}: no remedy`);
  assert.ok(Math.abs(own.line - line) <= 1, `${says}: told of line ${own.line}, but it is in line ${line}`);
}

/** Of an error, or of a check. */
function problemsIn(said: string): readonly Problem[] {
  const start = said.indexOf('{');
  assert.ok(start >= 0, said);
  const document = JSON.parse(said.slice(start)) as {
    readonly problems?: readonly Problem[];
    readonly error?: { readonly details: { readonly problems?: readonly Problem[] } };
  };
  return document.problems ?? document.error?.details.problems ?? [];
}

const untouched = ({ version, live, release, environments }: AppStatus): unknown => ({
  version,
  live,
  release: release?.id,
  pids: [environments.blue, environments.green].map((each) => each?.instances.map(({ pid }) => pid)),
});
