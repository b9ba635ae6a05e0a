import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { ListenAddress } from '../../config/router.ts';
import { isLoopback } from '../../config/control.ts';
import { looksSecret } from '../../config/problem.ts';
import { failed, ok, warning } from '../check.ts';
import type { Check } from '../contract.ts';
import type { AuditLog } from './audit-log.ts';
import { stateOf, type Grant } from './grant.ts';

export interface Looked {
  readonly config: Config;
  readonly grants: readonly Grant[];
  readonly audit: Pick<AuditLog, 'verifyOn'>;
  readonly socket: string;
  readonly now: number;
  /** Of this process. */
  readonly uid: number | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** What is open, and to whom: each with what to do where it is more than it has to be. */
export async function securityChecks(looked: Looked): Promise<readonly Check[]> {
  const { config, grants, now } = looked;
  const held = grants.filter((grant) => stateOf(grant, now) === 'in force');
  const tokens = held.filter(({ kind }) => kind === 'token');
  return [
    ...listeners(config, looked.socket),
    ...believed(config),
    tokensWithoutEnd(tokens),
    admins(held),
    unused(tokens, now),
    ...signIn(config),
    ...user(looked),
    ...secrets(config),
    ...(await files(config, looked.socket)),
    await chain(looked),
  ];
}

const at = ({ host, port }: ListenAddress): string => `${host}:${port}`;

function listeners({ control, router, metrics }: Config, socket: string): readonly Check[] {
  const { listen, tls } = control;
  const api =
    listen === null
      ? ok('control', `reached by ${socket} alone`)
      : ok('control', `${at(listen)}, ${tls === null ? 'this machine only' : 'with TLS'}, tokens needed`);
  const open = router.listen.filter(({ host }) => !isLoopback(host)).map(at);
  const h2c = router.h2c.filter(({ host }) => !isLoopback(host)).map(at);
  const plain =
    open.length === 0
      ? ok(
          'router',
          router.tls === null ? 'this machine only' : `TLS on ${router.tls.listen.map(at).join(', ')}`,
        )
      : router.tls !== null && router.tls.redirect
        ? ok('router', `${open.join(', ')} sends to https`)
        : warning(
            'router',
            `${open.join(', ')} is not encrypted`,
            'add router.tls, or let a proxy with TLS stand before it',
          );
  return [
    api,
    plain,
    ...(h2c.length === 0
      ? []
      : [
          warning(
            'h2c',
            `${h2c.join(', ')} takes HTTP/2 without encryption`,
            'name an address of a private network, or use router.tls',
          ),
        ]),
    ...(metrics === null
      ? []
      : [ok('metrics', `${at(metrics)}: names of apps and versions, without a login`)]),
  ];
}

/** Everybody's word is believed where everybody is a trusted proxy. */
function believed({ control, router }: Config): readonly Check[] {
  const lists = [
    ['router.trusted-proxies', router.trustedProxies],
    ['router.proxy-protocol', router.proxyProtocol],
    ['control.trusted-proxies', control.trustedProxies],
  ] as const;
  return lists.flatMap(([key, ranges]) => {
    const wide = ranges.filter((range) => /\/[0-7]$/.test(range));
    if (wide.length === 0) return [];
    return [
      failed(key, `${wide.join(', ')} believes strangers who they are`, 'name the addresses of your proxies'),
    ];
  });
}

const named = (grants: readonly Grant[]): string => grants.map(({ name }) => name).join(', ');

function tokensWithoutEnd(tokens: readonly Grant[]): Check {
  const endless = tokens.filter(({ expiresAt }) => expiresAt === null);
  if (endless.length === 0) return ok('tokens', `${tokens.length} in force, each with an end`);
  return warning(
    'tokens',
    `without an end: ${named(endless)}`,
    'make new ones with --expires, and revoke these',
  );
}

function admins(held: readonly Grant[]): Check {
  const may = held.filter(({ role }) => role === 'admin');
  if (may.length === 0) return ok('admins', 'by the socket alone');
  const says = may.map(({ kind, name, actor }) =>
    kind === 'token' ? `token ${name}` : `${kind} of ${actor}`,
  );
  return warning(
    'admins',
    `may do everything: ${says.join(', ')}`,
    'give machines a lower role, and one app',
  );
}

const dayMs = 24 * 3600_000;
/** Nobody misses what a month has not needed. */
const idleDays = 30;

function unused(tokens: readonly Grant[], now: number): Check {
  const idle = tokens.filter(({ lastUsedAt, madeAt }) => now - (lastUsedAt ?? madeAt) > idleDays * dayMs);
  if (idle.length === 0) return ok('unused tokens', `none for ${idleDays} days`);
  return warning(
    'unused tokens',
    `not used for ${idleDays} days: ${named(idle)}`,
    'teal token revoke <name>',
  );
}

function signIn({ control: { oidc } }: Config): readonly Check[] {
  if (oidc === null) return [];
  const everybody = (['admin', 'approver', 'deployer'] as const).filter((role) =>
    oidc.roles[role].includes('*'),
  );
  if (everybody.length > 0)
    return [
      failed(
        'sign-in',
        `everybody whom ${oidc.issuer} knows is ${everybody.join(', ')}`,
        'name groups in control.oidc.roles',
      ),
    ];
  return [ok('sign-in', `${oidc.issuer}, by the claim ${oidc.name}`)];
}

function user({ uid, environment }: Looked): readonly Check[] {
  const found: Check[] = [];
  if (uid === 0)
    found.push(
      warning(
        'user',
        'Teal and every app run as root',
        'run teal up as a user of its own; ports below 1024: docs/service.md',
      ),
    );
  const sudoer = environment['SUDO_USER'];
  if (sudoer !== undefined && sudoer !== '')
    found.push(
      warning(
        'sudo',
        `started by ${sudoer} with sudo: whoever may do that is in the history by the name that SUDO_USER says`,
        'give people tokens of their own: teal token create',
      ),
    );
  return found.length === 0 ? [ok('user', 'not root')] : found;
}

function secrets({ apps }: Config): readonly Check[] {
  const written = Object.values(apps).flatMap(({ name, roles }) =>
    roles.flatMap((role) =>
      Object.entries(role.environment).flatMap(([variable, { kind }]) =>
        kind === 'plain' && looksSecret(variable) ? [`${variable} of ${name}`] : [],
      ),
    ),
  );
  const some = [...new Set(written)];
  if (some.length === 0) return [ok('secrets', 'none is written in teal.yaml')];
  return [
    warning(
      'secrets',
      `written in teal.yaml: ${some.join(', ')}`,
      'name them: { secret: env:NAME } or { secret: file:/path }',
    ),
  ];
}

/** `others`: nobody else may do anything with it; `written`: nobody else may write to it. */
type Kept = 'others' | 'written';
const masks: Readonly<Record<Kept, number>> = { others: 0o077, written: 0o022 };

async function files(config: Config, socket: string): Promise<readonly Check[]> {
  const { file, data, control, router } = config;
  const tls = [...(control.tls === null ? [] : [control.tls]), ...(router.tls?.certificates ?? [])];
  const secretFiles = [
    control.oidc?.clientSecret,
    ...Object.values(config.apps).flatMap(({ roles }) =>
      roles.flatMap(({ environment }) => Object.values(environment)),
    ),
  ].flatMap((value) => (value?.kind === 'secret' && value.source === 'file' ? [value.name] : []));
  const wanted: readonly (readonly [string, Kept])[] = [
    [data, 'others'],
    [socket, 'others'],
    [path.join(data, 'teal.db'), 'others'],
    // Who may write teal.yaml, or put another one in its place, has commands run as this user.
    [file, 'written'],
    [path.dirname(file), 'written'],
    ...tls.map(({ key }): readonly [string, Kept] => [key, 'others']),
    ...[...new Set(secretFiles)].map((name): readonly [string, Kept] => [name, 'others']),
  ];
  const loose = await Promise.all(wanted.map(([name, kept]) => looseness(name, kept)));
  const found = loose.filter((check) => check !== null);
  return found.length === 0 ? [ok('files', 'keys, secrets and state are for this user alone')] : found;
}

async function looseness(name: string, kept: Kept): Promise<Check | null> {
  const found = await stat(name).catch(() => null);
  // A folder for everybody in which each may only remove their own is as good.
  if (found === null || (found.mode & masks[kept]) === 0 || (found.mode & 0o1000) !== 0) return null;
  const mode = (found.mode & 0o777).toString(8);
  const tight = (found.mode & 0o777 & ~masks[kept]).toString(8);
  const who = kept === 'others' ? 'others may use' : 'others may write';
  return failed('files', `${who} ${name} (${mode})`, `chmod ${tight} ${name}`);
}

async function chain({ audit, signal }: Looked): Promise<Check> {
  const { ok: whole, entries, problems } = await audit.verifyOn(signal);
  if (whole) return ok('audit log', `${entries} entries, each follows from the one before`);
  const [first] = problems;
  return failed(
    'audit log',
    `entry ${first?.number}: ${first?.says}`,
    'teal audit verify, and compare it with an export',
  );
}
