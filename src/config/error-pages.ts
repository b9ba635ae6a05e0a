import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ErrorPage } from './config.ts';
import type { Finding } from './finding.ts';
import type { FileInput } from './schema.ts';
import { formatSize } from './units.ts';

/**
 * An app's own error pages. They become a part of the app's settings, and so of the routing table: a page has to be
 * there when the file, the control plane or the whole disk it came from is not.
 */

/** Larger than any page that brings its style along; images belong elsewhere, since what serves them may be what is down. */
const longestPage = 64 * 1024;
/** Of one app: every worker holds them, and each table carries them. */
const longestTogether = 256 * 1024;

export interface PagesRead {
  /** By absolute path. */
  readonly pages: ReadonlyMap<string, ErrorPage>;
  readonly findings: readonly Finding[];
}

/** Reads every page that the file names; what cannot be shown is told. @param base the folder of teal.yaml */
export function readErrorPages(input: FileInput, base: string): PagesRead {
  const pages = new Map<string, ErrorPage>();
  const findings: Finding[] = [];
  for (const [name, { errors }] of Object.entries(input.apps)) {
    let together = 0;
    for (const [key, named] of Object.entries(errors)) {
      const path = ['apps', name, 'errors', key];
      const file = resolve(base, named);
      const read = pages.get(file) ?? readPage(file);
      if ('got' in read) findings.push({ severity: 'error', path, others: [], ...read });
      else pages.set(file, read);
      together += 'html' in read ? Buffer.byteLength(read.html) : 0;
    }
    if (together > longestTogether) findings.push(tooMuch(name, together));
  }
  return { pages, findings };
}

type Wrong = Pick<Finding, 'expected' | 'got' | 'remedy'>;

function readPage(file: string): ErrorPage | Wrong {
  const expected = `an HTML file of at most ${formatSize(longestPage)}`;
  try {
    const about = statSync(file);
    if (!about.isFile()) return { expected, got: `${file}, which is no file`, remedy: 'name an HTML file' };
    if (about.size > longestPage) {
      const got = `${file} of ${formatSize(about.size)}`;
      return { expected, got, remedy: 'make it smaller: keep images elsewhere' };
    }
    const html = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(readFileSync(file));
    if (html.trim() === '') return { expected, got: `${file}, which is empty`, remedy: 'write a page' };
    return { file, html };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return { expected, got: `${file}, which is not UTF-8`, remedy: 'save it as UTF-8' };
    const got =
      code === 'ENOENT' ? `${file}, which is not there` : `${file}, unreadable (${code ?? 'unknown'})`;
    return { expected, got, remedy: 'the path is relative to teal.yaml' };
  }
}

function tooMuch(app: string, bytes: number): Finding {
  return {
    severity: 'error',
    path: ['apps', app, 'errors'],
    of: 'key',
    others: [],
    expected: `pages of at most ${formatSize(longestTogether)} together`,
    got: formatSize(bytes),
    remedy: 'make them smaller, or use one for several: 5xx',
  };
}
