import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { TealError } from '../../src/errors.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { Link } from '../../src/router/embedded/link.ts';
import { Caller } from '../../src/router/embedded/rpc.ts';
import { ownProgram } from '../../src/router/embedded/spawn.ts';
import { Terms } from '../../src/router/embedded/terms.ts';
import type { RouterFence } from '../../src/router/router.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { closeSides, flip, sides, start } from './process-rig.ts';

const fence = (term: number): RouterFence => ({ term, check: () => undefined });

test('a leader that another has followed is refused from the first word of the next', () => {
  const terms = new Terms();
  terms.admit(3);
  terms.admit(3);
  terms.admit(5);
  assert.throws(() => terms.admit(3), { code: 'not-leader', details: { term: 3, current: 5 } });
  terms.admit(5);
});

test('where there is one control plane there are no terms', () => {
  const terms = new Terms();
  terms.admit(undefined);
  terms.admit(2);
  terms.admit(undefined);
});

test('a router takes no table, and no end, from a leader that another has followed', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  running.router.close();
  const old = await EmbeddedRouter.start(running.options, { fence: fence(1) });
  await old.apply(flip(1, pair));
  running.router = await EmbeddedRouter.start(running.options, { fence: fence(2) });
  const deposed = { code: 'not-leader' };
  // A generation that would be taken from anybody who leads.
  await assert.rejects(old.apply(flip(2, pair)), deposed);
  await assert.rejects(old.status(), deposed);
  await assert.rejects(old.shutdown(0), deposed);
  // One with other options would replace the router, if it could.
  await assert.rejects(
    EmbeddedRouter.start({ ...running.options, workers: 2 }, { fence: fence(1) }),
    deposed,
  );
  assert.equal((await running.router.status()).generation, 1);
  await running.router.apply(flip(3, pair));
  old.close();
  await closeSides(pair);
});

test('a router that takes over refuses whom the one before would have refused', async () => {
  await using running = await start({ workers: 1 });
  running.router.close();
  const link = await ask(running.data, 2);
  await link.caller.call('hand-over', { ...ownProgram(), options: running.options, drainMs: 1_000 });
  await once(link.socket, 'close');
  // Its first word to the new one, and nobody else has said anything.
  await assert.rejects(EmbeddedRouter.start(running.options, { fence: fence(1) }), { code: 'not-leader' });
  running.router = await EmbeddedRouter.start(running.options, { fence: fence(2) });
  assert.equal((await running.router.status()).handOvers?.count, 1);
});

test('who may not act any more has no router replaced', async () => {
  await using running = await start({ workers: 1 });
  const { pid } = await running.router.status();
  const check = (): void => {
    throw new TealError('not-leader', 'over', { remedy: 'none' });
  };
  const others = { ...running.options, workers: 2 };
  await assert.rejects(EmbeddedRouter.start(others, { fence: { term: 1, check } }), { code: 'not-leader' });
  assert.equal((await running.router.status()).pid, pid);
});

/** The control link, as a leader of this term has it. */
async function ask(data: string, term: number): Promise<{ socket: net.Socket; caller: Caller }> {
  const socket = net.connect(socketPath(data, 'router/control.sock'));
  await once(socket, 'connect');
  socket.on('end', () => socket.destroy());
  const link = new Link(socket, (message) => caller.receive(message));
  const caller = new Caller((message) => link.send(message), term);
  return { socket, caller };
}

test('who may not act any more asks a router for nothing', async () => {
  await using running = await start({ workers: 1 });
  running.router.close();
  let over = false;
  const check = (): void => {
    if (over) throw new TealError('not-leader', 'over', { remedy: 'none' });
  };
  running.router = await EmbeddedRouter.start(running.options, { fence: { term: 1, check } });
  over = true;
  await assert.rejects(running.router.status(), { code: 'not-leader' });
  over = false;
  await running.router.status();
});
