/** What is exported of the audit log: all of it, or a command that has failed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start, teal, until } from './cli.ts';
import { FakeControl } from './fake.ts';

let fake: FakeControl;
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());

const entry = (number: number): string => `${JSON.stringify({ number })}\n`;

test('an export that ends before its end has failed', async () => {
  fake.onExport = (response) => {
    response.write(entry(1) + entry(2), () => response.destroy());
  };
  const { code, out, err } = await teal(fake.directory, 'audit', 'export');
  assert.equal(code, 1);
  assert.equal(out, entry(1) + entry(2));
  assert.match(err, /stopped answering in the middle of a reply/);
  fake.onExport = (response) => void response.end(entry(1));
  assert.equal((await teal(fake.directory, 'audit', 'export')).code, 0);
});

test('so has one that is interrupted', async () => {
  fake.onExport = (response) => void response.write(entry(1));
  const { child, finished, said } = start(fake.directory, ['audit', 'export']);
  await until('it has begun', () => said().includes('number'));
  child.kill('SIGINT');
  assert.equal((await finished).code, 130);
});
