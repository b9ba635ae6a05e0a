import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * An app of HTTP/2 without TLS that speaks gRPC (its framing: one octet, a length in four, the message; the status in
 * the trailer): it echoes each message with its version in front.
 */
const server = `
import { createServer } from 'node:http2';
const version = process.env.TEAL_VERSION;
const server = createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  if (headers['content-type'] !== 'application/grpc') {
    stream.respond({ ':status': 200, 'x-version': version });
    stream.end(version);
    return;
  }
  let held = Buffer.alloc(0);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
      const end = 5 + held.readUInt32BE(1);
      const message = Buffer.concat([Buffer.from(version + '|'), held.subarray(5, end)]);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([head, message]));
      held = held.subarray(end);
    }
  });
  stream.on('end', () => stream.end());
});
server.listen(process.env.PORT, process.env.HOST);
process.on('SIGTERM', () => process.exit(0));
`;

/** Writes the version into its folder, and returns that. */
export function buildGrpcApp(version: string, world: string): string {
  const folder = path.join(world, 'versions', version);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'server.js'), server);
  return folder;
}
