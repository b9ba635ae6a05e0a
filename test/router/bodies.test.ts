import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyReader, reframe } from '../../src/router/embedded/body.ts';
import { RequestHead } from '../../src/router/embedded/request-head.ts';

/** Feeds `wire` in pieces of the given sizes; returns what comes out, reframed as chunks and decoded again by length. */
function decode(
  wire: Buffer,
  sizes: readonly number[],
): { content: Buffer; rest: Buffer; done: boolean; bad: boolean } {
  const body = new BodyReader('chunked');
  const out: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < wire.length; turn++) {
    const piece = wire.subarray(at, at + Math.max(1, sizes[turn % sizes.length] ?? 1));
    const end = body.decode(piece, 0);
    if (end < 0) return { content: Buffer.concat(out), rest: Buffer.alloc(0), done: false, bad: true };
    const content = reframe(piece, body, { chunked: false, trailer: '' });
    if (content !== null) out.push(content);
    at += end;
    if (body.done) break;
  }
  return { content: Buffer.concat(out), rest: wire.subarray(at), done: body.done, bad: false };
}

test('chunks decode to what was encoded, however the reads cut them, and what follows is left', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
      fc.uint8Array({ maxLength: 20 }),
      (chunks, sizes, rest) => {
        const wire = Buffer.concat([
          ...chunks.flatMap((chunk) => [
            Buffer.from(`${chunk.length.toString(16)}\r\n`),
            chunk,
            Buffer.from('\r\n'),
          ]),
          Buffer.from('0\r\nX-A: b\r\n\r\n'),
          rest,
        ]);
        const decoded = decode(wire, sizes);
        assert.deepEqual(decoded.content, Buffer.concat(chunks));
        assert.ok(decoded.done);
        assert.deepEqual(decoded.rest, Buffer.from(rest));
      },
    ),
    { numRuns: 500 },
  );
});

test('one changed byte in the framing never goes unnoticed and complete with other content', () => {
  const wire = Buffer.from('5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nX-A: b\r\n\r\n', 'latin1');
  for (let at = 0; at < wire.length; at++) {
    for (const byte of [0, 9, 10, 13, 32, 0x2b, 0x30, 0x41, 0x67, 0x7f, 0xff]) {
      const changed = Buffer.from(wire);
      changed[at] = byte;
      const whole = decode(changed, [changed.length]);
      const cut = decode(changed, [1]);
      assert.equal(whole.bad, cut.bad, `the cut decides about byte ${at} as ${byte}`);
      assert.equal(whole.done, cut.done);
      if (whole.done) assert.equal(whole.content.length + whole.rest.length <= wire.length, true);
    }
  }
});

test('the head parser survives any bytes', () => {
  const head = new RequestHead(20);
  const fragment = fc.oneof(
    fc.constantFrom(
      'GET / HTTP/1.1\r\n',
      'Host: a\r\n',
      '\r\n',
      'Content-Length: 1\r\n',
      ' ',
      ':',
      '\r',
      '\n',
      '\0',
      'Transfer-Encoding: chunked\r\n',
      'Connection: close, x\r\n',
      '#',
      'http://a/',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 10 }),
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), (parts) => {
      const text = `${parts.join('').replaceAll('\r\n\r\n', '\r\n')}\r\n\r\n`;
      const buffer = Buffer.from(text, 'latin1');
      const end = buffer.indexOf('\r\n\r\n') + 4;
      const fault = head.parse(buffer, 0, end);
      if (fault !== null) return;
      assert.match(text, /^[A-Z-]+ [^ #]+ HTTP\/1\.[01]\r\n/);
      assert.equal(head.fields.end + 2, end);
      assert.ok(!/[\0]|\r[^\n]|[^\r]\n/.test(text.slice(0, end)));
    }),
    { numRuns: 3000 },
  );
});
