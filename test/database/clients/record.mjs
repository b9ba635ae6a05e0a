// Records the corpus that test/database/proof uses: real clients send their statements to a real server, and pg_stat_statements tells
// which they were. `npm ci && node record.mjs` in this folder, under the Node of the project; writes ../proof/corpus-<version>.jsonl.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { connect } from '../../../src/database/prove/session.ts';
import { count, look, nothingCounted } from '../../../src/database/prove/collect.ts';
import { writeCorpus } from '../../../src/database/prove/corpus-file.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { hasPostgres, startPostgres } from '../../store/postgres-server.ts';
import * as clients from './clients.mjs';

const here = import.meta.dirname;
const proof = path.join(here, '../proof');
const schema = readFileSync(path.join(proof, 'schema.sql'), 'utf8');
const nasty = readFileSync(path.join(proof, 'statements.sql'), 'utf8');
const parser = await loadParser();

execFileSync(process.execPath, [path.join(here, 'node_modules/prisma/build/index.js'), 'generate'], {
  cwd: here,
  stdio: 'inherit',
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' },
});

for (const version of [18, 15]) {
  if (!hasPostgres(version)) {
    console.log(`PostgreSQL ${version} is not here`);
    continue;
  }
  const server = await startPostgres({
    version,
    settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.max': '10000' },
  });
  try {
    const url = await server.database();
    const database = new URL(url).pathname.slice(1);
    const owner = new pg.Client({ connectionString: url });
    // A server that is stopped tells its clients; what failed before is what counts.
    owner.on('error', () => undefined);
    await owner.connect();
    await owner.query('CREATE EXTENSION pg_stat_statements');
    await owner.query(schema);
    const roles = [...Object.keys(clients), 'handwritten', 'apart'];
    for (const role of roles) {
      await owner.query(`CREATE ROLE ${role} LOGIN`);
      await owner.query(`GRANT CREATE, TEMP ON DATABASE ${database} TO ${role}; GRANT USAGE ON SCHEMA public, billing TO ${role};
        GRANT ALL ON ALL TABLES IN SCHEMA public, billing TO ${role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public, billing TO ${role}`);
    }
    await owner.query('ALTER ROLE apart SET search_path = billing, public');
    await owner.query('SELECT pg_stat_statements_reset()');
    await owner.query(
      "INSERT INTO users (email, name, age) SELECT 'u' || i, 'U' || i, i FROM generate_series(1, 20) i",
    );
    await owner.query('INSERT INTO orders (user_id) SELECT id FROM users');
    for (const [name, run] of Object.entries(clients)) {
      await run({ host: '127.0.0.1', port: server.port, user: name, database });
      console.log(`${version}: ${name}`);
    }
    await typed(url.replace('postgres@', 'handwritten@'), nasty);
    await typed(
      url.replace('postgres@', 'apart@'),
      'SELECT id, amount FROM invoices WHERE paid = false; UPDATE invoices SET amount = 7 WHERE id = 3;',
    );
    const session = await connect({ url });
    const snapshot = await look(parser, session, { roles, now: 0 });
    await session.close();
    await owner.end();
    if (typeof snapshot === 'string') throw new Error(snapshot);
    const { corpus } = count(nothingCounted, snapshot);
    const order = corpus.statements.toSorted((a, b) =>
      `${a.role} ${a.text}`.localeCompare(`${b.role} ${b.text}`),
    );
    writeFileSync(
      path.join(proof, `corpus-${version}.jsonl`),
      writeCorpus({ ...corpus, from: null, to: null, statements: order }),
    );
    console.log(`${version}: ${order.length} statements`);
  } finally {
    await server.stop();
  }
}

async function typed(url, text) {
  const session = await connect({ url });
  const bytes = Buffer.from(text);
  for (const { start, end } of parser.parse(text)) {
    const sql = bytes.subarray(start, end).toString().trim();
    try {
      await session.query(/^(?:lock|declare)/i.test(sql) ? `BEGIN; ${sql}; COMMIT` : sql);
    } catch (error) {
      console.log(`  not taken: ${error.message}: ${sql.slice(0, 90)}`);
    }
  }
  await session.close();
}
