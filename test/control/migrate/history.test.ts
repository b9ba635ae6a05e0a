// The schema of the shadow database where the machine has no pg_dump that fits the server.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { ProofSummary } from '../../../src/release/state.ts';
import { onServers, type Server } from '../../database/server.ts';
import { policy, secret, Shop } from './help.ts';

const table = 'CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);\n';
const rename = {
  expand: 'ALTER TABLE users ADD COLUMN full_name text;\n',
  contract: 'ALTER TABLE users DROP COLUMN name;\n',
};

/** What is said of v1, whose statements and first migration lie in it, before a second migration; `byHand` is in no file. */
async function proved(t: TestContext, { url, connect }: Server, byHand: string): Promise<ProofSummary> {
  const client = await connect();
  await client.query(`${table}${byHand}`);
  const proof = { shadow: 'auto', corpus: ['queries.sql'], minCoverage: 98, failOn: 'risk' } as const;
  const shop = await Shop.open(t, policy({ url: await secret(t, url), proof }));
  const directory = await shop.deploy('v2', rename, '0002-rename');
  const queries = 'SELECT name FROM users WHERE id = 1;\nUPDATE users SET name = $1 WHERE id = $2;\n';
  await writeFile(path.join(directory, '..', 'v1', 'queries.sql'), queries);
  await mkdir(path.join(directory, 'db/0001-users'), { recursive: true });
  await writeFile(path.join(directory, 'db/0001-users/expand.sql'), table);
  const given = process.env['PATH'];
  t.after(() => (process.env['PATH'] = given));
  process.env['PATH'] = '/nowhere';
  await shop.migrates('expand');
  const { expand } = shop.migration.proofs;
  assert(expand);
  return expand;
}

onServers(
  'is what the migrations in the version make, when the database has nothing else',
  async (server, t) => {
    const proof = await proved(t, server, '');
    assert.equal(proof.outcome, 'green', proof.says);
    assert.equal(proof.statements, 2);
  },
  [18],
);

onServers(
  'is not known where the database has what they do not make: nothing is proven on another schema',
  async (server, t) => {
    const proof = await proved(t, server, 'ALTER TABLE users ADD COLUMN age int;');
    assert.equal(proof.outcome, 'unknown');
    assert.match(proof.says, /pg_dump.*migrations in the version do not make.*users\.age/s);
  },
  [18],
);

onServers(
  'is compared by tables of any name and schema, as ORMs quote them',
  async (server, t) => {
    const proof = await proved(
      t,
      server,
      'CREATE TABLE "Job" (id int); CREATE SCHEMA "Other"; CREATE TABLE "Other"."A.b" (id int);',
    );
    assert.equal(proof.outcome, 'unknown', proof.says);
    assert.match(proof.says, /4 differences, such as: .*"Job"/);
  },
  [18],
);
