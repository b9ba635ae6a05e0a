import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** One request that it got. */
export interface Noted {
  readonly method: string;
  readonly url: string;
  /** `x-teal-mirror` and `x-teal-cohort`, as they came. */
  readonly mirror: string | null;
  readonly cohort: string | null;
  readonly body: string;
}

/**
 * An app that notes what it gets in a file, and is healthy but good for nothing: by turns it says 500, sets a cookie, breaks off in the
 * middle, and never answers.
 */
const server = `
import { createServer } from 'node:http';
import { appendFileSync } from 'node:fs';
let turn = 0;
const server = createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok');
  let body = '';
  request.on('data', (data) => (body += data));
  request.on('end', () => {
    const { 'x-teal-mirror': mirror = null, 'x-teal-cohort': cohort = null } = request.headers;
    const noted = { method: request.method, url: request.url, mirror, cohort, body };
    appendFileSync(new URL('noted', import.meta.url), JSON.stringify(noted) + '\\n');
    response.setHeader('x-version', process.env.TEAL_VERSION);
    response.setHeader('set-cookie', 'candidate=1');
    switch (turn++ % 4) {
      case 0:
        response.writeHead(500).end('not yet');
        return;
      case 1:
        response.writeHead(200).end('fine');
        return;
      case 2:
        response.writeHead(200, { 'content-length': 100 }).write('half');
        request.socket.destroy();
    }
  });
});
server.listen(process.env.PORT, process.env.HOST);
process.on('SIGTERM', () => process.exit(0));
`;

/** Writes the version into its folder. */
export function buildNotingApp(version: string, world: string): void {
  const folder = path.join(world, 'versions', version);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'server.js'), server);
  writeFileSync(path.join(folder, 'noted'), '');
}

/** What the version got so far. */
export function notedBy(version: string, world: string): readonly Noted[] {
  const lines = readFileSync(path.join(world, 'versions', version, 'noted'), 'utf8').split('\n');
  // The last one may be half written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Noted);
}
