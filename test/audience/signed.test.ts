import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cookieValues, theCookie } from '../../src/audience/cookie.ts';
import {
  idSeconds,
  readId,
  readRelease,
  signId,
  signRelease,
  type Signer,
} from '../../src/audience/signed.ts';

const secret = (byte: number): string => Buffer.alloc(32, byte).toString('base64url');
const now = 1_800_000_000_000;
const signer: Signer = { app: 'shop', keys: [{ id: 'k1', secret: secret(1) }] };
const key = 'abcdefghijklmnopqrstuv';

const idOf = (header: string, by: Signer = signer, at = now): unknown => readId(by, header, at);
const releaseOf = (header: string, by: Signer = signer, at = now): unknown =>
  readRelease(by, header, { now: at, current: 'shop-7' });

test('what is signed is read back', () => {
  assert.deepEqual(idOf(`teal-id=${signId(signer, { key, scope: null }, now)}`), {
    key,
    scope: null,
    renew: false,
  });
  assert.deepEqual(idOf(`teal-id=${signId(signer, { key, scope: 'shop-7' }, now)}`), {
    key,
    scope: 'shop-7',
    renew: false,
  });
  assert.deepEqual(
    releaseOf(`a=b; teal-release=${signRelease(signer, { release: 'shop-7', side: 'candidate' }, now)}; c=d`),
    {
      release: 'shop-7',
      side: 'candidate',
      renew: false,
    },
  );
});

test('a cookie with any one character changed, added or left out is as good as none', () => {
  const values = [
    signId(signer, { key, scope: null }, now),
    signRelease(signer, { release: 'shop-7', side: 'candidate' }, now),
  ];
  const characters = Array.from('abcXYZ019-_.%"=~ ');
  for (const [index, value] of values.entries()) {
    const read =
      index === 0
        ? (text: string) => idOf(`teal-id=${text}`)
        : (text: string) => releaseOf(`teal-release=${text}`);
    assert.notEqual(read(value), null);
    for (let at = 0; at < value.length; at++) {
      assert.equal(read(value.slice(0, at) + value.slice(at + 1)), null);
      for (const character of characters) {
        if (character !== value[at])
          assert.equal(
            read(value.slice(0, at) + character + value.slice(at + 1)),
            null,
            `${at} ${character}`,
          );
      }
    }
    assert.equal(read(`${value}A`), null);
  }
});

test('neither cookie stands in for the other, nor for another app, nor without the key', () => {
  const value = signRelease(signer, { release: 'shop-7', side: 'candidate' }, now);
  const other: Signer = { ...signer, app: 'api' };
  const stranger: Signer = { app: 'shop', keys: [{ id: 'k1', secret: secret(9) }] };
  assert.equal(releaseOf(`teal-release=${value}`, other), null);
  assert.equal(releaseOf(`teal-release=${value}`, stranger), null);
  const dressed = signId(signer, { key: 'shop-7', scope: 'candidate' }, now);
  assert.equal(releaseOf(`teal-release=${dressed}`), null);
});

test('keys rotate: the old one goes on verifying and asks to be replaced, one that is gone counts for nothing', () => {
  const value = `teal-id=${signId(signer, { key, scope: null }, now)}`;
  const rotated: Signer = { app: 'shop', keys: [{ id: 'k2', secret: secret(2) }, ...signer.keys] };
  assert.deepEqual(idOf(value, rotated), { key, scope: null, renew: true });
  assert.match(signId(rotated, { key, scope: null }, now), /^k2\./);
  assert.equal(idOf(value, { app: 'shop', keys: [{ id: 'k2', secret: secret(2) }] }), null);
});

test('a cookie ends when its time is over, and asks to be replaced in the second half of it', () => {
  const value = `teal-id=${signId(signer, { key, scope: null }, now)}`;
  const half = (idSeconds / 2) * 1000;
  assert.deepEqual(idOf(value, signer, now + half - 2000), { key, scope: null, renew: false });
  assert.deepEqual(idOf(value, signer, now + half + 2000), { key, scope: null, renew: true });
  assert.equal(idOf(value, signer, now + 2 * half + 1000), null);
});

test('of several cookies the first that verifies counts, and a flood of false ones is not tried without end', () => {
  const good = `teal-id=${signId(signer, { key, scope: null }, now)}`;
  const second = `teal-id=${signId(signer, { key: key.toUpperCase(), scope: null }, now)}`;
  assert.deepEqual(idOf(`teal-id=x; ${good}; ${second}`), { key, scope: null, renew: false });
  assert.equal(idOf(`${'teal-id=x; '.repeat(4)}${good}`), null);
});

/** RFC 6265 §5.4 read with plain splitting. */
function split(header: string, name: string): readonly string[] {
  return header
    .split(';')
    .map(
      (pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))), pair.slice(pair.indexOf('=') + 1)] as const,
    )
    .filter(([given]) => given.replaceAll(/^[ \t]+|[ \t]+$/g, '') === name)
    .map(([, value]) => value.trim());
}

test('cookies are found as plain splitting finds them, in any header', () => {
  const piece = fc.constantFrom(
    'uid',
    'uid=',
    'uid=1',
    ' uid = 2 ',
    'xuid=3',
    'uidx=4',
    ';',
    '; ',
    '=',
    'a=uid=5',
    '"',
    'uid=6;uid=7',
    '\t',
    'UID=8',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const header = pieces.join('');
      const wanted = split(header, 'uid');
      assert.deepEqual(cookieValues(header, 'uid', 100), wanted, header);
      assert.equal(theCookie(header, 'uid'), wanted.length === 1 ? wanted[0] : null);
    }),
    { numRuns: 500 },
  );
});
