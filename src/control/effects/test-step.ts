import { TealError } from '../../errors.ts';
import { redact } from '../../platform/process/environment.ts';
import type { Effect } from '../../release/effects.ts';
import type { Build } from '../../release/state.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { linkTo } from '../preview.ts';
import type { TestRun } from './run-test.ts';
import { directoryOf } from './workload.ts';

/** A test link is good for as long as the test may take, and a little for its own clock. */
const graceMs = 60_000;

/** Runs one test of a release against the candidate, through the router. */
export async function testStep(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'test' },
  signal: AbortSignal,
): Promise<void> {
  const { release, cursor, step } = effect;
  const { version } = release.build;
  await deps.routes.current(signal, app);
  const expiresAt = deps.wall() + step.test.timeoutMs + graceMs;
  const link = await linkTo(deps, { app, version, colour: release.colour, expiresAt });
  const roles = release.build.spec.roles;
  const target: TestRun['target'] = {
    url: link.url.replace(/\/$/, ''),
    app,
    version,
    colour: release.colour,
    release: release.id,
    redact: (text: string) =>
      roles.reduce((shown, { environment }) => redact(shown, environment, process.env), text),
  };
  try {
    const run = { test: step.test, name: step.name, cursor, target, directory: folderOf(release.build) };
    const output = await deps.runTest(run, signal);
    if (!signal.aborted)
      await deps.apps.submit(app, { type: 'test-passed', release: release.id, cursor, output }, teal);
  } catch (error) {
    if (signal.aborted || !(error instanceof TealError)) throw error;
    await deps.apps.submit(
      app,
      { type: 'test-failed', release: release.id, cursor, error: error.toJSON() },
      teal,
    );
  }
}

/** Tests belong to the version they test: they run in its folder. */
function folderOf(build: Build): string {
  const [first] = build.spec.roles;
  if (first === undefined) throw new Error(`${build.spec.name} has no roles`);
  return directoryOf(build, first);
}
