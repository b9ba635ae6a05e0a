/**
 * Preloaded into a control plane: ends it with SIGKILL right before the n-th time it changes the disk in some way, e.g.
 * `run 3` (SQLite's statements), `rename 2`, `write 5 /versions/`. Functions are counted, so that the moment is the same again.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { deathVariable } from './death.ts';

type Any = Record<string, (...args: unknown[]) => unknown>;

const [kind = '', nth = '0', where = ''] = (process.env[deathVariable] ?? '').split(' ');
let count = 0;

function hook(target: unknown, name: string, as: string): void {
  const holder = target as Any;
  const original = holder[name];
  if (original === undefined || as !== kind) return;
  holder[name] = function (this: unknown, ...args: unknown[]): unknown {
    const counts = where === '' || args.some((arg) => typeof arg === 'string' && arg.includes(where));
    if (counts) count += 1;
    if (counts && count === Number(nth)) process.kill(process.pid, 'SIGKILL');
    return original.apply(this, args);
  };
}

// Only the control plane itself: what it starts inherits the environment, and is not to die of it.
if (process.argv.includes('up')) {
  hook(StatementSync.prototype, 'run', 'run');
  hook(DatabaseSync.prototype, 'exec', 'exec');
  for (const [as, names] of [
    ['rename', ['rename', 'link', 'symlink']],
    ['write', ['writeFile', 'appendFile', 'copyFile', 'cp', 'write']],
    ['make', ['mkdir', 'open']],
    ['remove', ['rm', 'unlink', 'rmdir']],
    ['sync', ['fsync', 'chmod', 'truncate']],
  ] as const) {
    for (const name of names) {
      hook(fs, `${name}Sync`, as);
      hook(fs.promises, name, as);
    }
  }
  syncBuiltinESMExports();
}
