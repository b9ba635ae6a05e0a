import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fetchSource, parseSource } from '../../platform/versions/source.ts';
import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';

/** An archive that is ready to be sent. */
export interface Packed {
  readonly file: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  /** It holds a folder's files as they are; otherwise it is what somebody packed. */
  readonly folder: boolean;
}

/** Neither is part of what runs: the history of the files, and Teal's own state. */
const leftOut: ReadonlySet<string> = new Set(['.git', '.teal']);

/**
 * Sends what `--from` names to a control plane elsewhere: a folder or git reference of this machine, or an archive.
 * @returns what `from` says then. @throws TealError `version-source-invalid`, `upload-invalid`, `upload-too-large`
 */
export async function sendSource(client: Client, from: string, cwd: string): Promise<string> {
  const written = from.startsWith('git:') ? from : path.resolve(cwd, from);
  const source = await parseSource(written, cwd);
  const scratch = await mkdtemp(path.join(tmpdir(), 'teal-send-'));
  try {
    if (source.kind === 'tar') return await send(client, await described(source.path, false));
    const folder = source.kind === 'directory' ? source.path : path.join(scratch, 'commit');
    if (source.kind === 'git') await fetchSource(source, folder, []);
    const file = path.join(scratch, 'version.tgz');
    await pack(folder, file);
    return await send(client, await described(file, true));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Sends one file as it is. @returns how to name it there */
export async function sendFile(client: Client, file: string): Promise<string> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true)
    throw new TealError('usage', `There is no file ${file}`, { remedy: 'correct the path' });
  return await send(client, await described(file, false));
}

/** What is too large is not sent at all: its refusal would come in the middle of it. */
async function send(client: Client, packed: Packed): Promise<string> {
  const { maxUploadBytes } = await client.whoami();
  if (packed.bytes > maxUploadBytes)
    throw new TealError(
      'upload-too-large',
      `The archive has ${packed.bytes} bytes; at most ${maxUploadBytes} may be sent.`,
      {
        remedy: 'leave out what does not run, or raise control.max-upload in the teal.yaml there',
        details: { bytes: packed.bytes, most: maxUploadBytes },
      },
    );
  return (await client.upload(packed)).upload;
}

/** Everything in the folder; what is neither file, folder nor link is refused, as it is when it is deployed from here. */
async function pack(folder: string, file: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !leftOut.has(name));
  if (names.length === 0)
    throw new TealError('version-source-invalid', `no version can be made of ${folder}: it is empty`, {
      remedy: 'Build it first, or correct the path.',
      details: { from: folder },
    });
  const { create } = await import('tar');
  // With ./ before it a name that begins with @ is a name, too.
  const entries = names.map((name) => `./${name}`);
  try {
    await create({ cwd: folder, file, gzip: true, portable: true, strict: true }, entries);
  } catch (cause) {
    throw new TealError(
      'version-source-invalid',
      `no version can be made of ${folder}: ${(cause as Error).message}`,
      { remedy: 'Correct the files.', details: { from: folder }, cause },
    );
  }
}

async function described(file: string, folder: boolean): Promise<Packed> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { file, bytes: (await stat(file)).size, sha256: hash.digest('hex'), folder };
}
