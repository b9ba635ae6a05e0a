import { hash } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { Claims, TokenFault, TokenVerdict } from '../../audience/request.ts';
import type { JwtSettings } from '../../config/audience.ts';
import { holdKeys, type KeyHolder, type KeyHolderOptions, type KeySet } from './keys.ts';
import { Memory } from '../../audience/memory.ts';

/** Verifies JSON Web Tokens (RFC 7519) and remembers what came of it, so that a known token is answered at once. */
export interface TokenVerifier {
  /** @param now milliseconds since the epoch */
  verdict(token: string, now: number): TokenVerdict | Promise<TokenVerdict>;
}

export interface TokenVerifierOptions extends Omit<KeyHolderOptions, 'keys' | 'algorithms' | 'onRotation'> {
  /** Milliseconds of a clock that nobody sets: how old keys are. */
  readonly elapsed: () => number;
}

/** Longer than the tokens of people with hundreds of groups; what is longer is not worth hashing. */
const longestToken = 16_384;
/** Verified at the same time, at most; above that a token counts as none, and its bearer goes to live. */
const mostPending = 256;
/** Tokens remembered in each of two generations: a verdict is some kilobytes of claims. */
const mostRemembered = 5000;
/** A verdict is looked at again after this, also when its token holds for years. */
const longestMs = 3_600_000;

interface Remembered {
  readonly verdict: TokenVerdict;
  readonly from: number;
  readonly until: number;
}

export function createTokenVerifier(settings: JwtSettings, options: TokenVerifierOptions): TokenVerifier {
  const remembered = new Memory<Remembered>(mostRemembered);
  const pending = new Map<string, Promise<TokenVerdict>>();
  let rotations = 0;
  const holder = holdKeys({
    ...options,
    keys: settings.keys,
    algorithms: settings.algorithms,
    onRotation: () => {
      rotations++;
      remembered.clear();
    },
  });

  const verify = async (token: string, digest: string, now: number): Promise<TokenVerdict> => {
    try {
      const before = rotations;
      const verdict = await judge(token, settings, { holder, now, elapsed: options.elapsed });
      // What the keys of before said is not remembered beside those of now.
      const until = untilOf(verdict, settings, now);
      if (before === rotations) remembered.set(digest, { verdict, from: now, until });
      return verdict;
    } finally {
      pending.delete(digest);
    }
  };

  return {
    verdict(token, now) {
      if (token.length > longestToken) return fault('malformed');
      const digest = hash('sha256', token, 'binary');
      const known = remembered.get(digest);
      // Before it: the clock was set back, and what was found by the wrong time is looked at again.
      if (known !== undefined && now >= known.from && now < known.until) return known.verdict;
      const refused = glance(token, settings);
      if (refused !== null) return refused;
      const under = pending.get(digest);
      if (under !== undefined) return under;
      if (pending.size >= mostPending) return fault('busy');
      const verdict = verify(token, digest, now);
      pending.set(digest, verdict);
      return verdict;
    },
  };
}

const fault = (why: TokenFault): TokenVerdict => ({ ok: false, why });

/** What can be refused without any key: the algorithm is pinned before a signature is looked at. */
function glance(token: string, settings: JwtSettings): TokenVerdict | null {
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(token)) return fault('malformed');
  try {
    const { alg } = decodeProtectedHeader(token);
    return settings.algorithms.some((algorithm) => algorithm === alg) ? null : fault('algorithm');
  } catch {
    return fault('malformed');
  }
}

interface Judging {
  readonly holder: KeyHolder;
  readonly now: number;
  readonly elapsed: () => number;
}

async function judge(token: string, settings: JwtSettings, judging: Judging): Promise<TokenVerdict> {
  const { holder, now, elapsed } = judging;
  const keys = await holder.get(elapsed()).catch(() => null);
  if (keys === null) return fault('keys-unavailable');
  const first = await check(token, settings, keys, now);
  if (first.ok || first.why !== 'unknown-key') return first;
  const renewed = await holder.renew(elapsed()).catch(() => false);
  return renewed ? check(token, settings, await holder.get(elapsed()), now) : first;
}

async function check(token: string, settings: JwtSettings, keys: KeySet, now: number): Promise<TokenVerdict> {
  const options: JWTVerifyOptions = {
    issuer: [...settings.issuer],
    algorithms: [...settings.algorithms],
    clockTolerance: settings.toleranceMs / 1000,
    currentDate: new Date(now),
    // A token without an end could never be taken back.
    requiredClaims: ['exp'],
    ...(settings.audience === null ? {} : { audience: [...settings.audience] }),
  };
  try {
    const payload = await payloadOf(token, keys, options);
    return { ok: true, claims: payload as Claims };
  } catch (error) {
    return fault(faultOf(error));
  }
}

/** Without a key id several keys of a set may fit: each is tried, as RFC 7515 §6 leaves to us. */
async function payloadOf(token: string, keys: KeySet, options: JWTVerifyOptions): Promise<JWTPayload> {
  if (typeof keys !== 'function') return (await jwtVerify(token, keys, options)).payload;
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (inner) {
        if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'issuer';
    if (error.claim === 'aud') return 'audience';
    return error.claim === 'nbf' && error.reason === 'check_failed' ? 'not-yet' : 'claims';
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown-key';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  return 'signature';
}

/** How soon what was found can be otherwise. */
function untilOf(verdict: TokenVerdict, settings: JwtSettings, now: number): number {
  if (verdict.ok) {
    const { exp } = verdict.claims;
    const end = typeof exp === 'number' ? exp * 1000 + settings.toleranceMs : now;
    return Math.min(end, now + longestMs);
  }
  switch (verdict.why) {
    case 'keys-unavailable':
    case 'busy':
      return now;
    case 'not-yet':
      return now + 1000;
    case 'unknown-key':
      return now + 30_000;
    default:
      return now + longestMs;
  }
}
