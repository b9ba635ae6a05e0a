import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { plainAddress } from '../../../src/audience/address.ts';
import { placeOf } from '../../../src/router/facts/place.ts';
import { openPlaces, type Places } from '../../../src/router/facts/places.ts';
import { mmdb } from '../../../examples/canary/mmdb.ts';

let folder = '';
const opened: Places[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teal-places-'));
});

after(async () => {
  for (const places of opened) places.close();
  await rm(folder, { recursive: true });
});

const bavaria = {
  country: { iso_code: 'DE' },
  continent: { code: 'EU' },
  subdivisions: [{ iso_code: 'BY' }, { iso_code: '09' }],
};

async function open(
  file: string | null,
  more: Partial<Parameters<typeof openPlaces>[0]> = {},
): Promise<{ readonly places: Places; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const places = await openPlaces({
    file,
    everyMs: 10,
    onWarning: (message) => warnings.push(message),
    ...more,
  });
  opened.push(places);
  return { places, warnings };
}

async function until(is: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!is()) {
    assert.ok(Date.now() < deadline, 'too late');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('an address is in a country, its continent and its regions, IPv4 and IPv6', async () => {
  const file = join(folder, 'one.mmdb');
  await writeFile(file, mmdb({ '203.0.113.0/24': bavaria, '2001:db8::/32': { country_code: 'FR' } }));
  const { places, warnings } = await open(file);
  assert.deepEqual(places.lookUp('203.0.113.9'), {
    country: 'DE',
    continent: 'EU',
    regions: ['DE-BY', 'DE-09'],
  });
  assert.deepEqual(places.lookUp('2001:db8::1'), { country: 'FR', continent: 'EU', regions: [] });
  assert.deepEqual(places.lookUp(plainAddress('::ffff:203.0.113.9')), places.lookUp('203.0.113.9'));
  assert.equal(places.lookUp('192.0.2.1'), null);
  assert.equal(places.lookUp(''), null);
  assert.deepEqual(warnings, []);
});

test('a database says what it is, how old, and whom to name', async () => {
  const file = join(folder, 'about.mmdb');
  await writeFile(file, mmdb({ '203.0.113.0/24': bavaria }, 'DBIP-Country-Lite'));
  const { places } = await open(file);
  const about = places.about();
  assert.equal(about?.file, file);
  assert.equal(about.builtAt.getTime(), 1_790_000_000_000);
  assert.match(about.attribution, /DB-IP.*CC BY 4\.0/);
  assert.equal(about.regions, false);
  await writeFile(file, mmdb({ '203.0.113.0/24': bavaria }, 'GeoLite2-City'));
  await until(() => places.about()?.regions === true);
  assert.match(places.about()?.attribution ?? '', /MaxMind/);
});

test('a database that is replaced is read anew; a broken one leaves the last in force, and is told once', async () => {
  const file = join(folder, 'changing.mmdb');
  await writeFile(file, mmdb({ '203.0.113.0/24': bavaria }));
  const { places, warnings } = await open(file);
  const replace = async (bytes: Buffer): Promise<void> => {
    await writeFile(`${file}.new`, bytes);
    await rename(`${file}.new`, file);
  };
  await replace(mmdb({ '203.0.113.0/24': { country_code: 'AT' } }));
  await until(() => places.lookUp('203.0.113.9')?.country === 'AT');
  await replace(Buffer.from('no database'));
  await until(() => warnings.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /cannot be used as a database of places/);
  assert.equal(places.lookUp('203.0.113.9')?.country, 'AT');
  await replace(mmdb({ '203.0.113.0/24': { country_code: 'CH' } }));
  await until(() => places.lookUp('203.0.113.9')?.country === 'CH');
});

test('a database that is missing places nobody, says so, and is waited for', async () => {
  const file = join(folder, 'late.mmdb');
  const { places, warnings } = await open(file);
  assert.equal(places.lookUp('203.0.113.9'), null);
  assert.equal(places.about(), null);
  assert.match(warnings.join(), /ENOENT/);
  await writeFile(file, mmdb({ '203.0.113.0/24': bavaria }));
  await until(() => places.lookUp('203.0.113.9') !== null);
});

test('without a file the package counts, and without either nobody is anywhere', async () => {
  const file = join(folder, 'packaged.mmdb');
  await writeFile(file, mmdb({ '203.0.113.0/24': { country_code: 'DE' } }, 'geo-whois-asn-country'));
  const { places } = await open(null, { packaged: () => file });
  assert.equal(places.lookUp('203.0.113.9')?.country, 'DE');
  assert.match(places.about()?.attribution ?? '', /CC0/);
  const none = await open(null, { packaged: () => null });
  assert.equal(none.places.lookUp('203.0.113.9'), null);
  assert.equal(none.warnings.length, 1);
});

test('a database cut short anywhere is refused or answers null, and never throws', async () => {
  const whole = mmdb({ '203.0.113.0/24': bavaria, '2001:db8::/32': { country_code: 'FR' } });
  const file = join(folder, 'cut.mmdb');
  const cuts = fc.sample(fc.integer({ min: 0, max: whole.length - 1 }), { numRuns: 40, seed: 7 });
  for (const cut of cuts) {
    const damaged = Buffer.from(whole);
    damaged[cut] = (damaged[cut] as number) ^ 0xff;
    for (const bytes of [whole.subarray(0, cut), damaged]) {
      await writeFile(file, bytes);
      const { places } = await open(file, { everyMs: 100_000 });
      for (const address of ['203.0.113.9', '2001:db8::1', '::', '255.255.255.255']) places.lookUp(address);
      places.close();
    }
  }
});

test('whatever a record holds, a place has codes or is null', () => {
  fc.assert(
    fc.property(fc.anything(), (record) => {
      const place = placeOf(record);
      if (place === null) return;
      assert.ok(place.country !== null || place.continent !== null);
      for (const region of place.regions) assert.match(region, /^[^-]{1,2}-.{1,6}$/su);
    }),
  );
});
