// The process of its own in which PGlite runs: speaks PostgreSQL's protocol on a socket in the folder it is given, to one client at a time.
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';

interface Engine {
  execProtocolRaw(message: Uint8Array): Promise<Uint8Array>;
}

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('names no folder');
// The name is a variable, since the package is there only where somebody has installed it.
const name = '@electric-sql/pglite';
const { PGlite } = (await import(name)) as { PGlite: { create(): Promise<Engine> } };
const engine = await PGlite.create();

const server = createServer((socket) => serve(socket));
server.listen(path.join(folder, '.s.PGSQL.5432'), () => process.send?.('ready'));
// Whoever started it has ended, and puts nothing away any more.
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});

/** Codes of the messages that open a connection with a question: TLS, GSSAPI. */
const questions: ReadonlySet<number> = new Set([80877103, 80877104]);

function serve(socket: Socket): void {
  let waiting = Buffer.alloc(0);
  let started = false;
  let turn = Promise.resolve();
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    turn = turn.then(drain);
  });
  const drain = async (): Promise<void> => {
    for (;;) {
      const head = started ? 1 : 0;
      if (waiting.length < head + 4) return;
      const size = head + waiting.readInt32BE(head);
      if (waiting.length < size) return;
      const message = waiting.subarray(0, size);
      waiting = waiting.subarray(size);
      if (!started && questions.has(message.readInt32BE(4))) socket.write('N');
      else {
        started = true;
        // X: the client says goodbye; the engine would end with it.
        if (message[0] === 0x58) socket.end();
        else socket.write(await engine.execProtocolRaw(message));
      }
    }
  };
}
