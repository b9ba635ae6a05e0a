import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import fc from 'fast-check';
import { Decoder, indexed, integer, literal, resized } from './h2/hpack.ts';
import { codes, huffman, unhuffman } from './h2/huffman.ts';
import { listen, portOf } from './rig.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('the Huffman code is complete: no bits are left over, and none are used twice', () => {
  assert.equal(codes.length, 257);
  // Kraft's sum of a complete code is one.
  const sum = codes.reduce((total, { bits }) => total + 2 ** (30 - bits), 0);
  assert.equal(sum, 2 ** 30);
});

test('strings are coded as in RFC 7541, Appendix C', () => {
  for (const [text, coded] of [
    ['www.example.com', 'f1e3 c2e5 f23a 6ba0 ab90 f4ff'],
    ['no-cache', 'a8eb 1064 9cbf'],
    ['custom-key', '25a8 49e9 5ba9 7d7f'],
    ['custom-value', '25a8 49e9 5bb8 e8b4 bf'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'],
    ['https://www.example.com', '9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3'],
  ] as const) {
    assert.deepEqual(huffman(text), hex(coded));
    assert.equal(unhuffman(hex(coded)), text);
  }
});

test('integers are written as in RFC 7541, Appendix C.1', () => {
  assert.deepEqual(integer(10, 5), hex('0a'));
  assert.deepEqual(integer(1337, 5), hex('1f9a0a'));
  assert.deepEqual(integer(42, 8), hex('2a'));
});

test('what is written is read, whatever enters the table', () => {
  const text = fc.string({ unit: 'binary-ascii', maxLength: 300 });
  const field = fc.record({
    name: text,
    value: text,
    as: fc.constantFrom('kept', 'passing', 'never'),
    coded: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
      const decoder = new Decoder();
      for (const { name, value, as, coded } of fields) {
        assert.deepEqual(decoder.decode(literal(name, value, { as, coded })), [[name, value]]);
        if (as === 'kept') assert.deepEqual(decoder.decode(indexed(62)), [[name, value]]);
      }
    }),
    { numRuns: 200 },
  );
});

test('entries leave the table as it becomes smaller', () => {
  const decoder = new Decoder();
  decoder.decode(Buffer.concat([literal('a', '1', { as: 'kept' }), literal('b', '2', { as: 'kept' })]));
  assert.deepEqual(decoder.decode(Buffer.concat([resized(34), indexed(62)])), [['b', '2']]);
  assert.throws(() => decoder.decode(indexed(63)), /no entry/);
});

test("Node's HTTP/2 reads what we write, and we what it writes", async () => {
  const value = String.fromCharCode(...Array.from({ length: 0x7e - 0x21 + 1 }, (_, index) => index + 0x21));
  const latin = String.fromCharCode(...Array.from({ length: 128 }, (_, index) => index + 128));
  for (const sent of [value, latin, 'x'.repeat(200)]) assert.equal(unhuffman(huffman(sent)), sent);
  const server = http2.createServer((request, response) => {
    response.setHeader('x-echo', request.headers['x-sent'] ?? '');
    response.end();
  });
  await listen(server);
  const client = http2.connect(`http://127.0.0.1:${portOf(server)}`);
  try {
    const request = client.request({ ':path': '/', 'x-sent': value });
    const [fields] = (await once(request, 'response')) as [http2.IncomingHttpHeaders];
    assert.equal(fields['x-echo'], value);
    request.resume();
  } finally {
    client.destroy();
    server.close();
  }
});
