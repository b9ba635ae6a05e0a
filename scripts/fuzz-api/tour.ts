/**
 * Every operation once, rightly, in an order in which it can be done: what is made at random meets many of them only when something stands in their
 * way. Each has to be answered with success, as the document says.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenMade } from '../../src/control/contract-access.ts';
import type { AppStatus, LeaseView } from '../../src/control/contract.ts';
import { routes, type RouteId } from '../../src/control/api/routes/routes.ts';
import { mistakes, type Answer } from './conform.ts';
import { answerMs, exchange, requestOf, send, type Outcome } from './send.ts';
import type { Searched } from './world.ts';

export interface Stop {
  readonly id: RouteId;
  readonly outcome: Outcome;
  /** What is wrong with it. */
  readonly says: readonly string[];
  readonly bytes: Buffer;
}

interface Asking {
  /** What stands for the parameters of the path, and a query. */
  readonly at?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly fields?: readonly string[];
  readonly raw?: Buffer;
}

type Ask = (id: RouteId, asking?: Asking) => Promise<Answer>;

/** As long as a busy machine needs for an instance to start. */
const waitMs = 60_000;

/** All of them but `stop`. @throws when what was waited for does not come */
export async function tour(searched: Searched, tell: (stop: Stop) => void): Promise<void> {
  // Whoever then waits in vain tells them: they are why.
  const refused: string[] = [];
  const ask: Ask = async (id, asking = {}) => {
    const stop = await visit(searched.socket, id, asking);
    refused.push(...stop.says);
    tell(stop);
    return stop.outcome.answer ?? { status: 0, headers: new Map(), body: '' };
  };
  await looking(ask);
  await entering(ask, searched.world.device);
  try {
    await Promise.all([ofApp(ask, searched), ofGroup(ask, searched)]);
  } catch (error) {
    throw new Error(['the tour did not get through', ...refused].join('\n'), { cause: error });
  }
  await ask('apply', { body: { file: searched.world.files[0] } });
  await ask('rollback-all', { body: {} });
}

/** The last of all: it ends Teal. */
export const stopping = (searched: Searched): Promise<Stop> =>
  visit(searched.socket, 'stop', { body: { everything: true } });

async function visit(socket: string, id: RouteId, { at = {}, query = '', ...rest }: Asking): Promise<Stop> {
  const { method, path } = routes[id];
  const target =
    path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(at[name] ?? name)) + query;
  const bytes = requestOf({ method, target, ...rest });
  const outcome = await send(socket, { bytes, how: 'whole', method }, answerMs);
  const { answer } = outcome;
  if (answer === null) return { id, outcome, says: [`${id}: no answer`], bytes };
  const says = answer.status === 200 ? mistakes(id, method, answer) : [`${answer.status}: ${answer.body}`];
  return { id, outcome, says: says.map((text) => `${id}: ${text}`), bytes };
}

async function looking(ask: Ask): Promise<void> {
  const plain = [
    'status',
    'events',
    'event-stream',
    'access',
    'doctor',
    'security',
    'healthz',
    'readyz',
    'metrics',
    'overview',
    'flags',
    'unknown-flags',
  ] as const;
  for (const id of [...plain, 'openapi', 'errors'] as const) await ask(id);
  await ask('error', { at: { code: 'usage' } });
  for (const id of ['app', 'evidence', 'logs', 'board', 'traffic', 'releases'] as const)
    await ask(id, { at: { app: 'calm' } });
  await ask('explain', { at: { app: 'calm' }, body: { user: 'anna' } });
  await ask('plan', { at: { app: 'solo' }, body: { version: 'v2' } });
  await ask('group-plan', { at: { group: 'pair' }, body: { version: 'v2' } });
}

async function entering(ask: Ask, device: string): Promise<void> {
  for (const id of ['whoami', 'session', 'tokens', 'audit', 'audit-verify', 'audit-export'] as const)
    await ask(id);
  const made = await ask('create-token', { body: { name: 'tour', role: 'viewer' } });
  const { secret } = JSON.parse(made.body) as TokenMade;
  await ask('logout', { body: {}, fields: [`authorization: Bearer ${secret}`] });
  await ask('create-token', { body: { name: 'tour', role: 'viewer', apps: ['solo'], expiresMs: 60_000 } });
  await ask('revoke-token', { at: { token: 'tour' }, body: {} });
  await ask('login-link', { body: {} });
  await ask('login-device', { body: {} });
  await ask('login-device-token', { body: { id: device } });
  const raw = Buffer.from('an archive');
  const sum = createHash('sha256').update(raw).digest('base64');
  await ask('upload', {
    raw,
    fields: ['content-type: application/gzip', `content-digest: sha-256=:${sum}:`],
  });
  const lease = await ask('lease', { body: { of: 'solo' } });
  const { id } = JSON.parse(lease.body) as LeaseView;
  await ask('renew-lease', { at: { id }, body: {} });
  await ask('end-lease', { at: { id } });
}

