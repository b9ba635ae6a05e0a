import { statfs, stat } from 'node:fs/promises';
import { loadConfig } from '../config/load.ts';
import { TealError } from '../errors.ts';
import { describeLimitSupport } from '../platform/process/limits.ts';
import { failed, ok, warning } from './check.ts';
import type { Check } from './contract.ts';
import { audienceChecks } from './doctor-audiences.ts';
import { certificates } from './doctor-certificates.ts';
import { databaseChecks } from './doctor-database.ts';
import { metricChecks } from './doctor-metrics.ts';
import type { Deps } from './deps.ts';
import { sameSettings } from './same-settings.ts';
import { endsWithin } from './pause.ts';
import { routerTrouble } from './view/router-trouble.ts';

/** Below this an event log, versions and logs soon fail to be written. */
const littleDiskBytes = 500 * 1024 * 1024;
/** A router that takes longer is not well. */
const routerMs = 2000;

/**
 * Looks at what Teal stands on; each check says what to do when it is not well.
 * @param startedAt when the control plane did, in milliseconds since the epoch
 */
export async function doctor(deps: Deps, startedAt: number): Promise<readonly Check[]> {
  const checks = await Promise.all([
    checked('node', node),
    checked('event log', () => store(deps)),
    checked('router', () => router(deps, startedAt)),
    ...(deps.config.router.tls === null ? [] : [checked('certificates', () => certificateCheck(deps))]),
    checked('teal.yaml', () => config(deps)),
    checked('disk', () => disk(deps)),
    checked('permissions', () => permissions(deps)),
    checked('limits', limits),
    ...deps.apps.names().map((name) => checked(name, () => app(deps, name))),
  ]);
  const [people, metrics, databases] = await Promise.all([
    audiences(deps),
    metricChecks({ states: deps.apps.states(), environment: process.env, fetch }),
    databaseChecks(deps.apps.states()),
  ]);
  return [...checks, ...people, ...metrics, ...databases];
}

async function audiences(deps: Deps): Promise<readonly Check[]> {
  const { geoDatabase, router: routerConfig } = deps.config;
  return audienceChecks({
    states: deps.apps.states(),
    geoDatabase,
    trustedProxies: routerConfig.trustedProxies,
    now: deps.now(),
    environment: process.env,
    fetch,
  });
}

/** A check that cannot even be made has failed; the others are worth telling all the same. */
async function checked(name: string, check: () => Check | Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof TealError) return failed(name, error.message, error.remedy);
    return failed(name, String(error), 'see the log of teal up');
  }
}

function node(): Check {
  return ok('node', `${process.versions.node} (${process.execPath})`);
}

async function store(deps: Deps): Promise<Check> {
  const streams = await deps.store.streams();
  return ok('event log', `readable, ${count(streams.length, 'stream')}`);
}

async function router(deps: Deps, startedAt: number): Promise<Check> {
  const asked = deps.router.status();
  if (!(await endsWithin(asked, routerMs)))
    return failed(
      'router',
      `no answer within ${routerMs / 1000} s`,
      `look into ${deps.config.data}/router/router.log`,
    );
  const status = await asked;
  const { generation, workers, listen } = status;
  const behind = workers.filter((worker) => worker.generation !== generation);
  const where = listen.map(({ host, port, secure }) => `${secure ? 'https ' : ''}${host}:${port}`).join(', ');
  const trouble = routerTrouble(status, { now: Date.now(), since: startedAt });
  if (behind.length === 0) {
    const says = `${where}, table ${generation}, ${count(workers.length, 'worker')}`;
    if (trouble === null) return ok('router', says);
    return warning('router', `${says}; ${trouble}`, `look into ${deps.config.data}/router/router.log`);
  }
  return warning(
    'router',
    `${behind.length} workers have an older table than ${generation}`,
    'ask again in a moment',
  );
}

async function certificateCheck(deps: Deps): Promise<Check> {
  const asked = deps.router.status();
  if (!(await endsWithin(asked, routerMs)))
    return warning('certificates', 'the router does not say', 'look at the router first');
  return await certificates((await asked).certificates, deps.now());
}

async function config(deps: Deps): Promise<Check> {
  const now = await loadConfig(deps.config.file);
  const differs = Object.values(now.apps).filter(
    (each) => !sameSettings(deps.apps.state(each.name).config, each),
  );
  if (differs.length === 0) return ok('teal.yaml', `${deps.config.file} is applied`);
  return warning('teal.yaml', `not applied yet: ${differs.map(({ name }) => name).join(', ')}`, 'teal apply');
}

async function disk(deps: Deps): Promise<Check> {
  const { bavail, bsize } = await statfs(deps.config.data);
  const free = bavail * bsize;
  const says = `${Math.round(free / 1024 / 1024)} MB free for ${deps.config.data}`;
  return free < littleDiskBytes
    ? warning('disk', says, 'make room: versions, logs and the event log are kept there')
    : ok('disk', says);
}

async function permissions(deps: Deps): Promise<Check> {
  const { mode } = await stat(deps.config.data);
  if ((mode & 0o077) === 0) return ok('permissions', 'only this user can read the data directory');
  return warning('permissions', 'others can look into the data directory', `chmod 700 ${deps.config.data}`);
}

function limits(): Check {
  const all = describeLimitSupport();
  const named = (enforced: boolean): string =>
    all
      .filter((each) => each.enforced === enforced)
      .map(({ limit }) => limitKeys[limit])
      .join(', ');
  const why = [...new Set(all.filter(({ enforced }) => !enforced).map(({ how }) => how))].join('; ');
  return ok(
    'limits',
    why === '' ? `enforced: ${named(true)}` : `enforced: ${named(true)}; refused: ${named(false)} (${why})`,
  );
}

/** As they are written in teal.yaml. */
const limitKeys = {
  memoryBytes: 'memory',
  cpus: 'cpus',
  openFiles: 'open-files',
  processes: 'processes',
} as const;

const count = (number: number, of: string): string => `${number} ${of}${number === 1 ? '' : 's'}`;

function app(deps: Deps, name: string): Check {
  const instances = deps.platform.instances().filter((each) => each.app === name);
  const unwell = instances.filter(({ state }) => state === 'unhealthy' || state === 'backing-off');
  if (unwell.length === 0) return ok(name, `${count(instances.length, 'instance')}, all well`);
  return failed(name, `${unwell.length} of ${instances.length} instances are not well`, `teal logs ${name}`);
}
