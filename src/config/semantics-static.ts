import type { Finding } from './finding.ts';
import { versionPlace } from './kinds-static.ts';
import type { Path } from './problem.ts';
import type { AppInput } from './schema.ts';

/** What is wrong with how an app runs: as processes, or on servers that run already, and not both. */
export function runsOf(path: Path, app: AppInput): readonly Finding[] {
  const { process, static: servers } = app.run;
  const at = [...path, 'run'];
  const error = (where: Path, what: Pick<Finding, 'expected' | 'got' | 'remedy'>): Finding => ({
    severity: 'error',
    path: where,
    others: [],
    ...what,
  });
  if (process === undefined && servers === undefined) {
    const remedy = 'add process: { command: node server.js }';
    return [
      error(at, { expected: 'process, or static for servers that run already', got: 'neither', remedy }),
    ];
  }
  if (servers === undefined) return [];
  if (process !== undefined) {
    const remedy = 'remove one of them: Teal starts the app, or it runs already';
    return [error(at, { expected: 'process or static', got: 'both', remedy })];
  }
  const found: Finding[] = [];
  const { versions, addresses } = servers;
  if (addresses.length === 0 && Object.keys(versions).length === 0) {
    const remedy = 'add versions: { v1: [10.0.0.1:8080] }';
    found.push(
      error([...at, 'static'], { expected: 'servers of at least one version', got: 'none', remedy }),
    );
  }
  for (const [index, { host, port }] of addresses.entries()) {
    if (host.includes(versionPlace)) continue;
    // Both environments would be the same servers, and a rollback would go nowhere.
    const remedy = 'put {version} into its name, or name the servers of each version under versions';
    const where = [...at, 'static', 'addresses', index];
    found.push(error(where, { expected: 'a server of one version', got: `${host}:${port} for all`, remedy }));
  }
  for (const [version, list] of Object.entries(versions)) {
    if (list.length > 0) continue;
    const where = [...at, 'static', 'versions', version];
    found.push(error(where, { expected: 'at least one address', got: 'an empty list', remedy: 'add one' }));
  }
  for (const name of Object.keys(app.roles)) {
    const remedy = 'remove it, or make it an app of its own';
    const what = { expected: 'no roles beside run.static', got: name, remedy };
    found.push({ ...error([...path, 'roles', name], what), of: 'key' });
  }
  return found;
}
