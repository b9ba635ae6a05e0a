import { TealError, type ErrorJson } from '../../errors.ts';
import type { Effect } from '../../release/effects.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { hiddenFor, hide } from '../hide.ts';
import { linkTo } from '../preview.ts';
import type { TestRun } from './run-test.ts';
import { folderOf } from './workload.ts';

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
  const target: TestRun['target'] = {
    url: link.url.replace(/\/$/, ''),
    app,
    version,
    colour: release.colour,
    release: release.id,
    redact: hide(hiddenFor(deps, release.build.spec), process.env),
  };
  const run = { test: step.test, name: step.name, cursor, target, directory: folderOf(release.build) };
  const outcome = await outcomeOf(deps, run, signal);
  // Told apart from the test: that what it found cannot be stored says nothing about the version.
  if (!signal.aborted) await deps.apps.submit(app, { ...outcome, release: release.id, cursor }, teal);
}

type Outcome =
  | { readonly type: 'test-passed'; readonly output: string }
  | { readonly type: 'test-failed'; readonly error: ErrorJson };

async function outcomeOf(deps: Deps, run: TestRun, signal: AbortSignal): Promise<Outcome> {
  try {
    return { type: 'test-passed', output: await deps.runTest(run, signal) };
  } catch (error) {
    if (signal.aborted || !(error instanceof TealError)) throw error;
    return { type: 'test-failed', error: error.toJSON() };
  }
}
