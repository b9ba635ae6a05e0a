import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { CertificateKeeper } from '../../src/router/embedded/tls/keeper.ts';
import { CertificateFolder, issue } from './certificates.ts';
import { until } from './rig.ts';

const hour = 3600_000;
const day = 24 * hour;

test('ticket keys change and warnings come as often when the clock of the machine was set back', async (t) => {
  await using folder = await CertificateFolder.make();
  const ends = new Date(Date.now() + 5 * day);
  const certificates = [await folder.put('shop', issue({ names: ['shop.test'], until: ends }))];
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => void said.push(line) });
  const warnings = (): number => said.filter((line) => line.includes('expires soon')).length;
  let elapsed = 0;
  const keeper = await CertificateKeeper.open({ certificates, clientCertificates: null }, log, {
    elapsed: () => elapsed,
  });
  t.after(() => keeper.close());
  assert.equal(warnings(), 1);
  const before = keeper.material.ticketKeys;
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() - 2 * day);
  const told: string[] = [];
  keeper.watch(async ({ ticketKeys }) => void told.push(ticketKeys));
  elapsed = 11 * hour;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(told, []);
  elapsed = 25 * hour;
  await until(() => told.length === 1 && warnings() === 2, 'another key and a warning');
  assert.notEqual(told[0], before);
  assert.equal(keeper.material.ticketKeys, told[0]);
});
