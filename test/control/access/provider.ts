/** A small OpenID provider that answers as it is told: discovery, code flow with PKCE, device flow, user info. */
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

export const client = { id: 'teal', secret: 'a secret & more: 100%' };

/** What is done wrongly, for a test. */
export interface Faults {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Signs with a key that is not published. */
  readonly otherKey?: boolean;
  /** `alg: none`. */
  readonly unsigned?: boolean;
  readonly withoutDevice?: boolean;
  readonly deny?: boolean;
}

interface Asked {
  readonly redirect: string;
  readonly nonce: string | null;
  readonly challenge: string;
}

interface Keys {
  readonly good: CryptoKey;
  readonly other: CryptoKey;
  readonly jwk: JWK;
}

export class Provider {
  readonly #server: http.Server;
  readonly #keys: Keys;
  readonly #codes = new Map<string, Asked>();
  readonly #devices = new Map<string, { approved: boolean }>();
  /** Who is signed in there. */
  person: Readonly<Record<string, unknown>> = { sub: '1', preferred_username: 'anna', groups: ['devs'] };
  /** Given only when asked for. */
  info: Readonly<Record<string, unknown>> = {};
  faults: Faults = {};
  /** Bodies that came to the token endpoint. */
  readonly tokenRequests: URLSearchParams[] = [];

  private constructor(server: http.Server, keys: Keys) {
    this.#server = server;
    this.#keys = keys;
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    });
  }

  static async start(): Promise<Provider> {
    const [good, other] = await Promise.all([
      generateKeyPair('RS256', { extractable: true }),
      generateKeyPair('RS256'),
    ]);
    const jwk = { ...(await exportJWK(good.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Provider(server, { good: good.privateKey, other: other.privateKey, jwk });
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The person says yes on their phone. */
  approve(): void {
    for (const device of this.#devices.values()) device.approved = true;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(this.#description());
      case '/jwks':
        return json({ keys: [this.#keys.jwk] });
      case '/authorize': {
        response.writeHead(302, { location: this.#authorize(url.searchParams) });
        response.end();
        return;
      }
      case '/device': {
        const code = randomBytes(16).toString('hex');
        this.#devices.set(code, { approved: false });
        return json({
          device_code: code,
          user_code: 'ABCD-EFGH',
          verification_uri: `${this.issuer}/activate`,
          expires_in: 60,
          interval: 1,
        });
      }
      case '/userinfo':
        return json({ sub: this.person['sub'], ...this.info });
      case '/token': {
        const body = new URLSearchParams(await text(request));
        this.tokenRequests.push(body);
        const [status, value] = await this.#token(body, request.headers.authorization ?? null);
        return json(value, status);
      }
      default:
        return json({ error: 'not_found' }, 404);
    }
  }

  #description(): unknown {
    const at = (path: string): string => `${this.issuer}${path}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      jwks_uri: at('/jwks'),
      userinfo_endpoint: at('/userinfo'),
      ...(this.faults.withoutDevice ? {} : { device_authorization_endpoint: at('/device') }),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #authorize(asked: URLSearchParams): string {
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.searchParams.set('state', asked.get('state') ?? '');
    back.searchParams.set('iss', this.issuer);
    if (this.faults.deny) {
      back.searchParams.set('error', 'access_denied');
      return back.href;
    }
    const code = randomBytes(16).toString('hex');
    this.#codes.set(code, {
      redirect: asked.get('redirect_uri') ?? '',
      nonce: asked.get('nonce'),
      challenge: asked.get('code_challenge') ?? '',
    });
    back.searchParams.set('code', code);
    return back.href;
  }

  async #token(body: URLSearchParams, authorization: string | null): Promise<readonly [number, unknown]> {
    const decoded = Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64').toString();
    const [id = '', secret = ''] = decoded
      .split(':')
      .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    if (id !== client.id || secret !== client.secret) return [401, { error: 'invalid_client' }];
    if (body.get('grant_type')?.endsWith('device_code')) return await this.#deviceToken(body);
    const asked = this.#codes.get(body.get('code') ?? '');
    this.#codes.delete(body.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (asked === undefined || asked.challenge !== challenge || asked.redirect !== body.get('redirect_uri'))
      return [400, { error: 'invalid_grant' }];
    return [200, await this.#tokens(asked.nonce)];
  }

  async #deviceToken(body: URLSearchParams): Promise<readonly [number, unknown]> {
    const code = body.get('device_code') ?? '';
    const device = this.#devices.get(code);
    if (device === undefined) return [400, { error: 'expired_token' }];
    if (this.faults.deny) return [400, { error: 'access_denied' }];
    if (!device.approved) return [400, { error: 'authorization_pending' }];
    this.#devices.delete(code);
    return [200, await this.#tokens(null)];
  }

  async #tokens(nonce: string | null): Promise<unknown> {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer,
      aud: client.id,
      iat: now,
      exp: now + 300,
      ...(nonce === null ? {} : { nonce }),
      ...this.person,
      ...this.faults.claims,
    };
    const key = this.faults.otherKey ? this.#keys.other : this.#keys.good;
    const signed = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key);
    const [, payload = ''] = signed.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    return {
      access_token: randomBytes(16).toString('hex'),
      token_type: 'Bearer',
      expires_in: 300,
      id_token: this.faults.unsigned ? `${none}.${payload}.` : signed,
    };
  }
}

async function text(request: http.IncomingMessage): Promise<string> {
  let all = '';
  for await (const chunk of request.setEncoding('utf8')) all += chunk as string;
  return all;
}
