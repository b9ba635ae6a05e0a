import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import type { Identity, Rule } from '../../src/config/audience.ts';
import type { App } from '../../src/config/config.ts';
import type { StepPolicy } from '../../src/config/release.ts';
import { audienceChecks, type AudienceDoctor } from '../../src/control/doctor-audiences.ts';
import type { Check } from '../../src/control/contract.ts';
import { nothing } from '../../src/release/state.ts';
import { mmdb } from '../../examples/canary/mmdb.ts';
import { app } from '../release/story.ts';
import { atEnd } from '../at-end.ts';
import { scratch } from './help.ts';
import { project, yaml } from './project.ts';

/** The day that the test's databases were built. */
const built = 1_790_000_000_000;
const day = 86_400_000;

function asked(config: App, more: Partial<AudienceDoctor> = {}): AudienceDoctor {
  const states = [{ ...nothing('shop'), config }];
  return { states, geoDatabase: null, trustedProxies: [], now: built + day, environment: {}, fetch, ...more };
}
const withAudiences = (audiences: Record<string, Rule>, steps: readonly StepPolicy[] = []): App => ({
  ...app({ steps }),
  audiences,
});
const to = (name: string): StepPolicy => ({ kind: 'expose', to: [name], percent: null, forMs: 1 });
const german: Rule = { kind: 'country', countries: ['DE'] };
const bavarian: Rule = { kind: 'region', regions: ['DE-BY'] };

test('an app that asks for neither places nor tokens has nothing to be checked', async () => {
  assert.deepEqual(await audienceChecks(asked(app())), []);
});

test('the database of places is told with its date and attribution; missing, old, or without regions it is warned of', async (t) => {
  const folder = await scratch(t);
  const city = path.join(folder, 'city.mmdb');
  const country = path.join(folder, 'dbip-country.mmdb');
  await writeFile(city, mmdb({ '192.0.2.0/24': { country: { iso_code: 'DE' } } }));
  await writeFile(country, mmdb({ '192.0.2.0/24': { country: { iso_code: 'DE' } } }, 'DBIP-Country-Lite'));
  const one = async (more: Partial<AudienceDoctor>, rule: Rule = german): Promise<[string, string]> => {
    const [check] = await audienceChecks(asked(withAudiences({ some: rule }), more));
    assert.equal(check?.name, 'places');
    return [check.state, check.says];
  };
  const [state, says] = await one({ geoDatabase: country });
  assert.equal(state, 'ok');
  assert.match(says, /dbip-country\.mmdb \(DBIP-Country-Lite, of 2026-09-21\)\. IP Geolocation by DB-IP/);
  assert.equal((await one({ geoDatabase: city }, bavarian))[0], 'ok');
  assert.match((await one({ geoDatabase: country }, { kind: 'not', rule: bavarian }))[1], /has no regions/);
  assert.match((await one({ geoDatabase: city, now: built + 400 * day }))[1], /is old/);
  const missing = await one({ geoDatabase: path.join(folder, 'none.mmdb') });
  assert.equal(missing[0], 'warning');
  assert.match(missing[1], /none\.mmdb cannot be used .*match nobody/);
});

test('keys of tokens are asked for; when they cannot be had, it is a warning, with the steps that reach nobody', async (t) => {
  let down = false;
  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', kid: 'a' }] });
  const server = createServer((_, response) => {
    response.statusCode = down ? 503 : 200;
    response.end(keys);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const identity: Identity = {
    sources: [{ kind: 'jwt', claim: 'sub' }],
    anonymous: 'keep',
    cookieDomain: null,
    jwt: {
      keys: { kind: 'jwks', url },
      issuer: ['me'],
      audience: null,
      algorithms: ['RS256'],
      toleranceMs: 0,
      header: 'authorization',
      cookie: null,
    },
  };
  const staff: Rule = { kind: 'groups', claim: 'groups', groups: ['staff'] };
  const config: App = { ...withAudiences({ staff }, [to('staff')]), identity };
  const [well, ...more] = await audienceChecks(asked(config));
  assert.deepEqual([well?.name, well?.state, more.length], ['shop tokens', 'ok', 0]);
  assert.ok(well?.says.includes(url));
  down = true;
  const [tokens, audiences] = await audienceChecks(asked(config));
  assert.equal(tokens?.state, 'warning');
  assert.match(tokens.says, /answered 503.*match nobody; everyone is served/);
  assert.equal(audiences?.name, 'shop audiences');
  assert.match(audiences.says, /steps that reach nobody: staff: .*answered 503/);
});

test('the doctor of a running Teal tells it among its other checks', async (t) => {
  const app = '    audiences: { de: { country: DE } }';
  const shop = await project(t, yaml({ app, release: 'steps: [{ expose: { to: [de], for: 1m } }]' }));
  const { api } = await shop.up();
  const checks = await api.get<Check[]>('/v1/doctor');
  const places = checks.find(({ name }) => name === 'places');
  assert.equal(places?.state, 'warning');
  assert.equal(
    places.remedy,
    'name a database in router.geo-database: docs/audiences.md says which are free',
  );
  assert.match(checks.at(-1)?.says ?? '', /steps that reach nobody: de: there is no database of places/);
});
