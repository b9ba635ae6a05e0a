import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { TealError } from '../../errors.ts';
import type { UploadResult } from '../contract-access.ts';

/** What is deployed at once is deployed within seconds; a person who types the two commands by hand needs minutes. */
const keptMs = 30 * 60_000;
const lookEveryMs = 60_000;
/** Each writes to the same disk: more at a time are not quicker. */
const mostAtOnce = 4;
/** A name that is a file of its own and leads nowhere else. `folder`: it holds a folder's files as they are. */
const form = /^upload:([0-9a-f]{32}(?:\.folder)?)$/;

const folderOf = (data: string): string => path.join(data, 'uploads');

/** Whether what is named in `from` was sent here. */
export const isUpload = (from: string): boolean => from.startsWith('upload:');

/** The archive that was sent. @throws TealError `upload-invalid` */
export function uploadedFile(data: string, from: string): string {
  const [, name] = form.exec(from) ?? [];
  const file = path.join(folderOf(data), `${name ?? ''}.tgz`);
  if (name !== undefined && existsSync(file)) return file;
  throw new TealError('upload-invalid', `There is no upload ${JSON.stringify(from.slice(0, 60))}.`, {
    remedy: 'send the archive again: it is kept for half an hour',
  });
}

export interface Sent {
  readonly body: ReadableStream<Uint8Array> | null;
  /** Content-Digest (RFC 9530), of which sha-256 is needed. */
  readonly digest: string | null;
  readonly length: string | null;
  readonly folder: boolean;
}

/** Takes archives from elsewhere: no longer than allowed, whole, and as they were sent, or nothing is kept. */
export class Uploads {
  readonly #folder: string;
  /** Bytes. */
  readonly most: number;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  /** By name of the file, how many requests work with it. */
  readonly #held = new Map<string, number>();
  #coming = 0;

  private constructor({ data, most, now }: UploadsOptions) {
    this.#folder = folderOf(data);
    this.most = most;
    this.#now = now;
    this.#timer = setInterval(() => void this.forget().catch(() => undefined), lookEveryMs);
    this.#timer.unref();
  }

  /** What a killed Teal was in the middle of is removed. */
  static async open(options: UploadsOptions): Promise<Uploads> {
    await rm(folderOf(options.data), { recursive: true, force: true });
    return new Uploads(options);
  }

  /** @throws TealError `upload-too-large`, `upload-invalid`, `too-many-requests`, `disk-full` */
  async take({ body, digest, length, folder }: Sent): Promise<UploadResult> {
    const wanted = sha256Of(digest);
    if (length !== null && Number(length) > this.most) throw this.#tooLarge();
    if (this.#coming >= mostAtOnce)
      throw new TealError('too-many-requests', `${mostAtOnce} uploads are coming in already.`, {
        remedy: 'try again in a moment',
        details: { retryAfterSeconds: 5 },
      });
    this.#coming++;
    const name = `${randomBytes(16).toString('hex')}${folder ? '.folder' : ''}`;
    const part = path.join(this.#folder, `${name}.part`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const { sha256, bytes } = await this.#write(body, part);
      if (sha256 !== wanted) throw damaged(wanted, sha256);
      await rename(part, path.join(this.#folder, `${name}.tgz`));
      return { upload: `upload:${name}`, sha256, bytes };
    } catch (error) {
      throw translated(error);
    } finally {
      this.#coming--;
      await rm(part, { force: true });
    }
  }

  /** Does something with the uploads that are named: they stay for as long as that takes, such as waiting for another release. */
  async during<T>(named: readonly (string | undefined)[], work: () => Promise<T>): Promise<T> {
    const files = named.flatMap((each) => form.exec(each ?? '')?.[1] ?? []).map((name) => `${name}.tgz`);
    for (const file of files) this.#held.set(file, (this.#held.get(file) ?? 0) + 1);
    try {
      return await work();
    } finally {
      for (const file of files) this.#letGo(file);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
  }

  async #write(
    body: Sent['body'],
    part: string,
  ): Promise<{ readonly sha256: string; readonly bytes: number }> {
    const hash = createHash('sha256');
    let bytes = 0;
    const most = this.most;
    const tooLarge = (): TealError => this.#tooLarge();
    const measured = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        if (bytes > most) done(tooLarge());
        else done(null, chunk);
      },
    });
    const source = body === null ? Readable.from([]) : Readable.fromWeb(body);
    await pipeline(source, measured, createWriteStream(part, { mode: 0o600, flags: 'wx' }));
    return { sha256: hash.digest('hex'), bytes };
  }

  /** Removes what is old, and nobody works with. */
  async forget(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      const file = path.join(this.#folder, name);
      const found = await stat(file).catch(() => null);
      if (found === null || this.#now() - found.mtimeMs < keptMs || this.#held.has(name)) continue;
      await rm(file, { force: true });
    }
  }

  #letGo(file: string): void {
    const left = (this.#held.get(file) ?? 1) - 1;
    if (left === 0) this.#held.delete(file);
    else this.#held.set(file, left);
  }

  #tooLarge(): TealError {
    return new TealError('upload-too-large', `The archive is larger than ${this.most} bytes.`, {
      remedy: 'leave out what does not run, or raise control.max-upload in teal.yaml',
      details: { most: this.most },
    });
  }
}

interface UploadsOptions {
  readonly data: string;
  /** Bytes. */
  readonly most: number;
  readonly now: () => number;
}

/** @returns in hex. @throws TealError `upload-invalid` */
function sha256Of(digest: string | null): string {
  const [, base64] = /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(digest ?? '') ?? [];
  if (base64 !== undefined) return Buffer.from(base64, 'base64').toString('hex');
  throw new TealError('upload-invalid', 'The upload does not say its checksum.', {
    remedy: 'send Content-Digest: sha-256=:<base64>: (RFC 9530)',
  });
}

const damaged = (wanted: string, got: string): TealError =>
  new TealError('upload-invalid', 'What arrived is not what was sent.', {
    remedy: 'send it again',
    details: { wanted, got },
  });

function translated(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof TealError) return error;
  if (code === 'ENOSPC')
    return new TealError('disk-full', 'There is no room for the upload.', {
      remedy: 'make room',
      cause: error,
    });
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'ABORT_ERR')
    return new TealError('upload-invalid', 'The upload broke off.', {
      remedy: 'send it again',
      cause: error,
    });
  return error;
}
