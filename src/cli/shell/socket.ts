import { lstatSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';

/**
 * The socket to ask: `control.sock`, and where that names a leader that is gone, one of a control plane that stands by. Only several control planes make
 * it a link: elsewhere nothing is looked at.
 */
export async function answeringSocket(socket: string): Promise<string> {
  if (lstatSync(socket, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return socket;
  if (await answers(socket)) return socket;
  const folder = path.dirname(socket);
  const others = readdirSync(folder).filter((name) => /^control-\d+\.sock$/.test(name));
  for (const name of others) {
    const other = path.join(folder, name);
    if (await answers(other)) return other;
  }
  return socket;
}

function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
