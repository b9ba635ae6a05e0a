/** What stands between a version and everyone: its tests. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { AppStatus } from '../../src/control/contract.ts';
import { answered, neverAnswered, nothingLost } from './counted.ts';
import { World } from './harness.ts';
import { processesOf } from './processes.ts';
import { until } from './until.ts';

/** Longer than what an error shows of an output, so that only the log can have all of it. */
const many = 'i=0; while [ $i -lt 500 ]; do echo line $i of the output; i=$((i+1)); done';

/** A test that passes on v1, which has to go live, and does this on every other version. */
const onOthers = (name: string, does: string, timeout = '30s'): string =>
  `name: ${name}\n          command: if [ $TEAL_VERSION != v1 ]; then ${does}; fi\n          timeout: ${timeout}`;
const http = (lines: readonly string[]): string => lines.join('\n          ');

/** Far above what each of them takes: a test that nobody ends is told from one that was ended. */
const settings = { instances: 1, release: { deadline: '25s' } };

interface Failing {
  readonly version: string;
  readonly test: string;
  /** How its error has to read. */
  readonly says: RegExp;
  readonly log: RegExp;
}

const failing: readonly Failing[] = [
  {
    version: 'exits',
    test: onOthers('exits', `${many}; echo the last words >&2; exit 3`),
    says: /^Test exits of shop exits exited with 3\.\n[^]*the last words$/,
    log: /^line 0 of[^]*line 499 of[^]*the last words\n$/,
  },
  {
    version: 'hangs',
    // What it starts in the background ends with it.
    test: onOthers('hangs', 'echo begun; sleep 611 & sleep 612', '1s'),
    says: /^Test hangs of shop hangs took longer than 1 s\.\nbegun$/,
    log: /^begun\n$/,
  },
  {
    version: 'status',
    test: http(['http: /nowhere', 'name: status', 'status: [404]', 'contains: nothing like it']),
    says: /^Test status of shop status \(GET \/nowhere\) answered 404, but without "nothing like it"/,
    log: /^GET \/nowhere\n404\n/,
  },
  {
    version: 'content',
    test: http(['http: /api/products', 'name: content', 'contains: no such product']),
    says: /^Test content of shop content \(GET \/api\/products\) answered 200, but without "no such product"\.\n/,
    log: /^GET \/api\/products\n200\n\n[^]*cup/,
  },
  {
    version: 'slow',
    test: http(['http: /slow?ms=3000', 'name: slow', 'timeout: 1s']),
    says: /^Test slow of shop slow \(GET \/slow\?ms=3000\) had no answer within 1 s/,
    log: /^$/,
  },
];

export async function G4(): Promise<void> {
  await using world = await World.live({ ...settings, tests: [] });
  const before = await world.app();
  const load = world.load();
  await passes(world);
  for (const each of failing) await fails(world, each);
  const report = await load.stop();
  nothingLost(report);
  for (const { version } of failing) neverAnswered(answered(report), version);
  const after = await world.app();
  assert.equal(after.version, 'green-tests');
  assert.notEqual(after.live, before.live);
}

/** All kinds, all green; each has run in the environment that is not live, and its output is kept. */
async function passes(world: World): Promise<void> {
  const told =
    'echo $TEAL_APP $TEAL_VERSION $TEAL_ENVIRONMENT && curl -fsS $TEAL_PREVIEW_URL/version || node -e "fetch(process.env.TEAL_PREVIEW_URL+\'/version\').then(r=>r.text()).then(console.log)"';
  await apply(world, [
    `name: command\n          command: ${told}`,
    http(['http: /api/products', 'name: question', 'contains: cup']),
  ]);
  await world.build('green-tests');
  const idle = (await world.app()).live === 'blue' ? 'green' : 'blue';
  await world.deploy('green-tests');
  await world.promoted('green-tests');
  const passed = (await world.events()).filter(({ type }) => type === 'step-passed');
  const outputs = passed.map(({ data }) => (data as { output: string | null }).output ?? '');
  assert.match(outputs[0] ?? '', new RegExp(`^shop green-tests ${idle}\ngreen-tests\\s*$`));
  assert.equal(outputs[1], 'GET /api/products answered 200');
  assert.match(logOf(world, 'command'), /^shop green-tests /);
}

async function fails(world: World, { version, test, says, log }: Failing): Promise<void> {
  await apply(world, [test]);
  await world.build(version);
  const deployed = await world.teal('deploy', 'shop', version, '--wait', '--json');
  const app: AppStatus = await world.reaches(
    `the end of ${version}`,
    ({ release }) =>
      release?.version === version && (release.status === 'aborted' || release.status === 'promoted'),
  );
  assert.equal(app.release?.status, 'aborted', `${version} was promoted in spite of its test`);
  assert.equal(
    app.release.error?.code,
    'test-failed',
    `${version} was not ended by its test: ${app.release.reason}`,
  );
  assert.match(app.release.error.message, says);
  assert.notEqual(app.release.error.remedy, '');
  assert.equal(deployed.code, 1);
  assert.equal(app.version, 'green-tests');
  assert.match(log.source === '^$' ? '' : logOf(world, version), log);
  await until('nothing of the test left', () => sleepers(world).length === 0, {
    state: () => sleepers(world),
  });
}

async function apply(world: World, tests: readonly string[]): Promise<void> {
  world.configure({ ...settings, tests });
  const applied = await world.teal('apply', '--json');
  assert.equal(applied.code, 0, applied.out + applied.err);
}

function logOf(world: World, name: string): string {
  const folder = path.join(world.data, 'tests', 'shop');
  const file = readdirSync(folder).find((each) => each.endsWith(`-${name}.log`));
  assert.ok(file !== undefined, `the output of ${name} is not kept`);
  return readFileSync(path.join(folder, file), 'latin1');
}

function sleepers(world: World): readonly string[] {
  return processesOf(world.folder)
    .map((pid) => commandOf(pid))
    .filter((command) => command.startsWith('sleep\0'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
