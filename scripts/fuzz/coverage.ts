import { Session } from 'node:inspector/promises';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The parser of HTTP/1: what decides where a message begins and ends. Other folders have files of the same names. */
const parserFiles: ReadonlySet<string> = new Set([
  'body.ts',
  'bytes.ts',
  'chunked.ts',
  'fields.ts',
  'known-fields.ts',
  'next-head.ts',
  'request-head.ts',
  'response-head.ts',
  'trailer.ts',
]);

export interface Coverage {
  readonly branches: number;
  readonly covered: number;
  /** `file:line` of branches that never ran. */
  readonly missed: readonly string[];
}

/** Branches as V8 counts them (blocks of every function), over what `run` does. The parser must be loaded by `run`. */
export async function coverageOf(run: () => Promise<void>): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  await run();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  let branches = 0;
  let covered = 0;
  const missed: string[] = [];
  for (const { url, functions } of result) {
    const file = url.split('/src/router/embedded/')[1] ?? '';
    if (!parserFiles.has(file)) continue;
    const source = readFileSync(fileURLToPath(url), 'utf8');
    for (const range of functions.flatMap(({ ranges }) => ranges)) {
      branches++;
      if (range.count > 0) covered++;
      else missed.push(`${file}:${source.slice(0, range.startOffset).split('\n').length}`);
    }
  }
  return { branches, covered, missed };
}
