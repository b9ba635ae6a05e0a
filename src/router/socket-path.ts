import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TealError } from '../errors.ts';

/** sun_path holds 108 bytes on Linux and 104 elsewhere, with the final NUL. */
const longestPath = 103;

/**
 * Where the unix socket `name` of a data directory is: in the directory itself, or, when that path is too long for
 * the kernel, in a private folder of the temporary directory that is named after a hash of the data directory.
 * Creates the folder that holds it (0700).
 */
export function socketPath(dataDir: string, name: string): string {
  const direct = path.join(path.resolve(dataDir), name);
  if (Buffer.byteLength(direct) <= longestPath) {
    mkdirSync(path.dirname(direct), { recursive: true, mode: 0o700 });
    return direct;
  }
  const hash = createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 16);
  const folder = path.join(os.tmpdir(), `teal-${process.getuid?.() ?? 0}-${hash}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseStrangers(folder);
  // All sockets of a data directory are in this one folder.
  return path.join(folder, name.replaceAll(path.sep, '-'));
}

/** The temporary directory is everybody's: a folder that another user made first could listen in our name. */
function refuseStrangers(folder: string): void {
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid())) {
    throw new TealError('router-unavailable', `${folder} belongs to someone else`, {
      remedy: 'Remove it, or choose a data directory with a shorter path.',
      details: { folder },
    });
  }
  chmodSync(folder, 0o700);
}
