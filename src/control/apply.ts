import { diffConfig } from '../config/diff.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { checkLimits } from '../platform/process/limits.ts';
import type { By } from './apps.ts';
import type { ApplyBody, ApplyResult, ConfigChange } from './contract.ts';
import type { Deps } from './deps.ts';

/** Validates teal.yaml, shows what differs, and applies all of it in one transaction, or nothing. Traffic does not move. */
export async function apply(
  deps: Pick<Deps, 'apps' | 'config'>,
  body: ApplyBody,
  by: By,
): Promise<ApplyResult> {
  const config = await loadConfig(body.file);
  const changes = [...appChanges(deps, config), ...routerChanges(deps.config, config)];
  if (body.dryRun === true) return { changes, applied: false };
  await applyConfig(deps, config, by);
  return { changes, applied: true };
}

/** Gives every app its configuration, where it differs. @throws TealError `limits-unsupported`, before anything is stored */
export async function applyConfig(deps: Pick<Deps, 'apps'>, config: Config, by: By): Promise<void> {
  for (const role of Object.values(config.apps).flatMap(({ roles }) => roles)) {
    const unsupported = checkLimits(role.limits);
    if (unsupported !== null) throw unsupported;
  }
  const changed = Object.values(config.apps).filter(
    (app) => JSON.stringify(deps.apps.state(app.name).config) !== JSON.stringify(app),
  );
  await deps.apps.applyAll(
    changed.map((app) => ({ app: app.name, input: { type: 'apply', config: app } })),
    by,
  );
}

function appChanges(deps: Pick<Deps, 'apps'>, config: Config): readonly ConfigChange[] {
  const gone = deps.apps.names().filter((app) => config.apps[app] === undefined);
  const kept = Object.values(config.apps).flatMap((app) =>
    diffConfig(deps.apps.state(app.name).config, app).map((change) => ({ app: app.name, ...change })),
  );
  // Leaving a file never takes an app down: that has a command of its own, with a name typed by a person.
  return [
    ...kept,
    ...gone.map((app): ConfigChange => ({
      app,
      path: '',
      before: 'runs',
      after: `goes on: teal remove ${app}`,
      effect: 'now',
    })),
  ];
}

function routerChanges(before: Config, after: Config): readonly ConfigChange[] {
  const pairs: [string, unknown, unknown][] = [
    ['data', before.data, after.data],
    ['router', before.router, after.router],
  ];
  return pairs
    .filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b))
    .map(([path, a, b]) => ({
      app: '',
      path,
      before: JSON.stringify(a),
      after: JSON.stringify(b),
      effect: 'restart of teal',
    }));
}
