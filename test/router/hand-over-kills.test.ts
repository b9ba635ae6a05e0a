/** Router processes that are killed in the middle of a hand-over: what serves goes on, and it can be tried again. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Program } from '../../src/router/embedded/options.ts';
import { ownProgram } from '../../src/router/embedded/spawn.ts';
import { alive, closeSides, flip, sides, start, type Running } from './process-rig.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  ok,
  RawClient,
  rawOrigin,
  tableOf,
  until,
  upstream,
  type Origin,
} from './rig.ts';

/** The router of this Teal, and before it something that happens to it. */
async function program({ data }: Running, name: string, first: string): Promise<Program> {
  const { node, entry } = ownProgram();
  const file = path.join(data, `${name}.mjs`);
  await writeFile(file, `${first}\nawait import(${JSON.stringify(pathToFileURL(entry).href)});\n`);
  return { node, entry: file };
}

const parentOf = async ({ router }: Running): Promise<number> => (await router.status()).pid;

/** Of sockets that were bound to take a path, and never did. */
const leftovers = async ({ data }: Running): Promise<readonly string[]> =>
  (await readdir(path.join(data, 'router'))).filter((name) => name.startsWith('.next-'));

test('the next router is killed when it has taken over, and could not say so: the one before serves on', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await parentOf(running);
  const dying = await program(
    running,
    'dying',
    `let asked = null;
     process.on('message', ({ id, op }) => { if (op === 'serve') asked = id; });
     const send = process.send.bind(process);
     process.send = (message, ...more) => {
       if (asked !== null && message.id === asked) process.kill(process.pid, 'SIGKILL');
       return send(message, ...more);
     };`,
  );
  await assert.rejects(running.router.handOver(dying, 1_000), /ended while taking over \(SIGKILL\)/);
  assert.equal(await parentOf(running), before);
  assert.match(await exchange(await running.port(), lastGet()), /v1$/);
  await running.router.apply(flip(2, pair));
  assert.match(await exchange(await running.port(), lastGet()), /v2$/);
  const { pid } = await running.router.handOver(ownProgram(), 1_000);
  assert.equal(await parentOf(running), pid);
  await closeSides(pair);
});

test('the one that runs is killed when the next is prepared: another begins with the last table, and hands over in turn', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await parentOf(running);
  const killing = await program(
    running,
    'killing',
    `process.on('message', ({ op }) => { if (op === 'serve') process.kill(process.ppid, 'SIGKILL'); });`,
  );
  await assert.rejects(running.router.handOver(killing, 1_000), /link to the router broke/);
  const { pid, generation } = await running.router.status();
  assert.notEqual(pid, before);
  assert.equal(generation, 1);
  assert.match(await exchange(await running.port(), lastGet()), /v1$/);
  const { pid: next } = await running.router.handOver(ownProgram(), 1_000);
  assert.equal(await parentOf(running), next);
  await until(async () => (await leftovers(running)).length === 0, 'no socket to be left');
  await closeSides(pair);
});

/** Speaks WebSocket as far as it has to, and answers everything else. */
const streaming = (): Promise<Origin> =>
  rawOrigin((socket, text) => {
    if (text.startsWith('GET /ws') && text.endsWith('\r\n\r\n'))
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n',
      );
    else if (text.endsWith('ping')) socket.write('\x81\x04pong', 'latin1');
    else if (text.startsWith('GET / ') && text.endsWith('\r\n\r\n')) socket.write(ok('v1'));
  });

test('the next router is killed later: what the one before carries goes on, and nothing new is sent by its table', async () => {
  await using running = await start({ workers: 1 });
  await using origin = await streaming();
  const environments = { blue: { version: 'v1', endpoints: [endpoint('b', origin.port)] }, green: null };
  const table = appTable({ environments, upstream: { ...upstream, idleTimeoutMs: 60_000 } });
  await running.router.apply(tableOf(1, table));
  const port = await running.port();
  const open = new RawClient(port);
  await open.send(get('/ws', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x')).has('101');
  const idle = new RawClient(port);
  await idle.send(get()).has('v1');
  const before = await parentOf(running);
  const { pid } = await running.router.handOver(ownProgram(), 60_000);
  assert.equal(idle.ended, false);
  process.kill(pid, 'SIGKILL');
  await idle.until(({ ended, closed }) => ended || closed);
  await open.send('ping').has('pong');
  await using second = await answering(ok('v2'));
  const other = { blue: { version: 'v2', endpoints: [endpoint('b2', second.port)] }, green: null };
  await running.router.apply(tableOf(2, { ...table, environments: other }));
  assert.match(await exchange(await running.port(), lastGet()), /v2$/);
  assert.notEqual(await parentOf(running), before);
  assert.ok(alive(before));
  open.close();
  await until(() => !alive(before), 'the one before to end');
  idle.close();
});
