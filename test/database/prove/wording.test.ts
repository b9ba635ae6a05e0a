import assert from 'node:assert/strict';
import { test } from 'node:test';
import { innerOf } from '../../../src/database/prove/inner.ts';
import { parameterCount, readable, withParameter } from '../../../src/database/prove/wording.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';

const parser = await loadParser();

test('a type in front of a parameter becomes a cast, which is what the server takes', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['SELECT now() - interval $1', 'SELECT now() - ($1::interval)'],
    ['SELECT interval $1 day', 'SELECT ($1::interval day)'],
    ['SELECT interval $1 day to second, 2', 'SELECT ($1::interval day to second), 2'],
    ['SELECT date $1, timestamp $2', 'SELECT ($1::date), ($2::timestamp)'],
    ['SELECT timestamp with time zone $1', 'SELECT ($1::timestamp with time zone)'],
    ['SELECT double precision $1', 'SELECT ($1::double precision)'],
    ['SELECT extract($1 FROM placed_at)', 'SELECT extract(epoch FROM placed_at)'],
    ['SELECT é FROM t WHERE x > date $1', 'SELECT é FROM t WHERE x > ($1::date)'],
    ['SELECT $1::date, x AND $2, t.date LIMIT $3', 'SELECT $1::date, x AND $2, t.date LIMIT $3'],
    ['SELECT 1 -- date $1', 'SELECT 1 -- date $1'],
  ];
  for (const [text, wanted] of cases) assert.equal(readable(parser, text), wanted);
});

test('a parameter is replaced where it stands, not inside another one or a string', () => {
  assert.equal(
    withParameter(parser, "SELECT $1, $11, '$1' GROUP BY $1", 1, '$2'),
    "SELECT $2, $11, '$1' GROUP BY $2",
  );
  assert.equal(parameterCount(parser, 'SELECT $3, $12, $2'), 12);
});

test('of a statement about a session or about upkeep, what it asks of the schema is asked', () => {
  const text = (sql: string): string => {
    const inner = innerOf(parser, sql);
    return inner.kind === 'query' ? inner.text : inner.kind;
  };
  const cases: readonly (readonly [string, string])[] = [
    ['SELECT 1;', 'SELECT 1'],
    ['PREPARE p (int) AS SELECT $1', 'SELECT $1'],
    ['DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t', 'SELECT a FROM t'],
    ['EXPLAIN (ANALYZE, COSTS off) DELETE FROM t', 'DELETE FROM t'],
    ['EXPLAIN ANALYZE VERBOSE UPDATE t SET a = $1', 'UPDATE t SET a = $1'],
    ['CREATE TEMP TABLE s AS SELECT id FROM users', 'SELECT id FROM users'],
    ['COPY (SELECT a, (b) FROM t) TO STDOUT', 'SELECT a, (b) FROM t'],
    ['COPY s.t (a, b) FROM STDIN', 'INSERT INTO s.t (a, b) VALUES ($1, $2)'],
    ['COPY t TO STDOUT', 'SELECT * FROM t'],
    ['TRUNCATE a, s.b CASCADE', 'SELECT t0.*, t1.* FROM a t0, s.b t1'],
    ['LOCK TABLE ONLY a IN SHARE MODE', 'SELECT t0.* FROM a t0'],
    ['VACUUM (ANALYZE) a', 'SELECT t0.* FROM a t0'],
    ['ANALYZE', 'session'],
    ['BEGIN', 'session'],
    ['SAVEPOINT $1', 'session'],
    ['SET x TO $1', 'session'],
    ['PREPARE TRANSACTION $1', 'session'],
    ['CREATE TABLE t (a int)', 'schema'],
    ['ALTER TABLE t ADD b int', 'schema'],
    ['GRANT SELECT ON t TO a', 'schema'],
  ];
  for (const [sql, wanted] of cases) assert.equal(text(sql), wanted, sql);
});
