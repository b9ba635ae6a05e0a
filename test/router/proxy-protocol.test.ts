import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import { parseProxyHeader } from '../../src/router/embedded/proxy-header.ts';
import { CertificateFolder, issue } from './certificates.ts';
import { answerOf } from './http2-rig.ts';
import { start, tlsOf } from './process-rig.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  lastGet,
  limits,
  ok,
  proxyTo,
  RawClient,
  tableOf,
} from './rig.ts';
import { ask } from './tls-client.ts';

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** A header of version 2, by the bytes. */
function binary(command: number, family: number, content: Buffer, length = content.length): Buffer {
  const head = Buffer.from([0x20 | command, family, length >> 8, length & 0xff]);
  return Buffer.concat([signature, head, content]);
}

const ipv4 = Buffer.from([203, 0, 113, 9, 10, 0, 0, 1, 0x1f, 0x90, 0x01, 0xbb]);
const ipv6 = Buffer.from(`20010db8000000000000000000000007${'00'.repeat(15)}01${'1f9001bb'}`, 'hex');
const tlvs = Buffer.concat([
  // PP2_TYPE_AUTHORITY, PP2_TYPE_CRC32C, PP2_TYPE_NOOP
  Buffer.from([0x02, 0, 9]),
  Buffer.from('shop.test'),
  Buffer.from([0x03, 0, 4, 1, 2, 3, 4]),
  Buffer.from([0x04, 0, 2, 0, 0]),
]);
const longest = `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`;

/** What is understood, and whom it names: null for nobody. */
const understood: readonly (readonly [string, Buffer | string, string | null])[] = [
  ['v1 TCP4', 'PROXY TCP4 203.0.113.9 10.0.0.1 56324 443\r\n', '203.0.113.9'],
  ['v1 TCP6', 'PROXY TCP6 2001:db8::7 ::1 56324 443\r\n', '2001:db8::7'],
  ['v1, the longest', longest, `${'ffff:'.repeat(7)}ffff`],
  ['v1 UNKNOWN', 'PROXY UNKNOWN\r\n', null],
  ['v1 UNKNOWN with addresses', 'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', null],
  ['v2 TCP4', binary(1, 0x11, ipv4), '203.0.113.9'],
  ['v2 TCP4 with TLVs', binary(1, 0x11, Buffer.concat([ipv4, tlvs])), '203.0.113.9'],
  ['v2 TCP6', binary(1, 0x21, ipv6), '2001:db8::7'],
  ['v2 TCP6 with TLVs', binary(1, 0x21, Buffer.concat([ipv6, tlvs])), '2001:db8::7'],
  ['v2 UNIX', binary(1, 0x31, Buffer.alloc(216, 0x61)), null],
  ['v2 unspecified', binary(1, 0x00, Buffer.alloc(0)), null],
  ['v2 unspecified with TLVs', binary(1, 0x00, tlvs), null],
  ['v2 LOCAL', binary(0, 0x00, Buffer.alloc(0)), null],
  ['v2 LOCAL with addresses', binary(0, 0x11, ipv4), null],
];

