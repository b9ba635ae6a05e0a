import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rule } from '../../../src/config/audience.ts';
import type { RoutingTable } from '../../../src/router/table.ts';
import { audience, issuer } from '../../../examples/canary/tokens.ts';
import { canaryName } from '../scenarios.ts';
import { visited, type People } from '../people.ts';
import type { Peer } from './peer.ts';
import { startTeal, tableTo, version } from './teal.ts';

/** One of each kind that asks something else of a request; none but the last chooses anybody here. */
const rules: Readonly<Record<string, Rule>> = {
  staff: { kind: 'groups', claim: 'groups', groups: ['staff'] },
  office: { kind: 'cidr', ranges: ['203.0.113.0/24', '2001:db8::/32'] },
  testers: {
    kind: 'header',
    name: 'x-tester',
    match: { kind: 'exact', values: ['yes'] },
    from: 'anyone',
  },
  'opted-in': { kind: 'cookie', name: 'beta', match: { kind: 'exact', values: ['on'] } },
};

/** Teal in the middle of a release: four audiences and a percentage of everyone, asked of every request. */
export const canary = (loadCores: string, people: People): Peer => ({
  name: canaryName,
  install: null,
  version,
  start: async (place) => {
    const keys = join(place.folder, 'keys.json');
    writeFileSync(keys, people.provider.keySet);
    const running = await startTeal(canaryName, loadCores, { place, table: canaryTo(place.origin, keys) });
    try {
      return { ...running, cookies: await visited(running.port, people.cookies) };
    } catch (error) {
      await running.stop();
      throw error;
    }
  },
});

function canaryTo(origin: number, keys: string): RoutingTable {
  const { generation, apps } = tableTo(origin);
  const endpoint = { id: 'bench-2', role: 'web', host: '127.0.0.1', port: origin };
  const green = { version: 'v2', endpoints: [endpoint] };
  const everyone = { to: [], width: 5_000 };
  return {
    generation,
    apps: apps.map((app) => ({
      ...app,
      environments: { ...app.environments, green },
      audience: {
        app: app.app,
        live: 'blue',
        release: {
          id: 'bench-2',
          candidate: 'green',
          cohort: 'fresh',
          exposed: [{ to: Object.keys(rules), width: 100_000 }, everyone],
        },
        identity: {
          sources: [{ kind: 'jwt', claim: 'sub' }],
          anonymous: 'keep',
          cookieDomain: null,
          jwt: {
            keys: { kind: 'file', path: keys },
            issuer: [issuer],
            audience: [audience],
            algorithms: ['ES256'],
            toleranceMs: 60_000,
            header: 'authorization',
            cookie: 'auth',
          },
        },
        audiences: rules,
        paths: ['/'],
        offset: 0,
      },
    })),
  };
}
