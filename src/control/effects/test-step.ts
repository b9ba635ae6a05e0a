import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import { redact } from '../../platform/process/environment.ts';
import type { Effect } from '../../release/effects.ts';
import type { Build } from '../../release/state.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { linkTo } from '../preview.ts';
import { pruneTestLogs } from '../retention.ts';
import { runCommand } from './test-command.ts';
import { runHttp } from './test-http.ts';
import { directoryOf } from './workload.ts';

/** A test link is good for as long as the test may take, and a little for its own clock. */
const graceMs = 60_000;

/** Runs one test of a release against the candidate, through the router; its whole output is kept. */
export async function testStep(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'test' },
  signal: AbortSignal,
): Promise<void> {
  const { release, cursor, step } = effect;
  const { version } = release.build;
  await deps.routes.current(signal);
  const expiresAt = deps.now() + step.test.timeoutMs + graceMs;
  const link = await linkTo(deps, { app, version, colour: release.colour, expiresAt });
  const folder = path.join(deps.config.data, 'tests', app);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const log = path.join(folder, `${release.id}-${cursor + 1}-${step.name.replaceAll(/[^\w.-]+/g, '-')}.log`);
  const roles = release.build.spec.roles;
  const target = {
    url: link.url.replace(/\/$/, ''),
    log,
    app,
    version,
    colour: release.colour,
    release: release.id,
    redact: (text: string) =>
      roles.reduce((shown, { environment }) => redact(shown, environment, process.env), text),
  };
  try {
    const output =
      step.test.kind === 'command'
        ? await runCommand(step.test, { ...target, directory: folderOf(release.build) }, signal)
        : await runHttp(step.test, target, signal);
    if (!signal.aborted)
      await deps.apps.submit(app, { type: 'test-passed', release: release.id, cursor, output }, teal);
  } catch (error) {
    if (signal.aborted || !(error instanceof TealError)) throw error;
    await deps.apps.submit(
      app,
      { type: 'test-failed', release: release.id, cursor, error: error.toJSON() },
      teal,
    );
  } finally {
    await pruneTestLogs(folder).catch((error: unknown) =>
      deps.log.warn({ app, error }, 'old logs were not removed'),
    );
  }
}

/** Tests belong to the version they test: they run in its folder. */
function folderOf(build: Build): string {
  const [first] = build.spec.roles;
  if (first === undefined) throw new Error(`${build.spec.name} has no roles`);
  return directoryOf(build, first);
}
