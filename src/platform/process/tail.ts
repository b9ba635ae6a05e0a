import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

// Long enough for a stack trace or two; a log is never read from its beginning.
const windowBytes = 64 * 1024;

/** The last lines of a file that may be large, without the empty ones at its end. Empty when there is no file. */
export function lastLines(file: string, count: number, bytes: number = windowBytes): readonly string[] {
  const text = tailText(file, bytes).trimEnd();
  return text === '' ? [] : text.split(/\r?\n/).slice(-count);
}

// `at …` of JavaScript and Java.
const stackFrame = /^\s+at /;

/** At most that many lines, the last ones; stack frames make room first, since the error stands above them. */
export function telling(lines: readonly string[], count: number): readonly string[] {
  if (lines.length <= count) return lines;
  return lines.filter((line) => line.trim() !== '' && !stackFrame.test(line)).slice(-count);
}

function tailText(file: string, bytes: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, bytes));
    const read = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    const text = buffer.toString('utf8', 0, read);
    // The window may open in the middle of a line.
    return size > bytes ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(descriptor);
  }
}
