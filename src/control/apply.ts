import { stat } from 'node:fs/promises';
import { diffConfig } from '../config/diff.ts';
import type { App, Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { TealError } from '../errors.ts';
import { checkLimits } from '../platform/process/limits.ts';
import { teal, type By } from './apps.ts';
import type { ApplyBody, ApplyResult, ConfigChange } from './contract.ts';
import type { Deps } from './deps.ts';
import { refuseInUse } from './flags/in-use.ts';
import { sameSettings } from './same-settings.ts';

type Known = Pick<Deps, 'apps' | 'keys'>;

/** Validates teal.yaml, shows what differs, and applies all of it in one transaction, or nothing. Traffic does not move. */
export async function apply(
  deps: Known & Pick<Deps, 'config' | 'usage' | 'wall'>,
  body: ApplyBody & { readonly file: string },
  by: By,
): Promise<ApplyResult> {
  await checkFile(body.file);
  const config = await loadConfig(body.file);
  check(deps, config);
  await refuseInUse(deps, config);
  const changes = [...appChanges(deps, config), ...routerChanges(deps.config, config)];
  if (body.dryRun === true) return { changes, applied: false };
  await applyApps(deps, Object.values(config.apps), by);
  return { changes, applied: true };
}

/** Far beyond what people write: what is larger was named by mistake. */
const mostBytes = 4 * 1024 * 1024;

/** A device never ends, and a pipe would be waited for: with a thread that everybody's files need. */
async function checkFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  // Why it cannot be read is told by whoever reads it.
  if (found === null || (found.isFile() && found.size <= mostBytes)) return;
  const why = found.isFile() ? `is larger than ${mostBytes} bytes` : 'is no file';
  throw new TealError('config-not-found', `${file} ${why}.`, {
    remedy: 'name the teal.yaml on the machine of the control plane',
    details: { file },
  });
}

/**
 * The same at start. An app whose removal is still going on is left to it: its name is free when it is gone.
 * @throws TealError `limits-unsupported`, `route-conflict`: before anything is stored
 */
export async function applyAtStart(deps: Known, config: Config): Promise<void> {
  check(deps, config);
  const apps = Object.values(config.apps).filter(({ name }) => !deps.apps.state(name).removing);
  await applyApps(deps, apps, teal);
}

async function applyApps(deps: Known, apps: readonly App[], by: By): Promise<void> {
  const changed = apps.filter((app) => !sameSettings(deps.apps.state(app.name).config, app));
  // Before the app is known: the next table is built with its key.
  await deps.keys.load(changed.map(({ name }) => deps.apps.state(name)));
  await deps.apps.applyAll(
    changed.map((app) => ({ app: app.name, input: { type: 'apply', config: app } })),
    by,
  );
}

function check(deps: Pick<Deps, 'apps'>, config: Config): void {
  for (const role of Object.values(config.apps).flatMap(({ roles }) => roles)) {
    const unsupported = checkLimits(role.limits);
    if (unsupported !== null) throw unsupported;
  }
  const goOn = deps.apps
    .states()
    .flatMap(({ app, config: known, removing }) =>
      known === null || removing || config.apps[app] !== undefined ? [] : [known],
    );
  checkRoutes(goOn, Object.values(config.apps));
}

/** An app that has left the file goes on: nothing in the file may take its requests away, as a renamed app would. */
function checkRoutes(goOn: readonly App[], apps: readonly App[]): void {
  const taken = new Map(goOn.flatMap((app) => routesOf(app).map((route) => [route, app.name])));
  for (const app of apps) {
    const route = routesOf(app).find((each) => taken.has(each));
    if (route === undefined) continue;
    const other = taken.get(route);
    throw new TealError(
      'route-conflict',
      `${app.name} wants ${route}, which goes to ${other}; ${other} is not in teal.yaml any more, and still runs.`,
      {
        remedy: `remove it first: teal remove ${other}`,
        details: { app: app.name, other, route },
      },
    );
  }
}

const routesOf = (app: App): readonly string[] =>
  app.roles
    .filter(({ kind }) => kind === 'web')
    .flatMap(({ hosts, paths }) =>
      (hosts.length === 0 ? ['every host'] : hosts).flatMap((host) =>
        (paths.length === 0 ? ['/'] : paths).map((path) => `${host} with path ${path}`),
      ),
    );

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
    ['store', before.store, after.store],
    ['router', before.router, after.router],
    ['router.metrics', before.metrics, after.metrics],
    ['control', before.control, after.control],
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
