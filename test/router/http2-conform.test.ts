import assert from 'node:assert/strict';
import { test } from 'node:test';
import { body } from './h2/case.ts';
import { cases } from './h2/cases.ts';
import { report } from './h2/report.ts';
import { runCases } from './h2/run-case.ts';
import { http2Front } from './http2-rig.ts';
import { answering, ok, proxyTo } from './rig.ts';

/**
 * What `node:http2` (nghttp2) lets pass, and harms nobody: a PRIORITY of no stream is ignored (RFC 9113 has taken
 * priorities out), a stream of a smaller number is ignored as closed, an unasked PING answer ends the session with
 * INTERNAL_ERROR.
 */
const known = ['5.1.1/2', '6.3/1', '6.7/2'];

test("the router answers HTTP/2 as the RFCs ask, but for what Node's own does not mind", async () => {
  await using origin = await answering(ok(body));
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  const results = await runCases(front.port, cases);
  const failed = results.filter(({ result }) => result === 'failed').map(({ id }) => id);
  assert.deepEqual(
    failed.filter((id) => !known.includes(id)),
    [],
    report(cases, results),
  );
});
