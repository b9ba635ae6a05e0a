/**
 * Preloaded into a Teal: while a file is there, nothing can be written. SQLite and the file system say so as they do
 * on a full disk.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { StatementSync } from 'node:sqlite';
import { diskVariable } from './disk.ts';

type Any = Record<string, (...args: unknown[]) => unknown>;

const flag = process.env[diskVariable] ?? '';
const isThere = fs.existsSync;
const full = (): boolean => flag !== '' && isThere(flag);

const noSpace = (syscall: string): Error =>
  Object.assign(new Error(`ENOSPC: no space left on device, ${syscall}`), {
    code: 'ENOSPC',
    errno: -28,
    syscall,
  });

/** SQLITE_FULL (sqlite.org/rescode.html). */
const sqliteFull = (): Error =>
  Object.assign(new Error('database or disk is full'), {
    code: 'ERR_SQLITE_ERROR',
    errcode: 13,
    errstr: 'database or disk is full',
  });

function hook(target: unknown, name: string, fail: () => Error): void {
  const holder = target as Any;
  const original = holder[name];
  if (original === undefined) return;
  holder[name] = function (this: unknown, ...args: unknown[]): unknown {
    if (!full()) return original.apply(this, args);
    if (name.endsWith('Sync') || target === StatementSync.prototype) throw fail();
    return Promise.reject(fail());
  };
}

hook(StatementSync.prototype, 'run', sqliteFull);
for (const name of ['writeFile', 'appendFile', 'copyFile', 'cp', 'mkdir']) {
  hook(fs, `${name}Sync`, () => noSpace(name));
  hook(fs.promises, name, () => noSpace(name));
}
syncBuiltinESMExports();
