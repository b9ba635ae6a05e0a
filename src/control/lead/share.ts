import { existsSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import { isAlive } from '../../router/beside.ts';
import { socketPath } from '../../router/socket-path.ts';
import { openPostgres, type PostgresDatabase } from '../../store/postgres/database.ts';
import { serveAt } from '../api/serve.ts';
import type { LeaderView } from '../contract.ts';
import type { Control } from '../running.ts';
import { shareData } from '../lock.ts';
import { storeFile } from '../system.ts';
import { Front } from './front.ts';
import { Plane, type Work } from './plane.ts';
import { standbyAnswers } from './standby.ts';

export interface ShareOptions {
  readonly file: string;
  readonly config: Config;
  /** Of the database. */
  readonly url: string;
  readonly log: Logger;
  readonly undo: AsyncDisposableStack;
  readonly work: Work;
  readonly onLeader: (leader: LeaderView) => void;
}

/**
 * Starts a control plane that shares its event log with others. Resolves when it leads and works, or when another one leads.
 * @throws TealError as `startControl`, and `store-unavailable`
 */
export async function share(options: ShareOptions): Promise<Control> {
  const { config, undo, log } = options;
  const { data } = config;
  undo.adopt(shareData(data), (lock) => lock.release());
  const database = undo.adopt(await openPostgres(options.url), (open) => open.close());
  await refuseToForget(data, database);
  const name = `${hostname()}-${process.pid}`;
  const socket = socketPath(data, `${socketsBegin}${process.pid}.sock`);
  sweep(path.dirname(socket));
  const startedAt = Date.now();
  const view = (): ReturnType<Plane['view']> => plane.view();
  const front = new Front({
    name,
    alone: standbyAnswers({ config, reader: database.reader, startedAt, plane: view }),
  });
  const plane = new Plane({ ...options, database, front, name, socket, point: () => point(data, socket) });
  undo.defer(() => front.close());
  undo.adopt(await serveAt(socket, front.fetch), (server) => server.close());
  log.debug({ name, socket }, 'standing for the lease');
  return await plane.start();
}

const socketsBegin = 'control-';

/** `control.sock` is whoever leads: commands find the leader, and no one who was replaced takes the name away from the next. */
function point(data: string, socket: string): void {
  const name = socketPath(data, 'control.sock');
  const draft = `${name}.${process.pid}`;
  rmSync(draft, { force: true });
  symlinkSync(path.basename(socket), draft);
  renameSync(draft, name);
}

/** Sockets of control planes that were killed. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^control-(\d+)\.sock$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(path.join(folder, name), { force: true });
  }
}

/** An empty database beside a file with history would be a start without all that is known. */
async function refuseToForget(data: string, { reader, where }: PostgresDatabase): Promise<void> {
  const file = storeFile(data);
  if (!existsSync(file) || (await reader.streams()).length > 0) return;
  throw new TealError('store-unreadable', `${where} is empty, but ${file} holds an event log.`, {
    remedy: `bring it over: teal store migrate --to <where store says>; to begin anew, move ${file} away`,
    details: { store: where, file },
  });
}
