/**
 * Asks a server for what HTTP/2 asks of it, case by case.
 *
 *   npm run h2:conform                     the router
 *   npm run h2:conform -- --node           Node's own HTTP/2, on which the router stands
 *   npm run h2:conform -- --port 8080      any server, by prior knowledge, on this machine
 *   npm run h2:conform -- --only 6.9.1/2   one case, or all whose id begins so
 */
import { parseArgs } from 'node:util';
import { cases } from './cases.ts';
import { nodeServer } from './node-server.ts';
import { report } from './report.ts';
import { routerServer } from './router-server.ts';
import { runCases } from './run-case.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, only: { type: 'string' }, node: { type: 'boolean', default: false } },
});
const wanted = cases.filter(({ id }) => values.only === undefined || id.startsWith(values.only));
if (wanted.length === 0) {
  console.error(`no case is called ${values.only}`);
  process.exit(2);
}
await using target = values.port === undefined ? await (values.node ? nodeServer() : routerServer()) : null;
const results = await runCases(target?.port ?? Number(values.port), wanted);
console.log(report(wanted, results));
process.exitCode = results.some(({ result }) => result === 'failed') ? 1 : 0;
