import type { Socket } from 'node:net';
import type { Message } from './rpc.ts';

/** More than the largest table anyone has; a peer that never ends its line must not eat the memory. */
const longestLine = 256 * 1024 * 1024;

/** JSON messages over a socket, one a line. */
export class Link {
  readonly #socket: Socket;
  #parts: string[] = [];
  #length = 0;

  constructor(socket: Socket, onMessage: (message: Message) => void) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text, onMessage));
  }

  send(message: Message): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #read(text: string, onMessage: (message: Message) => void): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = this.#parts.join('') + text.slice(from, end);
      this.#parts = [];
      this.#length = 0;
      from = end + 1;
      const message = parse(line);
      if (message === null) {
        // Not our protocol: whoever it is, the router must not die of it.
        this.#socket.destroy();
        return;
      }
      onMessage(message);
    }
    if (from === text.length) return;
    this.#parts.push(text.slice(from));
    this.#length += text.length - from;
    if (this.#length > longestLine) this.#socket.destroy();
  }
}

function parse(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    const wellFormed = typeof value === 'object' && value !== null && 'id' in value;
    return wellFormed ? (value as Message) : null;
  } catch {
    return null;
  }
}
