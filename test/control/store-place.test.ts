import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { StoreConfig } from '../../src/config/kinds-store.ts';
import { TealError } from '../../src/errors.ts';
import { storePlace } from '../../src/control/store-place.ts';

const url = 'postgres://teal:geheim@db.example.com/teal';
const sqlite = { store: { kind: 'sqlite' } } as const;
const named = (name: string, source: 'env' | 'file' = 'env'): { store: StoreConfig } => ({
  store: { kind: 'secret', source, name },
});

test('the flag wins over TEAL_STORE, and that over teal.yaml', () => {
  const environment = { TEAL_STORE: url, DB: 'postgres://db/other' };
  assert.deepEqual(storePlace(sqlite, { environment: {} }), { kind: 'sqlite' });
  assert.deepEqual(storePlace(sqlite, { environment }), { kind: 'postgres', url });
  assert.deepEqual(storePlace(sqlite, { flag: 'sqlite', environment }), { kind: 'sqlite' });
  const place = storePlace(sqlite, { flag: 'env:DB', environment });
  assert.deepEqual(place, { kind: 'postgres', url: 'postgres://db/other' });
});

test('what is named is read, from the environment or from a file', async (t) => {
  assert.deepEqual(storePlace(named('DB'), { environment: { DB: url } }), { kind: 'postgres', url });
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-place-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'url');
  await writeFile(file, `${url}\n`);
  assert.deepEqual(storePlace(named(file, 'file'), { environment: {} }), { kind: 'postgres', url });
});

test('what is missing, no URL, or written where others read it, is refused without showing it', () => {
  const cases: readonly (readonly [Parameters<typeof storePlace>, string])[] = [
    [[named('DB'), { environment: {} }], 'secret-missing'],
    [[named('/nowhere/url', 'file'), { environment: {} }], 'secret-missing'],
    [[named('DB'), { environment: { DB: 'mysql://teal:geheim@db/teal' } }], 'config-invalid'],
    [[sqlite, { flag: url, environment: {} }], 'usage'],
    [[sqlite, { flag: 'postgres://db/teal?password=geheim', environment: {} }], 'usage'],
    [[sqlite, { environment: { TEAL_STORE: 'geheim' } }], 'usage'],
  ];
  for (const [args, code] of cases) {
    assert.throws(
      () => storePlace(...args),
      (error) => {
        assert.ok(error instanceof TealError);
        assert.equal(error.code, code);
        assert.ok(!`${JSON.stringify(error)}${String(error.cause)}`.includes('geheim'));
        return true;
      },
    );
  }
});
