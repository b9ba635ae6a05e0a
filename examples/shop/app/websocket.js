// As much of RFC 6455 as an echo needs: text, binary, fragments, ping and close.
import { createHash } from 'node:crypto';

/** Fixed by RFC 6455, section 1.3. */
const acceptKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
/** The echo keeps a message in memory until its last fragment has come. */
const maxMessageBytes = 1024 * 1024;
/** How long a client may take to answer a close frame. */
const closeMs = 1000;

/**
 * Answers the handshake, sends `greeting`, then every message back.
 * @param {{ headers: Record<string, string> }} request
 * @param {import('node:stream').Duplex} socket
 * @param {{ greeting: string, headers: Record<string, string>, head: Buffer }} options
 * @returns {{ close(code: number): void } | null} null when the client did not ask for a WebSocket
 */
export function acceptWebSocket(request, socket, { greeting, headers, head }) {
  const key = request.headers['sec-websocket-key'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || !key) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return null;
  }
  const accept = createHash('sha1').update(`${key}${acceptKey}`).digest('base64');
  const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n${extra.join('')}\r\n`,
  );
  socket.write(frame(opcodes.text, Buffer.from(greeting)));
  return echo(socket, head);
}

function echo(socket, head) {
  let buffered = head;
  /** The message whose last fragment has not come yet. */
  let partial = null;
  let closing = false;

  function close(code) {
    if (closing) return;
    closing = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    socket.write(frame(opcodes.close, payload));
    setTimeout(() => socket.destroy(), closeMs).unref();
  }

  function take({ opcode, last, payload }) {
    if (opcode === opcodes.close) {
      close(payload.length >= 2 ? payload.readUInt16BE() : 1000);
      return socket.end();
    }
    if (closing || opcode === opcodes.pong) return;
    if (opcode === opcodes.ping) return socket.write(frame(opcodes.pong, payload));
    partial = opcode === opcodes.continuation ? partial : { opcode, parts: [], bytes: 0 };
    if (partial === null) return close(1002);
    partial.parts.push(payload);
    partial.bytes += payload.length;
    if (partial.bytes > maxMessageBytes) return close(1009);
    if (!last) return;
    const message = frame(partial.opcode, Buffer.concat(partial.parts));
    partial = null;
    if (!socket.write(message)) backPressure();
  }

  function backPressure() {
    socket.pause();
    socket.once('drain', () => socket.resume());
  }

  function read(chunk) {
    buffered = Buffer.concat([buffered, chunk]);
    for (let found = parse(buffered); found !== null; found = parse(buffered)) {
      if (found.refused) return close(found.refused);
      buffered = buffered.subarray(found.bytes);
      take(found);
    }
  }

  socket.on('data', read);
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  if (head.length > 0) read(Buffer.alloc(0));
  return { close };
}

/** The first frame in the buffer, or null when it has not all come yet. */
function parse(buffer) {
  if (buffer.length < 6) return null;
  // A client must mask what it sends (RFC 6455, section 5.1).
  if ((buffer[1] & 0x80) === 0) return { refused: 1002 };
  const short = buffer[1] & 0x7f;
  const offset = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (buffer.length < offset + 4) return null;
  const length =
    short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
  if (length > maxMessageBytes) return { refused: 1009 };
  const bytes = offset + 4 + length;
  if (buffer.length < bytes) return null;
  const mask = buffer.subarray(offset, offset + 4);
  const payload = Buffer.from(buffer.subarray(offset + 4, bytes));
  for (let i = 0; i < length; i++) payload[i] ^= mask[i % 4];
  return { opcode: buffer[0] & 0x0f, last: (buffer[0] & 0x80) !== 0, payload, bytes };
}

function frame(opcode, payload) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}
