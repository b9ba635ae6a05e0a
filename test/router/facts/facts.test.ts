import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networksOf } from '../../../src/audience/address.ts';
import type { AudienceRequest, TokenVerdict } from '../../../src/audience/request.ts';
import { readId, signId, signRelease, type Signer } from '../../../src/audience/signed.ts';
import type { JwtSettings } from '../../../src/config/audience.ts';
import { factsOf, type FactsContext } from '../../../src/router/facts/facts.ts';
import { Memory } from '../../../src/audience/memory.ts';
import { raw } from '../../audience/cases.ts';

const now = 1_800_000_000_000;
const signer: Signer = {
  app: 'shop',
  keys: [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64url') }],
};

const jwt: JwtSettings = {
  keys: { kind: 'jwks', url: 'https://login.example/' },
  issuer: ['i'],
  audience: null,
  algorithms: ['RS256'],
  toleranceMs: 0,
  header: 'authorization',
  cookie: 'session',
};

/** Takes any token for its own subject, so that a test sees which one was found. */
const echo = { verdict: (token: string): TokenVerdict => ({ ok: true, claims: { sub: token } }) };

const context: FactsContext = {
  trusted: networksOf(['10.0.0.0/8']),
  signer,
  release: 'shop-7',
  jwt,
  verifier: echo,
};

async function facts(
  headers: readonly (readonly [string, string])[],
  more: Partial<FactsContext> = {},
): Promise<AudienceRequest> {
  return factsOf(raw('10.0.0.1', headers), { ...context, ...more }, now);
}

const found = ({ token }: AudienceRequest): unknown => (token.ok ? token.claims['sub'] : token.why);

test('a token is found after Bearer in any case, and nowhere else in that header', async () => {
  for (const [header, token] of [
    ['Bearer abc', 'abc'],
    ['bearer   abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer', 'absent'],
    ['Bearer a b', 'absent'],
    ['Basic abc', 'absent'],
    ['abc', 'absent'],
    ['', 'absent'],
  ] as const)
    assert.equal(found(await facts([['Authorization', header]])), token, header);
});

test('a token is found in another header as it is, and in the cookie when the header has none', async () => {
  const own = { jwt: { ...jwt, header: 'x-token' } };
  assert.equal(found(await facts([['X-Token', 'abc']], own)), 'abc');
  assert.equal(found(await facts([['Cookie', 'a=1; session=def']], own)), 'def');
  assert.equal(
    found(
      await facts(
        [
          ['X-Token', ''],
          ['Cookie', 'session=def'],
        ],
        own,
      ),
    ),
    'def',
  );
  assert.equal(found(await facts([['Cookie', 'session=a; session=b']], own)), 'absent');
  assert.equal(
    found(
      await facts([
        ['Authorization', 'Basic x'],
        ['Cookie', 'session=def'],
      ]),
    ),
    'def',
  );
});

test('without settings for tokens none is looked for', async () => {
  assert.equal(found(await facts([['Authorization', 'Bearer abc']], { jwt: null })), 'absent');
});

test('facts are there at once when no token has to be verified, and after it when one has', async () => {
  assert.ok(!(factsOf(raw('10.0.0.1', []), context, now) instanceof Promise));
  assert.ok(!(factsOf(raw('10.0.0.1', [['Authorization', 'Bearer a']]), context, now) instanceof Promise));
  const slow = { verdict: async (): Promise<TokenVerdict> => ({ ok: false, why: 'expired' }) };
  const waited = factsOf(
    raw('10.0.0.1', [['Authorization', 'Bearer a']]),
    { ...context, verifier: slow },
    now,
  );
  assert.ok(waited instanceof Promise);
  assert.equal(found(await waited), 'expired');
});

test('both cookies are verified, of teal-release the one of the running release', async () => {
  const cookie = [
    `teal-release=${signRelease(signer, { release: 'shop-6', side: 'candidate' }, now)}`,
    `teal-release=${signRelease(signer, { release: 'shop-7', side: 'candidate' }, now)}`,
    `teal-id=${signId(signer, { key: 'A'.repeat(22), scope: null }, now)}`,
  ].join('; ');
  const request = await facts([['Cookie', cookie]]);
  assert.deepEqual(request.release, { release: 'shop-7', side: 'candidate', renew: false });
  assert.deepEqual(request.id, { key: 'A'.repeat(22), scope: null, renew: false });
});

test('a memory of cookies changes nothing but the time it takes, and a cookie in it ends all the same', () => {
  const remembering: Signer = { ...signer, memory: new Memory(100) };
  const value = `teal-id=${signId(signer, { key: 'A'.repeat(22), scope: null }, now)}`;
  const forged = `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`;
  const day = 86_400_000;
  for (const header of [value, forged, value, forged, 'teal-id=x'])
    for (const at of [now, now + 200 * day + 1000, now + 401 * day, now])
      assert.deepEqual(readId(remembering, header, at), readId(signer, header, at));
});

test('a memory forgets what is not asked for, keeps what is, and never grows beyond twice its size', () => {
  const memory = new Memory<number>(100);
  memory.set('kept', 1);
  for (let index = 0; index < 10_000; index++) {
    memory.set(`flood ${index}`, index);
    if (index % 50 === 0) assert.equal(memory.get('kept'), 1, `${index}`);
    assert.ok(memory.size <= 200);
  }
  assert.equal(memory.get('flood 0'), undefined);
  memory.clear();
  assert.equal(memory.get('kept'), undefined);
});
