import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseChecks } from '../../src/control/doctor-database.ts';
import { nothing } from '../../src/release/state.ts';
import { onServers } from '../database/server.ts';
import { app } from '../release/story.ts';
import { served, versions } from './migrate/shop.ts';

onServers(
  'the database of an app is asked once, and told without its password',
  async ({ url }, t) => {
    const shop = await versions(t, ...served);
    await shop.serve(url);
    const [check, ...more] = await databaseChecks([{ ...nothing('shop'), config: shop.spec }]);
    assert.deepEqual(more, []);
    assert.deepEqual([check?.name, check?.state, check?.remedy], ['shop database', 'ok', null]);
    assert.match(check?.says ?? '', /^\S+ at \S+ answers$/);
  },
  [18],
);

test('one that cannot be had has failed, since the next migration would, and one that is not named is not asked', async (t) => {
  const shop = await versions(t, ...served);
  const [away] = await databaseChecks([{ ...nothing('shop'), config: shop.spec }]);
  assert.equal(away?.state, 'failed');
  assert.match(away.says, /^The database cannot be reached/);
  assert.doesNotMatch(JSON.stringify(away), /hunter22/);
  const missing = await versions(t, 'url: env:TEAL_TEST_NO_SUCH_URL', 'migrations: db');
  const [secret] = await databaseChecks([{ ...nothing('shop'), config: missing.spec }]);
  assert.equal(secret?.state, 'failed');
  assert.match(secret?.says ?? '', /TEAL_TEST_NO_SUCH_URL is not in Teal's environment/);
  const commands = await versions(t, 'run: { expand: x }');
  const states = [commands.spec, app()].map((config) => ({ ...nothing('shop'), config }));
  assert.deepEqual(await databaseChecks([...states, nothing('shop')]), []);
});
