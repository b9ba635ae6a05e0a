/**
 * The app behind every proxy: answers by path, and does as little as a server can, so that the proxy is what
 * limits. It reads what proxies are known to send (a head with a length or without), and is no HTTP server.
 */
import { createServer, type Server, type Socket } from 'node:net';

/** Bytes of the body, by path: whatever is not large is small. */
const sizes = { small: 400, large: 65_536 } as const;

const headEnd = Buffer.from('\r\n\r\n');
const largePath = Buffer.from(' /large');
const lengthPattern = /\r\ncontent-length: *(\d+)/i;

const answer = (size: number): Buffer =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`,
  );
const small = answer(sizes.small);
const large = answer(sizes.large);

/** Listens on a free port of loopback. */
export function startOrigin(): Promise<Server> {
  const server = createServer({ noDelay: true }, serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', 4096, () => resolve(server));
  });
}

function serve(socket: Socket): void {
  const requests = new Requests((isLarge) => socket.write(isLarge ? large : small));
  socket.on('data', (chunk: Buffer) => requests.feed(chunk));
  // Clients of a bench come and go; what is lost is counted where it was asked.
  socket.on('error', () => socket.destroy());
}

/** Tells where requests end, in bytes that come in any pieces. */
export class Requests {
  readonly #answer: (isLarge: boolean) => void;
  #partial: Buffer | null = null;
  /** Of the body that is being read. */
  #left = 0;
  #isLarge = false;

  constructor(onRequest: (isLarge: boolean) => void) {
    this.#answer = onRequest;
  }

  feed(chunk: Buffer): void {
    let data = this.#partial === null ? chunk : Buffer.concat([this.#partial, chunk]);
    this.#partial = null;
    while (data.length > 0) {
      if (this.#left === 0) {
        const end = data.indexOf(headEnd);
        if (end < 0) {
          this.#partial = data;
          return;
        }
        this.#head(data, end);
        data = data.subarray(end + headEnd.length);
      }
      const taken = Math.min(this.#left, data.length);
      this.#left -= taken;
      data = data.subarray(taken);
      if (this.#left === 0) this.#answer(this.#isLarge);
    }
  }

  #head(data: Buffer, end: number): void {
    this.#isLarge = data.subarray(0, 12).includes(largePath);
    // A GET has no body: its head is not worth a string.
    if (data[0] === 0x47) return;
    this.#left = Number(lengthPattern.exec(data.toString('latin1', 0, end))?.[1] ?? 0);
  }
}
