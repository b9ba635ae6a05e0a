/** The access log read back, as `teal logs --access` shows it. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessLine, DroppedLines, Outcome } from './access-line.ts';

export interface AccessQuery {
  readonly app?: string;
  /** Inclusive ranges. */
  readonly status?: readonly (readonly [number, number])[];
  readonly outcome?: Outcome;
  /** The last so many that fit. */
  readonly lines: number;
}

type Told = AccessLine | DroppedLines;

const followEveryMs = 200;
const chunkBytes = 256 * 1024;
/** How far back the last lines are looked for: a filter that nothing fits must not read for minutes. */
const mostLookedBack = 256 * 1024 * 1024;
/** After a rotation, workers that have not heard of it yet write to the old file. */
const oldFileMs = 5000;

/** The last lines that fit, oldest first, also from files that were renamed. @param until how much of the newest file */
export function lastAccessLines(file: string, query: AccessQuery, until = Infinity): readonly Told[] {
  const found: Told[] = [];
  let budget = mostLookedBack;
  for (let number = 0; found.length < query.lines && budget > 0; number++) {
    const descriptor = tryOpen(number === 0 ? file : `${file}.${number}`);
    if (descriptor === null) break;
    try {
      const { size } = fstatSync(descriptor);
      const end = number === 0 ? Math.min(size, until) : size;
      for (const line of backwards(descriptor, end, (bytes) => (budget -= bytes) > 0)) {
        const told = fitting(line, query);
        if (told !== null) found.push(told);
        if (found.length >= query.lines) break;
      }
    } finally {
      closeSync(descriptor);
    }
  }
  return found.reverse();
}

/** The last lines, and then every new one that fits, across rotations, until the signal aborts. */
export async function* followAccessLines(
  file: string,
  query: AccessQuery,
  signal: AbortSignal,
): AsyncGenerator<Told, void> {
  let current = Tail.atEnd(file);
  yield* lastAccessLines(file, query, current?.offset);
  let old: Tail[] = [];
  try {
    while (!signal.aborted) {
      if (current === null || current.renamed(file)) {
        if (current !== null) old.push(current);
        current = Tail.atStart(file);
      }
      for (const tail of [...old, ...(current === null ? [] : [current])]) {
        for (let lines = tail.next(); lines.length > 0; lines = tail.next()) {
          for (const line of lines) {
            const told = fitting(line, query);
            if (told !== null) yield told;
            if (signal.aborted) return;
          }
        }
      }
      old = old.filter((tail) => tail.stillUsed());
      await sleep(followEveryMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    for (const tail of old) tail.close();
    current?.close();
  }
}

/** An open log, read on from where it stopped. */
class Tail {
  readonly #descriptor: number;
  readonly #inode: number;
  /** Behind the last whole line that was told. */
  offset: number;
  #leaveAt = Infinity;

  private constructor(descriptor: number, atEnd: boolean) {
    const { ino, size } = fstatSync(descriptor);
    this.#descriptor = descriptor;
    this.#inode = ino;
    this.offset = atEnd ? Math.max(0, size - chunkBytes) : 0;
    if (atEnd) this.offset += this.#read(size).lastIndexOf(10) + 1;
  }

  static atEnd(file: string): Tail | null {
    const descriptor = tryOpen(file);
    return descriptor === null ? null : new Tail(descriptor, true);
  }

  static atStart(file: string): Tail | null {
    const descriptor = tryOpen(file);
    return descriptor === null ? null : new Tail(descriptor, false);
  }

  /** Another file has its name by now. */
  renamed(file: string): boolean {
    const now = statSync(file, { throwIfNoEntry: false });
    if (now === undefined || now.ino === this.#inode) return false;
    this.#leaveAt = performance.now() + oldFileMs;
    return true;
  }

  stillUsed(): boolean {
    if (performance.now() < this.#leaveAt) return true;
    this.close();
    return false;
  }

  /** Whole lines written since; empty when there is none. */
  next(): readonly string[] {
    const { size } = fstatSync(this.#descriptor);
    // Shrunk: cut to nothing in place, as logrotate does with copytruncate.
    if (size < this.offset) this.offset = 0;
    const bytes = this.#read(size);
    const end = bytes.lastIndexOf(10) + 1;
    // No line of ours is that long: whatever it is, what follows is worth reading.
    this.offset += end === 0 && bytes.length === chunkBytes ? chunkBytes : end;
    return end === 0 ? [] : bytes.toString('utf8', 0, end - 1).split('\n');
  }

  #read(size: number): Buffer {
    const buffer = Buffer.alloc(Math.min(size - this.offset, chunkBytes));
    return buffer.subarray(0, readSync(this.#descriptor, buffer, 0, buffer.length, this.offset));
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Whole lines from the end to the beginning. @param more asked before each read */
function* backwards(
  descriptor: number,
  end: number,
  more: (bytes: number) => boolean,
): Generator<string, void> {
  let tail = Buffer.alloc(0);
  // What is behind the last line end is still being written.
  let whole = false;
  for (let at = end; at > 0;) {
    const length = Math.min(at, chunkBytes);
    if (!more(length)) return;
    at -= length;
    const chunk = Buffer.alloc(length);
    readSync(descriptor, chunk, 0, length, at);
    const text = Buffer.concat([chunk, tail]);
    const first = at === 0 ? 0 : text.indexOf(10) + 1;
    tail = Buffer.from(first === 0 && at > 0 ? text : text.subarray(0, first));
    if (first === 0 && at > 0) continue;
    const lines = text.toString('utf8', first).split('\n');
    const last = lines.pop();
    if (whole && last !== undefined && last !== '') yield last;
    whole = true;
    yield* lines.reverse();
  }
}

function fitting(line: string, query: AccessQuery): Told | null {
  const told = parse(line);
  if (told === null || 'dropped' in told) return told;
  const { status } = told;
  if (query.app !== undefined && told.app !== query.app) return null;
  if (query.outcome !== undefined && told.outcome !== query.outcome) return null;
  if (query.status === undefined) return told;
  return status !== null && query.status.some(([low, high]) => status >= low && status <= high) ? told : null;
}

/** Null for what a full disk left of a line. */
function parse(line: string): Told | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'time' in value ? (value as Told) : null;
  } catch {
    return null;
  }
}

function tryOpen(file: string): number | null {
  try {
    const descriptor = openSync(file, 'r');
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
    return null;
  } catch {
    return null;
  }
}
