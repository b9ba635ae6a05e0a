import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RedactedPieces } from '../../src/control/effects/redacted-pieces.ts';

const secret = 'hunter2-is-no-password';
const redact = (text: string): string => text.replaceAll(secret, '[PASSWORD]');

function told(chunks: readonly string[]): string {
  let all = '';
  const pieces = new RedactedPieces(redact, (text) => (all += text));
  for (const chunk of chunks) pieces.take(chunk);
  pieces.end();
  return all;
}

/** The text in pieces of these lengths, one after the other and again. */
function inPieces(text: string, lengths: readonly number[]): readonly string[] {
  const chunks: string[] = [];
  for (let at = 0, index = 0; at < text.length; index++) {
    const length = lengths[index % lengths.length] ?? 1;
    chunks.push(text.slice(at, at + length));
    at += length;
  }
  return chunks;
}

test('however output comes in pieces, it is told whole, and no secret is in it', () => {
  const line = fc.tuple(fc.nat({ max: 90_000 }), fc.constantFrom('', secret), fc.constantFrom('', '\n'));
  const lengths = fc.array(fc.integer({ min: 1000, max: 65_536 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), lengths, (lines, sizes) => {
      const text = lines.map(([filling, word, end]) => 'x'.repeat(filling) + word + end).join('');
      assert.equal(told(inPieces(text, sizes)), redact(text));
    }),
    { numRuns: 300 },
  );
});

test('a chunk as large as a pipe holds, behind a line that has begun, is cut at the end of a line', () => {
  const line = `${'y'.repeat(60)} ${secret}\n`;
  const text = line.repeat(60_000);
  assert.equal(told(inPieces(text, [65_536])), redact(text));
});
