import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import type { TokenVerdict } from '../../../src/audience/request.ts';
import type { JwtKeys, JwtSettings } from '../../../src/config/audience.ts';
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from '../../../src/router/facts/token.ts';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const [one, two] = [pair(), pair()];
const start = 1_800_000_000_000;
const minute = 60_000;

const cleanups: (() => Promise<unknown> | void)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

const settings = (keys: JwtKeys, more: Partial<JwtSettings> = {}): JwtSettings => ({
  keys,
  issuer: ['https://login.example/'],
  audience: ['shop'],
  algorithms: ['RS256'],
  toleranceMs: 10_000,
  header: 'authorization',
  cookie: null,
  ...more,
});

interface Signed {
  readonly key?: typeof one;
  readonly kid?: string | null;
  readonly sub?: string;
  readonly expires?: number;
}

async function tokenOf({
  key = one,
  kid = 'one',
  sub = 'anna',
  expires = start + minute,
}: Signed = {}): Promise<string> {
  return new SignJWT({ sub })
    .setProtectedHeader({ alg: 'RS256', ...(kid === null ? {} : { kid }) })
    .setIssuer('https://login.example/')
    .setAudience('shop')
    .setExpirationTime(Math.floor(expires / 1000))
    .sign(key.privateKey);
}

/** With both clocks at the time that is given with a token: nobody sets them. */
function verifierOf(about: JwtSettings, options: Omit<TokenVerifierOptions, 'elapsed'>): TokenVerifier {
  let last = start;
  const verifier = createTokenVerifier(about, { ...options, elapsed: () => last });
  return {
    verdict(token, now) {
      last = now;
      return verifier.verdict(token, now);
    },
  };
}

