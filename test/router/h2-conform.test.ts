import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { body } from './h2/case.ts';
import { cases } from './h2/cases.ts';
import * as f from './h2/frames.ts';
import { flag, type } from './h2/frames.ts';
import { indexed, literal } from './h2/hpack.ts';
import { known } from './h2/known.ts';
import { nodeServer, type Target } from './h2/node-server.ts';
import { report } from './h2/report.ts';
import { routerServer } from './h2/router-server.ts';
import type { Result } from './h2/run-case.ts';
import { runCases } from './h2/run-case.ts';
import { closed, listen, portOf } from './rig.ts';

test('there are 146 cases, each with an id of its own', () => {
  assert.equal(new Set(cases.map(({ id }) => id)).size, 146);
  assert.equal(cases.length, 146);
});

test('the router passes all of them but those that are known, and at least 137 also by RFC 7540', async () => {
  await using router = await routerServer();
  const results = await runCases(router.port, cases);
  const said = report(cases, results);
  const others = results.filter(({ result }) => result !== 'passed').map(({ id }) => id);
  assert.deepEqual(others.toSorted(), Object.keys(known).toSorted(), said);
  assert.ok(results.filter(({ before }) => before === 'passed').length >= 137, said);
});

test("Node's own HTTP/2 passes 137 of them, or more", async () => {
  await using node = await nodeServer();
  const results = await runCases(node.port, cases);
  assert.ok(passed(results).length >= 137, report(cases, results));
});

/** Cases in which nothing is to be minded. */
const harmless = new Set(
  cases.flatMap(({ id, expect }) =>
    expect.every(({ kind }) => /error|refused|closed|goaway/.test(kind)) ? [] : [id],
  ),
);

test('a server that minds nothing fails each case in which there is something to mind', async () => {
  await using server = await serverOf(mindsNothing);
  const wanted = cases.filter(({ id }) => !harmless.has(id));
  assert.ok(wanted.length > 70, `only ${wanted.length}`);
  assert.deepEqual(passed(await runCases(server.port, wanted)), []);
});

test('a server that answers nothing but a PING fails each case in which there is something to answer', async () => {
  await using server = await serverOf((frame) => (frame.type === type.headers ? null : mindsNothing(frame)));
  const wanted = cases.filter(({ expect }) => expect.every(({ kind }) => /answered|data/.test(kind)));
  assert.ok(wanted.length > 40, `only ${wanted.length}`);
  const quick = { patienceMs: 1500 };
  assert.deepEqual(passed(await runCases(server.port, wanted, quick)), []);
});

function passed(results: readonly Result[]): readonly string[] {
  return results.filter(({ result }) => result === 'passed').map(({ id }) => id);
}

type OnFrame = (frame: f.Frame) => Buffer | null;

const mindsNothing: OnFrame = (frame) => {
  switch (frame.type) {
    case type.ping:
      return f.frame(type.ping, flag.ack, 0, frame.payload);
    case type.settings:
      return (frame.flags & flag.ack) === 0 ? f.frame(type.settings, flag.ack, 0) : null;
    case type.headers: {
      const fields = Buffer.concat([indexed(8), literal('content-type', 'text/plain', { coded: true })]);
      return Buffer.concat([
        f.headers(frame.stream, fields, flag.endHeaders),
        f.data(frame.stream, body, flag.end),
      ]);
    }
    default:
      return null;
  }
};

/** Greets, then says whatever `onFrame` says. */
async function serverOf(onFrame: OnFrame): Promise<Target> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    const reader = new f.FrameReader();
    let greeted = 0;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.write(f.settings([f.setting.concurrent, 10]));
    socket.on('data', (bytes: Buffer) => {
      const skipped = Math.min(f.preface.length - greeted, bytes.length);
      greeted += skipped;
      for (const frame of reader.read(bytes.subarray(skipped))) {
        const answer = onFrame(frame);
        if (answer !== null) socket.write(answer);
      }
    });
  });
  await listen(server);
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
}
