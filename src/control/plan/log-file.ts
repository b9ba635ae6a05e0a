import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { TealError } from '../../errors.ts';

/** Longer than any request's line can be: of what is longer nothing is kept but that it was there. */
const longestLine = 64 * 1024;
const tooLong = '…';

/**
 * The lines of a file, also of one packed with gzip, without ever holding more of it than a piece: logs are larger than memory. One array for
 * each piece that is read, so that others get their turn between them.
 * @throws TealError `usage` when it cannot be read to its end
 */
export async function* logLines(file: string, signal: AbortSignal): AsyncGenerator<readonly string[], void> {
  try {
    const packed = await isPacked(file);
    const raw = createReadStream(file, { signal });
    const bytes = packed ? raw.pipe(createGunzip()) : raw;
    // An error of the file does not travel through the pipe.
    if (bytes !== raw) raw.once('error', (error) => bytes.destroy(error));
    yield* split(bytes.setEncoding('utf8') as AsyncIterable<string>);
  } catch (cause) {
    if (signal.aborted) throw cause;
    const why = cause instanceof Error ? cause.message : 'unknown';
    throw new TealError('usage', `The access log ${file} cannot be read: ${why}`, {
      remedy: 'name a file that the user of teal up may read: --log <file>',
      details: { file },
      cause,
    });
  }
}

async function isPacked(file: string): Promise<boolean> {
  // A pipe would be waited for, for ever.
  if (!(await stat(file)).isFile()) throw new Error('it is no file');
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

async function* split(pieces: AsyncIterable<string>): AsyncGenerator<readonly string[], void> {
  let rest = '';
  let skipping = false;
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    // The end of a line whose beginning was thrown away.
    if (skipping && lines.length > 0) {
      lines[0] = tooLong;
      skipping = false;
    }
    if (rest.length > longestLine) {
      rest = '';
      skipping = true;
    }
    yield lines;
  }
  if (skipping) yield [tooLong];
  else if (rest !== '') yield [rest];
}
