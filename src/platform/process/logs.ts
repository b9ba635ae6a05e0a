/** The logs of an app's instances, running and recently ended, from their files. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { redact } from './environment.ts';
import { listFolders, type InstanceSpec } from './folder.ts';
import { pause } from './wait.ts';

export interface LogLine {
  readonly instance: string;
  readonly role: string;
  readonly version: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

export interface LogQuery {
  /** As for `ProcessPlatform`. */
  readonly data: string;
  readonly app: string;
  readonly role?: string;
  readonly instance?: string;
  /** The last so many lines of each stream of each instance. */
  readonly lines: number;
  /** Teal's environment: where the secrets come from that are left out. */
  readonly own: NodeJS.ProcessEnv;
}

const streams = ['stdout', 'stderr'] as const;
const followEveryMs = 200;
// How much of a file is read at once, and how far back the last lines are looked for.
const chunkBytes = 256 * 1024;

/** The last lines, instance by instance in the order they were started. Lines carry no time, so streams are not mixed. */
export async function readLogs(query: LogQuery): Promise<readonly LogLine[]> {
  const readers = await findReaders(query, new Map());
  return readers.flatMap((reader) => reader.last(query.lines));
}

/** The last lines, and then every new one, also of instances that start meanwhile, until the signal aborts. */
export async function* followLogs(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine, void> {
  const known = new Map<string, LogReader>();
  for (const reader of await findReaders(query, known)) yield* reader.last(query.lines);
  while (!signal.aborted) {
    for (const reader of await findReaders(query, known)) {
      for (let lines = reader.next(); lines.length > 0 && !signal.aborted; lines = reader.next()) {
        yield* untilAborted(lines, signal);
      }
    }
    await pause(followEveryMs, signal);
  }
}

function* untilAborted(lines: readonly LogLine[], signal: AbortSignal): Generator<LogLine, void> {
  for (const line of lines) {
    if (signal.aborted) return;
    yield line;
  }
}

/** A reader for each log there is now, those already known kept. */
async function findReaders(query: LogQuery, known: Map<string, LogReader>): Promise<readonly LogReader[]> {
  const { app, role, instance } = query;
  const folders = (await listFolders(query.data)).filter(
    ({ spec }) =>
      spec.app === app &&
      (role === undefined || spec.role === role) &&
      (instance === undefined || spec.id === instance),
  );
  return folders.flatMap(({ folder, spec }) =>
    streams.map((stream) => {
      const file = path.join(folder, `${stream}.log`);
      const reader = known.get(file) ?? new LogReader(file, { spec, stream, own: query.own });
      known.set(file, reader);
      return reader;
    }),
  );
}

/** Reads one log on from where it stopped. Only whole lines are told. */
class LogReader {
  readonly #file: string;
  readonly #about: Omit<LogLine, 'line'>;
  /** An app may print what it was given; whoever reads its log need not have it. */
  readonly #redact: (text: string) => string;
  #offset = 0;

  constructor(
    file: string,
    {
      spec,
      stream,
      own,
    }: Pick<LogQuery, 'own'> & { readonly spec: InstanceSpec; readonly stream: LogLine['stream'] },
  ) {
    this.#file = file;
    this.#redact = (text) => redact(text, spec.spec.environment, own);
    this.#about = { instance: spec.id, role: spec.role, version: spec.version, stream };
  }

  /** The last lines; goes on after them. */
  last(count: number): readonly LogLine[] {
    const { bytes, size } = readFrom(this.#file, (whole) => Math.max(whole - chunkBytes, 0));
    const opening = bytes.length < size ? bytes.indexOf(10) + 1 : 0;
    const end = bytes.lastIndexOf(10) + 1;
    this.#offset = size - bytes.length + end;
    return count === 0 ? [] : this.#lines(bytes.subarray(opening, end)).slice(-count);
  }

  /** What has been written since; empty when that is no whole line. */
  next(): readonly LogLine[] {
    const { bytes, from } = readFrom(this.#file, (size) => (size < this.#offset ? 0 : this.#offset));
    const newline = bytes.lastIndexOf(10) + 1;
    // A line longer than a chunk is told in pieces: otherwise the log would seem to stand still.
    const end = newline === 0 && bytes.length === chunkBytes ? bytes.length : newline;
    this.#offset = from + end;
    return this.#lines(bytes.subarray(0, end));
  }

  #lines(bytes: Buffer): readonly LogLine[] {
    if (bytes.length === 0) return [];
    const text = this.#redact(bytes.toString('utf8')).replace(/\n$/, '');
    return text.split(/\r?\n/).map((line) => ({ ...this.#about, line }));
  }
}

/** One chunk of a file. A log that shrank was rotated: it is read from its beginning. */
function readFrom(
  file: string,
  start: (size: number) => number,
): { readonly bytes: Buffer; readonly from: number; readonly size: number } {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return { bytes: Buffer.alloc(0), from: 0, size: 0 };
  }
  try {
    const { size } = fstatSync(descriptor);
    const from = start(size);
    const buffer = Buffer.alloc(Math.min(size - from, chunkBytes));
    return { bytes: buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, from)), from, size };
  } finally {
    closeSync(descriptor);
  }
}
