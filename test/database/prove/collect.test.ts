import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  count,
  look,
  nothingCounted,
  readTally,
  writeTally,
  type Snapshot,
} from '../../../src/database/prove/collect.ts';
import { corpusOfSql, readCorpus, writeCorpus } from '../../../src/database/prove/corpus-file.ts';
import { mergeCorpora } from '../../../src/database/prove/corpus.ts';
import { connect } from '../../../src/database/prove/session.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { startPostgres, type PostgresServer } from '../../store/postgres-server.ts';

const parser = await loadParser();
const running: PostgresServer[] = [];
after(async () => {
  for (const each of running) await each.stop();
});

function seen(at: number, calls: Readonly<Record<string, number>>, more: Partial<Snapshot> = {}): Snapshot {
  const rows = Object.entries(calls).map(([text, times]) => ({
    id: `10 ${text}`,
    text,
    calls: times,
    role: 'blue',
    searchPath: null,
  }));
  return { at, rows, resetAt: 'monday', thrownOut: 0, hidden: 0, ...more };
}

const callsOf = (tally: { corpus: { statements: readonly { text: string; calls: number }[] } }): object =>
  Object.fromEntries(tally.corpus.statements.map(({ text, calls }) => [text, calls]));

test('calls are counted once, whatever the server throws out, resets or begins anew, and that is told', () => {
  let tally = count(nothingCounted, seen(1, { a: 5, b: 1 }));
  assert.deepEqual(callsOf(tally), { a: 5, b: 1 });
  tally = count(tally, seen(2, { a: 8 }, { thrownOut: 2 }));
  assert.deepEqual(callsOf(tally), { a: 8, b: 1 }, 'what was thrown out stays counted');
  tally = count(tally, seen(3, { a: 9, b: 2 }, { thrownOut: 2 }));
  assert.deepEqual(callsOf(tally), { a: 9, b: 3 }, 'what came again is counted from nothing');
  tally = count(tally, seen(4, { a: 1 }, { resetAt: 'tuesday' }));
  assert.deepEqual(callsOf(tally), { a: 10, b: 3 }, 'after a reset all is new');
  assert.deepEqual(
    [tally.corpus.from, tally.corpus.to, tally.corpus.evicted, tally.corpus.resets],
    [1, 4, 2, 1],
  );
});

test('a file goes on where it ended, and counts nothing twice', () => {
  const first = count(nothingCounted, seen(1, { a: 5 }));
  const again = readTally({ path: 'x', text: writeTally(first) });
  assert.deepEqual(callsOf(count(again, seen(2, { a: 7 }))), { a: 7 });
});

test('a corpus comes back from its file as it was, and a file that is none is refused with its line', () => {
  const corpus = mergeCorpora([
    corpusOfSql(parser, { path: 'q.sql', text: "SELECT 'secret' FROM t; SELECT 1" }),
    corpusOfSql(parser, { path: 'q.sql', text: "SELECT 'other' FROM t" }),
  ]);
  assert.deepEqual(callsOf({ corpus }), { 'SELECT $1 FROM t': 2, 'SELECT $1': 1 });
  assert.deepEqual(readCorpus({ path: 'x', text: writeCorpus(corpus) }), corpus);
  const [head = ''] = writeCorpus(corpus).split('\n');
  assert.throws(() => readCorpus({ path: 'c.jsonl', text: 'SELECT 1' }), /c\.jsonl:1 is no line of a corpus/);
  assert.throws(
    () => readCorpus({ path: 'c.jsonl', text: `${head}\n{"text":"SELECT 1"}\n` }),
    /c\.jsonl:2 .*"calls" is no number/,
  );
});

test('a file that cannot be read is told as lost, and takes nothing else along', () => {
  const corpus = corpusOfSql(parser, { path: 'q.sql', text: 'SELECT * FROM t WHERE id = :id' });
  assert.deepEqual(corpus.statements, []);
  assert.match(corpus.lost.join(), /q\.sql cannot be read/);
});

test('statements of each role are told apart, without their values, with the search path of the role', async () => {
  const server = await startPostgres({
    version: 18,
    settings: { shared_preload_libraries: 'pg_stat_statements' },
  });
  running.push(server);
  const url = await server.database();
  const session = await connect({ url });
  const nothing = await look(parser, session, { roles: null, now: 1 });
  assert.match(
    typeof nothing === 'string' ? nothing : '',
    /which statements are really sent, and how often, is not known/,
  );
  await session.query(
    'CREATE EXTENSION pg_stat_statements; CREATE TABLE t (a text); CREATE ROLE blue LOGIN; CREATE ROLE green LOGIN; GRANT ALL ON t TO blue, green; ALTER ROLE green SET search_path = side, public',
  );
  for (const role of ['blue', 'green']) {
    const app = await connect({ url: url.replace('postgres@', `${role}@`) });
    for (let times = 0; times < 3; times++) await app.query(`SELECT a FROM t WHERE a = 'secret-${role}'`);
    await app.query(`SET application_name = 'secret-${role}'`);
    await app.close();
  }
  const snapshot = await look(parser, session, { roles: ['green'], now: 2 });
  assert(typeof snapshot !== 'string');
  const { corpus } = count(nothingCounted, snapshot);
  const select = corpus.statements.find(({ text }) => text.startsWith('SELECT'));
  assert.deepEqual(select, {
    text: 'SELECT a FROM t WHERE a = $1',
    calls: 3,
    role: 'green',
    searchPath: 'side, public',
  });
  assert(!writeCorpus(corpus).includes('secret'));
  await session.close();
});