/** An identity provider that can be told what to answer. */
class Provider {
  keys: unknown = jwks({ one });
  status = 200;
  asked = 0;
  readonly warnings: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((_request, response) => {
      this.asked++;
      response.writeHead(this.status).end(JSON.stringify(this.keys));
    });
    cleanups.push(() => new Promise((resolve) => this.#server.close(resolve)));
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  async verifier(more: Partial<JwtSettings> = {}): Promise<TokenVerifier> {
    return verifierOf(settings({ kind: 'jwks', url: await this.url() }, more), {
      environment: {},
      fetch,
      onWarning: (message) => this.warnings.push(message),
    });
  }
}

function jwks(keys: Readonly<Record<string, typeof one>>): unknown {
  return {
    keys: Object.entries(keys).map(([kid, key]) => ({ ...key.publicKey.export({ format: 'jwk' }), kid })),
  };
}

const says = (verdict: TokenVerdict): unknown => (verdict.ok ? verdict.claims['sub'] : verdict.why);

test('a token is verified once, and known at once from then on until it ends', async () => {
  const provider = new Provider();
  const verifier = await provider.verifier();
  const token = await tokenOf();
  const first = verifier.verdict(token, start);
  assert.ok(first instanceof Promise);
  assert.equal(says(await first), 'anna');
  const second = verifier.verdict(token, start + 1000);
  assert.ok(!(second instanceof Promise), 'known: no waiting');
  assert.equal(says(second), 'anna');
  const late = await verifier.verdict(token, start + minute + 11_000);
  assert.equal(says(late), 'expired', 'also when it is remembered, and past the tolerance');
  assert.equal(provider.asked, 1);
});

test('the same new token of many requests at once is verified once', async () => {
  const provider = new Provider();
  const verifier = await provider.verifier();
  const token = await tokenOf();
  const verdicts = Array.from({ length: 50 }, () => verifier.verdict(token, start));
  assert.equal(new Set(verdicts).size, 1);
  assert.equal(says(await (verdicts[0] as Promise<TokenVerdict>)), 'anna');
});

test('an unknown key is looked for once, and an invented one does not make the provider be asked again and again', async () => {
  const provider = new Provider();
  const verifier = await provider.verifier();
  assert.equal(says(await verifier.verdict(await tokenOf(), start)), 'anna');
  provider.keys = jwks({ one, two });
  const rotated = await tokenOf({ key: two, kid: 'two', expires: start + 9 * minute });
  assert.equal(says(await verifier.verdict(rotated, start + 31_000)), 'anna');
  assert.equal(provider.asked, 2);
  for (let index = 0; index < 20; index++) {
    const invented = await tokenOf({ key: two, kid: `x${index}`, expires: start + 9 * minute });
    assert.equal(says(await verifier.verdict(invented, start + 32_000)), 'unknown-key');
  }
  assert.equal(provider.asked, 2);
});

test('a key that is taken back ends what it had signed, with the next fetch', async () => {
  const provider = new Provider();
  provider.keys = jwks({ one, two });
  const verifier = await provider.verifier();
  const token = await tokenOf({ expires: start + 60 * minute });
  assert.equal(says(await verifier.verdict(token, start)), 'anna');
  provider.keys = jwks({ two });
  const asked = await tokenOf({ key: two, kid: 'two', sub: 'ben', expires: start + 60 * minute });
  // Ten minutes on, the set is old: this one is answered by it, and a new one is fetched.
  assert.equal(says(await verifier.verdict(asked, start + 11 * minute)), 'ben');
  // Asked for is not yet there.
  await until(async () => says(await verifier.verdict(token, start + 11 * minute + 1000)) === 'unknown-key');
  assert.equal(provider.asked, 2);
});

test('while the provider is down a token counts for nobody: a warning once, no storm, and recovery by itself', async () => {
  const provider = new Provider();
  provider.status = 503;
  const verifier = await provider.verifier();
  for (let index = 0; index < 30; index++) {
    const token = await tokenOf({ sub: `u${index}` });
    assert.equal(says(await verifier.verdict(token, start + index)), 'keys-unavailable');
  }
  assert.equal(provider.asked, 1);
  assert.equal(provider.warnings.length, 1);
  assert.match(provider.warnings[0] ?? '', /answered 503/);
  provider.status = 200;
  assert.equal(says(await verifier.verdict(await tokenOf(), start + 11_000)), 'anna');
});

test('known keys go on counting for an hour while the provider is down, and then no longer', async () => {
  const provider = new Provider();
  const verifier = await provider.verifier();
  const later = start + 120 * minute;
  assert.equal(says(await verifier.verdict(await tokenOf(), start)), 'anna');
  provider.status = 500;
  const held = await tokenOf({ sub: 'ben', expires: later });
  assert.equal(says(await verifier.verdict(held, start + 59 * minute)), 'ben');
  const lost = await tokenOf({ sub: 'cleo', expires: later });
  assert.equal(says(await verifier.verdict(lost, start + 61 * minute)), 'keys-unavailable');
});

describe('when the clock of the machine is set', () => {
  const day = 24 * 60 * minute;
  const set = async (provider: Provider) => {
    let passed = 0;
    const verifier = createTokenVerifier(settings({ kind: 'jwks', url: await provider.url() }), {
      ...quiet,
      elapsed: () => passed,
    });
    return async (token: string, now: number, after: number): Promise<unknown> => {
      passed += after;
      return says(await verifier.verdict(token, now));
    };
  };

  test('keys get as old as before, and a provider that was away is asked again as soon', async () => {
    const provider = new Provider();
    const ask = await set(provider);
    const token = (sub: string): Promise<string> => tokenOf({ sub, expires: start + day });
    provider.status = 503;
    assert.equal(await ask(await token('anna'), start + day - minute, 0), 'keys-unavailable');
    provider.status = 200;
    assert.equal(await ask(await token('anna'), start, 11_000), 'anna');
    assert.equal(provider.asked, 2);
    provider.keys = jwks({ two });
    const renewed = await tokenOf({ key: two, kid: 'two', expires: start });
    assert.equal(await ask(renewed, start - day, 31_000), 'anna');
    assert.equal(provider.asked, 3);
    provider.status = 503;
    const late = await tokenOf({ key: two, kid: 'two', sub: 'ben', expires: start });
    assert.equal(await ask(late, start - day, 61 * minute), 'keys-unavailable');
  });

  test('what was found by the wrong time is looked at again', async () => {
    const provider = new Provider();
    const ask = await set(provider);
    const token = await tokenOf();
    assert.equal(await ask(token, start + day, 0), 'expired');
    assert.equal(await ask(token, start, 1000), 'anna');
  });
});

test('without a key id each key that fits is tried', async () => {
  const provider = new Provider();
  provider.keys = jwks({ one, two });
  const verifier = await provider.verifier();
  assert.equal(says(await verifier.verdict(await tokenOf({ key: two, kid: null }), start)), 'anna');
  assert.equal(says(await verifier.verdict(await tokenOf({ key: pair(), kid: null }), start)), 'signature');
});

test('every fault has its name', async () => {
  const provider = new Provider();
  const verifier = await provider.verifier();
  const good = await tokenOf();
  const [head = '', body = '', signature = ''] = good.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const hs = Buffer.from('{"alg":"HS256","kid":"one"}').toString('base64url');
  const pem = one.publicKey.export({ format: 'pem', type: 'spki' });
  const forged = `${hs}.${body}.${createHmac('sha256', pem).update(`${hs}.${body}`).digest('base64url')}`;
  const other = Buffer.from(JSON.stringify({ sub: 'root', exp: 4e9 })).toString('base64url');
  const faults: readonly (readonly [string, string])[] = [
    ['', 'malformed'],
    ['a.b', 'malformed'],
    ['a.b.c.d.e', 'malformed'],
    ['x'.repeat(100_000), 'malformed'],
    [`${head}.${body}`.repeat(2000), 'malformed'],
    [`${none}.${body}.`, 'algorithm'],
    [forged, 'algorithm'],
    [`${head}.${other}.${signature}`, 'signature'],
    [`${head}.${body}.`, 'signature'],
    [await tokenOf({ expires: start - minute }), 'expired'],
    [await tokenOf({ key: two }), 'signature'],
    [await tokenOf({ kid: 'zero' }), 'unknown-key'],
  ];
  for (const [token, why] of faults)
    assert.equal(says(await verifier.verdict(token, start)), why, token.slice(0, 60));
});

test('a flood of new tokens is not verified all at once: some count as none for now', async () => {
  const provider = new Provider();
  const verifier = await provider.verifier();
  const [head = '', body = ''] = (await tokenOf()).split('.');
  const flood = Array.from(
    { length: 600 },
    (_, index) => `${head}.${body}.${Buffer.from(`sig ${index}`).toString('base64url')}`,
  );
  const verdicts = await Promise.all(flood.map(async (token) => says(await verifier.verdict(token, start))));
  assert.equal(verdicts.filter((why) => why === 'busy').length, 600 - 256);
  assert.equal(says(await verifier.verdict(await tokenOf(), start)), 'anna');
});

test('a key in PEM works, and a file that changes is read again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'teal-token-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const path = join(folder, 'key.pem');
  await writeFile(path, one.publicKey.export({ format: 'pem', type: 'spki' }));
  const verifier = verifierOf(settings({ kind: 'file', path }), quiet);
  const later = start + 60 * minute;
  assert.equal(says(await verifier.verdict(await tokenOf({ expires: later }), start)), 'anna');
  await writeFile(path, two.publicKey.export({ format: 'pem', type: 'spki' }));
  const token = await tokenOf({ key: two, kid: null, expires: later });
  // The first asks with the old key and has the file read; what that one said is forgotten when there is another.
  await until(async () => says(await verifier.verdict(token, start + 11_000)) === 'anna');
});

test('a shared secret works for HS256, but not a short one', async () => {
  const secret = 'a secret of at least thirty-two bytes!';
  const sign = (): Promise<string> =>
    new SignJWT({ sub: 'anna' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('https://login.example/')
      .setAudience('shop')
      .setExpirationTime(Math.floor(start / 1000) + 60)
      .sign(new TextEncoder().encode(secret));
  const keys: JwtKeys = { kind: 'secret', source: 'env', name: 'SECRET' };
  const long = verifierOf(settings(keys, { algorithms: ['HS256'] }), {
    ...quiet,
    environment: { SECRET: secret },
  });
  assert.equal(says(await long.verdict(await sign(), start)), 'anna');
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const short = verifierOf(settings(keys, { algorithms: ['HS256'] }), {
    ...quiet,
    environment: { SECRET: 'short' },
    onWarning,
  });
  assert.equal(says(await short.verdict(await sign(), start)), 'keys-unavailable');
  assert.match(warnings.join(), /env:SECRET: shorter than 32 bytes/);
  assert.doesNotMatch(warnings.join(), /: short$/);
});

test('a shared secret in a JWK Set counts for nothing', async () => {
  const provider = new Provider();
  provider.keys = { keys: [{ kty: 'oct', kid: 'one', k: Buffer.alloc(32, 1).toString('base64url') }] };
  const verifier = await provider.verifier({ algorithms: ['RS256', 'HS256'] });
  const token = await new SignJWT({ sub: 'root' })
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .setIssuer('https://login.example/')
    .setAudience('shop')
    .setExpirationTime(4e9)
    .sign(Buffer.alloc(32, 1));
  assert.equal(says(await verifier.verdict(token, start)), 'algorithm');
});

const quiet = { environment: {}, fetch, onWarning: (): void => undefined };

async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await is())) {
    assert.ok(Date.now() < deadline, 'too late');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