/** What is refused. */
const refused: readonly (readonly [string, Buffer | string])[] = [
  ['a request', lastGet()],
  ['a TLS handshake', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['lower case', 'proxy TCP4 203.0.113.9 10.0.0.1 1 2\r\n'],
  ['another family', 'PROXY UDP4 203.0.113.9 10.0.0.1 1 2\r\n'],
  ['an address of the other family', 'PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n'],
  ['a name for an address', 'PROXY TCP4 localhost 10.0.0.1 1 2\r\n'],
  ['a leading zero', 'PROXY TCP4 203.0.113.09 10.0.0.1 1 2\r\n'],
  ['no such port', 'PROXY TCP4 203.0.113.9 10.0.0.1 1 65536\r\n'],
  ['too few parts', 'PROXY TCP4 203.0.113.9 10.0.0.1 1\r\n'],
  ['a second blank', 'PROXY TCP4  203.0.113.9 10.0.0.1 1 2\r\n'],
  ['a line feed alone', `PROXY TCP4 203.0.113.9 10.0.0.1 1 2\n${'x'.repeat(80)}`],
  ['a line without an end', `PROXY UNKNOWN ${'x'.repeat(200)}`],
  ['another version', binary(0x11, 0x11, ipv4)],
  ['another command', binary(2, 0x11, ipv4)],
  ['another address family', binary(1, 0x41, ipv4)],
  ['another transport', binary(1, 0x13, ipv4)],
  ['too short for its addresses', binary(1, 0x21, ipv4)],
  ['too long', binary(1, 0x11, ipv4, 20_000)],
];

const bytesOf = (header: Buffer | string): Buffer =>
  typeof header === 'string' ? Buffer.from(header, 'latin1') : header;

describe('a PROXY header', () => {
  for (const [what, header, source] of understood) {
    test(`is understood: ${what}`, () => {
      const bytes = bytesOf(header);
      const whole = { kind: 'whole', bytes: bytes.length, source };
      assert.deepEqual(parseProxyHeader(bytes), whole);
      assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1')])), whole);
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(parseProxyHeader(bytes.subarray(0, length)).kind, 'more', `${length} bytes of it`);
      }
    });
  }

  for (const [what, header] of refused) {
    test(`is refused: ${what}`, () => {
      assert.equal(parseProxyHeader(bytesOf(header)).kind, 'bad');
    });
  }

  test('of any bytes is whole, incomplete or bad, and never longer than what is allowed', () => {
    const start = fc.constantFrom(signature, Buffer.from('PROXY '), Buffer.alloc(0));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (first, rest) => {
        const data = Buffer.concat([first, rest]);
        const parsed = parseProxyHeader(data);
        if (parsed.kind === 'whole') assert.ok(parsed.bytes <= data.length);
        if (parsed.kind === 'more') assert.ok(data.length < 8192);
      }),
    );
  });
});

test('names the client to the app, however it is split, with a request right behind it', async () => {
  await using origin = await answering((text) => ok(text));
  await using router = await proxyTo(origin, {}, { proxies: ['127.0.0.0/8'] });
  for (const [what, header, source] of understood) {
    const bytes = Buffer.concat([bytesOf(header), Buffer.from(lastGet('/', 'X-Forwarded-For: 6.6.6.6'))]);
    const middle = bytesOf(header).length;
    for (const cuts of [[], [1], [middle], [5, middle - 1, middle + 1], [11, 12, 13, 15, 16, 17, 28]]) {
      const client = new RawClient(router.port);
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        client.send(bytes.subarray(from, cut));
        from = cut;
        // A turn of the loop: so that the parts are read one by one, mostly.
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const answer = await client.end();
      assert.match(answer, /^HTTP\/1\.1 200/, `${what}, cut at ${cuts.join()}`);
      assert.match(answer, new RegExp(`\r\nX-Forwarded-For: ${source ?? '127.0.0.1'}\r\n`), what);
      client.close();
    }
  }
});

test('of each kind that is refused ends the connection without a word, and nothing reaches the app', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { proxies: ['127.0.0.1'] });
  for (const [what, header] of refused) {
    const client = new RawClient(router.port);
    await client.send(bytesOf(header)).until(({ closed, ended }) => closed || ended);
    assert.equal(client.text, '', what);
    client.close();
  }
  assert.equal(origin.received, '');
});

test('from who is not listed is never read: it fails as the HTTP that it is not', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { proxies: ['10.0.0.0/8'] });
  for (const [what, header] of understood) {
    const answer = await exchange(router.port, bytesOf(header).toString('latin1') + lastGet());
    assert.match(answer, /^HTTP\/1\.1 400/, what);
  }
  assert.equal(origin.received, '');
  assert.match(await exchange(router.port, lastGet()), /200 OK/);
});

