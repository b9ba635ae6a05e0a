// The ways in which a version of the shop can be broken, to show what Teal does about each. See `broken` in ../build.ts.
import { port } from './settings.js';
import { build } from './version.js';

/** What real visitors ask for; health checks do not count towards the flaws that show only under traffic. */
const isTraffic = (path) => path !== '/healthz' && path !== '/version';
let served = 0;

/** Where to listen: any free port, when the flaw is to ignore the one that was asked for. */
export const listenPort = build.broken === 'wrong-port' ? 0 : port;

/** Flaws that show before the first request. */
export function breakAtStart() {
  if (build.broken === 'crash') {
    console.error(`shop ${build.version} cannot start: the flaw "crash" was built in`);
    process.exit(1);
  }
}

/** Answers in the version's broken way and returns true, or returns false when this request is to be served as usual. */
export function flawed(path, response) {
  if (build.broken === null) return false;
  if (isTraffic(path)) served++;
  if (path === '/healthz') return brokenHealth(response);
  if (served <= build.failAfter) return false;
  if (build.broken === 'crash-after-switch') process.exit(70);
  if (build.broken !== 'after-switch' || path !== '/api/products') return false;
  response.writeHead(500, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: 'the stock cache is full', version: build.version }));
  return true;
}

function brokenHealth(response) {
  if (build.broken === 'never-healthy') {
    response.writeHead(503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ready: false, waiting: 'for a database that will never come' }));
    return true;
  }
  if (build.broken === 'redirecting-health') {
    response.writeHead(302, { location: '/login' });
    response.end();
    return true;
  }
  return false;
}
