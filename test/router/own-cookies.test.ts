import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutOwnCookies } from '../../src/router/embedded/own-cookies.ts';

test('only cookies of ours are taken off a header, and what is left stays as it came', () => {
  assert.equal(withoutOwnCookies('teal-id=a'), '');
  assert.equal(withoutOwnCookies('a=1; teal-id=a; b=2'), 'a=1; b=2');
  assert.equal(withoutOwnCookies('teal-id=a; a=teal-id; teal-release=b'), 'a=teal-id');
  assert.equal(withoutOwnCookies('a=1;teal-preview=x;'), 'a=1;');
  assert.equal(withoutOwnCookies('my-teal-id=1; teal-ids=2; teal=3'), 'my-teal-id=1; teal-ids=2; teal=3');
});

test('the same is left, whatever the header, as when it is taken apart cookie by cookie', () => {
  const piece = fc.constantFrom(
    'teal-id',
    'teal-',
    'teal-release',
    'a',
    '=',
    ';',
    ' ',
    '; ',
    '\t',
    'teal-preview=x',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const header = pieces.join('');
      const names = new Set(['teal-preview', 'teal-id', 'teal-release']);
      const apart = header
        .split(';')
        .filter((part) => !names.has((part.split('=', 1)[0] ?? '').trim()))
        .join(';')
        .trim();
      assert.equal(withoutOwnCookies(header), apart);
    }),
    { numRuns: 3000 },
  );
});