async function ofApp(ask: Ask, searched: Searched): Promise<void> {
  const at = { app: 'solo' };
  const waits = (holds: (status: AppStatus) => boolean): Promise<void> => when(searched, 'solo', holds);
  await ask('freeze', { at, body: {} });
  await ask('unfreeze', { at, body: {} });
  await ask('deploy', { at, body: { version: 'v2' } });
  await waits(asks);
  await ask('preview', { at });
  await ask('pause', { at, body: {} });
  await ask('resume', { at, body: {} });
  await ask('approve', { at, body: { step: 0 } });
  await waits(({ version }) => version === 'v2');
  await ask('rollback', { at, body: {} });
  await waits(({ version, release }) => version === 'v1' && release?.ended === true);
  await ask('deploy', { at, body: { version: 'v3' } });
  await waits(asks);
  await ask('reject', { at, body: { step: 0, reason: 'the tour' } });
  await waits(({ release }) => release?.ended === true);
  await ask('retry', { at, body: {} });
  await waits(asks);
  await ask('promote', { at, body: { full: true } });
  await waits(({ version }) => version === 'v3');
  await ask('deploy', { at, body: { version: 'v4', onConflict: 'supersede' } });
  await waits(runs('v4'));
  await ask('abort', { at, body: {} });
  await waits(({ release }) => release?.ended === true);
  await ask('maintenance', { at, body: { on: true } });
  await ask('maintenance', { at, body: { on: false } });
  await ask('rotate-keys', { at, body: {} });
  await ask('scale', { at, body: { instances: 1 } });
  await ask('restart', { at, body: {} });
  await ask('remove', { at, body: {} });
}

async function ofGroup(ask: Ask, searched: Searched): Promise<void> {
  const at = { group: 'pair' };
  const waits = (holds: (status: AppStatus) => boolean): Promise<void> => when(searched, 'shop', holds);
  await ask('group-freeze', { at, body: {} });
  await ask('group-unfreeze', { at, body: {} });
  await ask('group-deploy', { at, body: { version: 'v2' } });
  await waits(asks);
  await ask('group-pause', { at, body: {} });
  await ask('group-resume', { at, body: {} });
  await ask('group-approve', { at, body: { step: 0 } });
  await waits(({ version }) => version === 'v2');
  await ask('group-rollback', { at, body: {} });
  await waits(({ version, release }) => version === 'v1' && release?.ended === true);
  await ask('group-deploy', { at, body: { version: 'v3' } });
  await waits(asks);
  await ask('group-reject', { at, body: { step: 0, reason: 'the tour' } });
  await waits(({ release }) => release?.ended === true);
  await ask('group-retry', { at, body: {} });
  await waits(asks);
  await ask('group-promote', { at, body: { full: true } });
  await waits(({ version }) => version === 'v3');
  await ask('group-deploy', { at, body: { version: 'v4', onConflict: 'supersede' } });
  await waits(runs('v4'));
  await ask('group-abort', { at, body: {} });
  await waits(({ release }) => release?.ended === true);
}

/** It waits its turn while the one before is still switching, and until then it is that one which would be aborted. */
const runs =
  (version: string) =>
  ({ release }: AppStatus): boolean =>
    release?.version === version && !release.ended;

const asks = ({ release }: AppStatus): boolean => release?.step?.asks === true;

async function when({ socket }: Searched, app: string, holds: (status: AppStatus) => boolean): Promise<void> {
  let last: unknown;
  for (const end = Date.now() + waitMs; Date.now() < end; await sleep(25)) {
    const status = (last = await exchange(socket, 'GET', `/v1/apps/${app}`)) as AppStatus;
    if (holds(status)) return;
  }
  throw new Error(`the tour waited in vain: ${JSON.stringify(last)}`);
}
