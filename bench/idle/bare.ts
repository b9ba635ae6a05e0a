/** Entry: the least that a process of Node can do and still hold connections. Answers whatever comes with one 200. */
import { createServer, type AddressInfo } from 'node:net';
import { answer } from '../lib/child.ts';

const okay = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK';

let clients = 0;
const server = createServer({ noDelay: true }, (socket) => {
  clients += 1;
  socket.on('data', () => socket.write(okay));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => (clients -= 1));
});
server.listen(0, '127.0.0.1', 4096, () => {
  const hello = { pid: process.pid, port: (server.address() as AddressInfo).port };
  answer(hello, () => Promise.resolve(clients));
});
