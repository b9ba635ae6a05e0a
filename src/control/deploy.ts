import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { TealError } from '../errors.ts';
import { isUpload, uploadedFile } from './access/uploads.ts';
import { roleEnvironment } from '../platform/process/environment.ts';
import { checkLimits } from '../platform/process/limits.ts';
import { decide } from '../release/decide.ts';
import type { App, Origins } from '../config/config.ts';
import { originsOf } from '../config/origins.ts';
import { open } from '../release/migrate.ts';
import type { AppState, Build } from '../release/state.ts';
import { transitions } from '../release/transitions.ts';
import { teal, type By } from './apps.ts';
import type { CommandBody, CommandResult, OnConflict } from './contract.ts';
import { inTurn } from './deploy-turn.ts';
import type { Deps } from './deps.ts';
import { directoryOf } from './effects/workload.ts';
import { known } from './known.ts';
import { didOf, noteOf } from './view/did.ts';

/**
 * Puts the version in place where that is asked for, and starts the release. Nothing is copied for one that is refused anyway, or that
 * somebody else is just making ready.
 * @param signal aborted when whoever asked has gone
 */
export async function deploy(
  deps: Deps,
  app: string,
  body: CommandBody,
  { by, signal }: { readonly by: By; readonly signal: AbortSignal },
): Promise<Pick<CommandResult, 'did' | 'note'>> {
  return await inTurn(deps, { apps: [app], body, by, signal }, async (check) => {
    const state = known(deps, app);
    const { config } = state;
    const version = versionName(body.version);
    const promote = body.promote ?? null;
    const onConflict = afterTurn(body.onConflict);
    const asked = decide(
      state,
      { type: 'deploy', build: unread({ version, directory: null, spec: config }), promote, onConflict },
      { now: deps.now(), actor: by.actor },
    );
    if (asked.refused) throw asked.refused;
    checkSecrets(config);
    const directory = await putVersion(deps, app, { version, from: body.from });
    const placed: Build = { version, directory, spec: config };
    if (directory === null) checkDirectories(placed);
    checkSupported(config);
    const build = await deps.database.withMigration(state, placed);
    const found = await deps.database.lintNote(build);
    check();
    const decision = await deps.apps.submit(app, { type: 'deploy', build, promote, onConflict }, by);
    const did = didOf({ ...decision, note: decision.note ?? `deploying ${version}` }, found);
    return { did, note: noteOf(decision, found) };
  });
}

/** A build whose files have not been looked at: nothing can be said against what it brings for the database, or does not bring. */
export const unread = (build: Build): Build => ({ ...build, spec: { ...build.spec, database: null } });

/** What is left of it when nobody else makes a deploy ready: who has waited for its turn finds no release, or is refused. */
export const afterTurn = (asked: OnConflict = 'refuse'): Exclude<OnConflict, 'wait'> =>
  asked === 'wait' ? 'refuse' : asked;

/** @throws TealError `usage` for what cannot be the name of a version */
export function versionName(given: string | undefined): string {
  if (given !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(given)) return given;
  throw new TealError('usage', `${JSON.stringify(given ?? '')} is not the name of a version.`, {
    remedy: 'letters, digits, dots, dashes and underscores, at most 128: teal deploy shop v42',
  });
}

/** The version's folder in the version store, or null when teal.yaml says where versions lie. */
export async function putVersion(
  deps: Deps,
  app: string,
  what: { readonly version: string; readonly from: string | undefined },
): Promise<string | null> {
  if (what.from !== undefined) {
    if (known(deps, app).config.roles[0]?.origins !== undefined) throw nothingToPut(app, what.version);
    const from = isUpload(what.from) ? uploadedFile(deps.config.data, what.from) : what.from;
    await deps.versions.put(app, what.version, from, { cwd: path.dirname(deps.config.file) });
  } else if (deps.versions.directory(app, what.version) !== null) {
    await deps.versions.verify(app, what.version);
  }
  return deps.versions.directory(app, what.version);
}

function nothingToPut(app: string, version: string): TealError {
  return new TealError(
    'usage',
    `${app} runs on servers that Teal does not start: there is nowhere to put files.`,
    {
      remedy: `leave out --from: teal deploy ${app} ${version}`,
      details: { app },
    },
  );
}

/** @throws TealError `limits-unsupported` for what this machine cannot enforce */
export function checkSupported({ roles }: App): void {
  for (const role of roles) {
    const unsupported = checkLimits(role.limits);
    if (unsupported !== null) throw unsupported;
  }
}

/** @throws TealError `secret-missing` for what its instances could not be told, so none would start */
export function checkSecrets({ roles }: App): void {
  for (const { environment } of roles) roleEnvironment(environment, process.env);
}

/**
 * A folder that does not name the version holds whatever lies in it today, under any name that is typed: a rollback
 * would bring back the new files. So such an app is only deployed from the version store.
 */
export function checkDirectories(build: Build): void {
  const { name: app, roles } = build.spec;
  const origins = roles[0]?.origins;
  if (origins !== undefined) {
    if (originsOf(origins, build.version).length === 0) throw noServers(build, origins);
    return;
  }
  const put = `teal deploy ${app} ${build.version} --from <dir|tgz|git:ref>`;
  for (const role of roles) {
    const directory = directoryOf(build, role);
    const details = { version: build.version, directory };
    if (!role.directory.includes('{version}')) {
      const message = `There is no version ${build.version} of ${app}, and ${directory} is the same folder for every version.`;
      throw new TealError('version-unknown', message, {
        remedy: `let Teal keep the version: ${put}. Or put {version} into run.process.directory`,
        details,
      });
    }
    if (existsSync(directory) && statSync(directory).isDirectory()) continue;
    const message = `There is no version ${build.version} of ${app}: ${directory} is not a folder.`;
    throw new TealError('version-unknown', message, {
      remedy: `put it there, or let Teal take it: ${put}`,
      details,
    });
  }
}

function noServers({ version, spec: { name } }: Build, { versions }: Origins): TealError {
  const message = `There is no version ${version} of ${name}: run.static does not say where its servers are.`;
  return new TealError('version-unknown', message, {
    remedy: `add its addresses under run.static.versions, then: teal apply; known are ${Object.keys(versions).join(', ') || 'none'}`,
    details: { version },
  });
}

/** Whether these events leave the app without a release at work: what it no longer needs can go. */
export const releaseEnded = (state: AppState, events: readonly { readonly type: string }[]): boolean =>
  events.length > 0 && (state.release === null || (transitions[state.release.status].ended ?? false));

/** Removes versions nobody can go back to any more, beyond those to keep. */
export async function pruneVersions(deps: Deps, app: string): Promise<void> {
  const state = deps.apps.state(app);
  const config: App | null = state.config;
  if (config === null) return;
  const inUse = [
    state.environments.blue,
    state.environments.green,
    state.release?.build,
    open(state)?.build,
    ...state.lives,
  ];
  const versions = new Set(inUse.flatMap((build) => (build ? [build.version] : [])));
  await deps.statements.keepOnly(app, versions);
  const removed = await deps.versions.prune(app, config.keep, versions);
  // Of as many releases as of versions: what nobody could go back to any more nobody asks about.
  await deps.store.evidence.keepNewest(app, config.keep);
  if (removed.length > 0) deps.log.info({ app, removed, by: teal.actor }, 'old versions removed');
}