test('that does not come in time, or not whole, ends the connection', async () => {
  await using origin = await answering(ok('x'));
  const client = { headTimeoutMs: 400 };
  await using router = await proxyTo(origin, {}, { proxies: ['127.0.0.1'], client });
  const silent = new RawClient(router.port);
  const half = new RawClient(router.port).send('PROXY TCP4 203.0.113.9');
  const gone = new RawClient(router.port).send('PROXY TCP4 203.0.113.9');
  gone.socket.end();
  for (const each of [silent, half, gone]) {
    await each.until(({ closed, ended }) => closed || ended);
    assert.equal(each.text, '');
    each.close();
  }
});

test('makes the address that trusted-proxies goes by', async () => {
  await using origin = await answering((text) => ok(text));
  const options = { proxies: ['127.0.0.1'], trusted: ['203.0.113.9/32'] };
  await using router = await proxyTo(origin, {}, options);
  const forwarded = lastGet('/', 'X-Forwarded-For: 198.51.100.1', 'X-Forwarded-Proto: https');
  const trusted = await exchange(router.port, `PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n${forwarded}`);
  assert.match(
    trusted,
    /\r\nX-Forwarded-For: 198\.51\.100\.1, 203\.0\.113\.9\r\nX-Forwarded-Proto: https\r\n/,
  );
  const other = await exchange(router.port, `PROXY TCP4 203.0.113.10 10.0.0.1 1 2\r\n${forwarded}`);
  assert.match(other, /\r\nX-Forwarded-For: 203\.0\.113\.10\r\nX-Forwarded-Proto: http\r\n/);
});

/** A connection that begins with so many bytes of a header; the rest of it goes in one write with what is first written to `inner`. */
async function behind(
  port: number,
  header: Buffer,
  cut: number,
): Promise<{ socket: net.Socket; inner: Duplex }> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  socket.write(header.subarray(0, cut));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const [inner, outer] = duplexPair();
  let rest = header.subarray(cut);
  outer.on('data', (data: Buffer) => {
    socket.write(Buffer.concat([rest, data]));
    rest = Buffer.alloc(0);
  });
  socket.on('data', (data) => outer.write(data)).on('end', () => outer.end());
  return { socket, inner };
}

test('stands before HTTP/2 without TLS too', async () => {
  await using origin = await answering((text) => ok(text));
  const h2c = [{ host: '127.0.0.1', port: 0 }];
  await using running = await start({ workers: 1, h2c, proxyProtocol: ['127.0.0.1/32'] });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  const port = (await running.router.status()).h2c[0]?.port ?? 0;
  const header = binary(1, 0x11, Buffer.concat([ipv4, tlvs]));
  for (const cut of [0, 13, header.length]) {
    const { socket, inner } = await behind(port, header, cut);
    const session = http2.connect('http://shop.test', { createConnection: () => inner });
    const answer = await answerOf(session.request({ ':path': '/' }));
    assert.match(answer.body, /\r\nX-Forwarded-For: 203\.0\.113\.9\r\n/, `cut ${cut}`);
    session.destroy();
    socket.destroy();
  }
});

test('stands before TLS when there are both, whole or in parts', async () => {
  await using folder = await CertificateFolder.make();
  await using origin = await answering((text) => ok(text));
  const certificates = [await folder.put('shop', issue({ names: ['shop.test'] }))];
  await using running = await start({
    workers: 1,
    client: limits,
    proxyProtocol: ['127.0.0.1/32'],
    tls: tlsOf(certificates),
  });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  const port = await running.securePort();
  const header = binary(1, 0x11, Buffer.concat([ipv4, tlvs]));
  for (const cut of [0, 13, header.length - 1]) {
    const { socket, inner } = await behind(port, header, cut);
    const secure = tls.connect({ socket: inner, rejectUnauthorized: false });
    const answer = await ask(secure);
    assert.match(answer, /\r\nX-Forwarded-For: 203\.0\.113\.9\r\nX-Forwarded-Proto: https\r\n/, `cut ${cut}`);
    socket.destroy();
  }
  const bare = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise<void>((resolve) => {
    bare.on('error', () => {});
    bare.on('close', () => resolve());
  });
  assert.equal(bare.authorized, false);
});
