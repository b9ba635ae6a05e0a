import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import path from 'node:path';
import { Client } from '../../../src/cli/client.ts';
import { socketPath } from '../../../src/router/socket-path.ts';
import { World, type Up } from '../../acceptance/harness.ts';
import { until } from '../../acceptance/until.ts';
import { noPostgres, startPostgres, type PostgresServer } from '../../store/postgres-server.ts';

const tests: readonly string[] = [];

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

function clientOf(world: World, { child }: Up): Client {
  const folder = path.dirname(socketPath(world.data, 'control.sock'));
  return new Client(world.config, path.join(folder, `control-${child.pid ?? 0}.sock`));
}

describe('control planes that share an event log', { skip: noPostgres() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('the one that stands by says who leads, passes commands on, and takes over when that one leaves', async () => {
    await using world = await World.create({ tests, instances: 1, store: await server.database() });
    await world.build('v1');
    const first = await world.up();
    await world.deploy('v1');
    await world.promoted('v1');
    const second = await world.up();
    const [leading, standing] = [clientOf(world, first), clientOf(world, second)];
    const one = await leading.status();
    assert.equal(one.store.kind, 'postgres');
    assert.match(one.store.where, /^postgres:\/\/postgres@127/);
    assert.ok(one.leader !== null && one.leader.leaseLeftMs > 0);
    assert.equal(one.leader.name, one.leader.answeredBy);
    const two = await standing.status();
    assert.equal(two.leader?.name, one.leader.name);
    assert.deepEqual(two.apps, (await leading.status()).apps, 'all that the leader says');
    await standing.command('shop', 'freeze', { reason: 'because' });
    assert.equal((await leading.app('shop')).frozen?.reason, 'because');
    const { out } = await world.teal('status');
    assert.match(inOneLine(out), /leads for .* \(term 1, lease for .* more\); event log in postgres:/);

    assert.match(inOneLine((await world.teal('upgrade')).err), /not replaced by teal upgrade.*SIGTERM/);

    first.child.kill('SIGTERM');
    assert.equal(await first.ended, 0);
    const next = await until('the next leader', async () => {
      const said = await standing.status();
      const { leader } = said;
      // It says so from when it has the lease on; the router is there when it works.
      return leader !== null && leader.name === leader.answeredBy && said.router !== null && said;
    });
    assert.equal(next.leader?.term, 2);
    assert.equal(next.router?.pid, one.router?.pid);
    assert.equal(next.apps[0]?.frozen?.reason, 'because');
    // By the name that commands use.
    await world.client.command('shop', 'unfreeze', {});

    const third = await world.up();
    assert.equal((await world.teal('down')).code, 0);
    assert.equal(await second.ended, 0, 'the leader');
    assert.equal(await third.ended, 0, 'who stood by takes nothing over that was stopped on purpose');
    const again = await world.up();
    assert.equal((await clientOf(world, again).status()).leader?.term, 3);
  });

  test('a data folder is shared by those of one database only', async () => {
    const store = await server.database();
    await using world = await World.create({ tests, instances: 1, store });
    await world.build('v1');
    await world.up();
    world.configure({ tests, instances: 1, store: 'sqlite' });
    const other = await world.teal('up');
    assert.match(other.err, /already runs/);
    assert.equal(other.code, 1);
    await world.kill();
  });

  test('an empty database is not begun with beside a file that has the history', async () => {
    await using world = await World.create({ tests, instances: 1 });
    await world.build('v1');
    const up = await world.up();
    await world.deploy('v1');
    up.child.kill('SIGTERM');
    await up.ended;
    const url = await server.database();
    const refused = await world.teal('up', '--store', url);
    assert.equal(refused.code, 1);
    assert.match(inOneLine(refused.err), /is empty, but .*teal\.db holds an event log.*teal store migrate/);
    const open = await world.teal('up', '--store', 'postgres://anna:geheim@localhost/teal');
    assert.equal(open.code, 2);
    assert.doesNotMatch(open.err + open.out, /geheim/);
  });
});
