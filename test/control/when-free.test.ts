import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { whenFree } from '../../src/control/when-free.ts';
import { quiet } from './fakes.ts';
import { until } from './help.ts';

async function listening(port = 0): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function taken(t: TestContext): Promise<{ port: number; free: () => Promise<void> }> {
  const other = await listening();
  let open = true;
  const free = async (): Promise<void> => {
    if (open) await other.close();
    open = false;
  };
  t.after(free);
  return { port: other.port, free };
}

test('where one control plane is, an address that is taken is told at once', async (t) => {
  const { port } = await taken(t);
  await assert.rejects(
    whenFree(() => listening(port), { shared: false, log: quiet, what: 'it' }),
    {
      code: 'EADDRINUSE',
    },
  );
});

test('where several are, it is served as soon as the one before has let go of it', async (t) => {
  const { port, free } = await taken(t);
  const coming = await whenFree(() => listening(port), { shared: true, log: quiet, what: 'it' });
  assert.equal(coming.now, null);
  await free();
  await until('it is served', () => coming.now?.port === port);
  await coming.close();
  await (await listening(port)).close();
});

test('what never came is closed without waiting for it', async (t) => {
  const { port } = await taken(t);
  const coming = await whenFree(() => listening(port), { shared: true, log: quiet, what: 'it' });
  await coming.close();
  assert.equal(coming.now, null);
});
