import type * as openid from 'openid-client';
import type { OidcConfig } from '../../config/control.ts';
import { valueOf } from '../../config/secret.ts';
import { TealError } from '../../errors.ts';
import type { Claims } from './person.ts';

/** Loaded when somebody signs in: most control planes know tokens alone. */
const library = (): Promise<typeof openid> => import('openid-client');

/** Seconds. A person waits for it; an issuer that takes longer is away. */
const patience = 10;
/** What an issuer says of itself seldom changes, and keys are looked up anew when one is not known. */
const describedForMs = 3600_000;

/** What a browser is sent away with, and what it has to come back with. */
export interface Outgoing {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** A sign-in that is finished in another browser. */
export interface DeviceStart {
  readonly userCode: string;
  readonly uri: string;
  readonly completeUri: string | null;
  readonly expiresAt: number;
  /** Until the person has answered. @throws TealError `login-failed` */
  claims(signal: AbortSignal): Promise<Claims>;
}

/** The OpenID provider: authorization code with PKCE for browsers, device code (RFC 8628) for the command line. */
export class Issuer {
  readonly #oidc: OidcConfig;
  readonly #redirect: string;
  readonly #now: () => number;
  #described: { readonly at: number; readonly by: Promise<openid.Configuration> } | null = null;

  /** @param redirect where it sends browsers back to */
  constructor(oidc: OidcConfig, redirect: string, now: () => number) {
    this.#oidc = oidc;
    this.#redirect = redirect;
    this.#now = now;
  }

  /** @throws TealError `login-failed` */
  async start(): Promise<Outgoing> {
    const configuration = await this.#configuration();
    const oidc = await library();
    const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirect,
      scope: this.#oidc.scopes.join(' '),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { url, state, nonce, verifier };
  }

  /**
   * What is said of whoever came back: state, issuer, audience, nonce, times and signature of the ID token have been checked.
   * @param search of the address they came back to
   * @throws TealError `login-failed`
   */
  async finish(search: string, { state, nonce, verifier }: Omit<Outgoing, 'url'>): Promise<Claims> {
    return await told(async () => {
      const configuration = await this.#configuration();
      const back = new URL(this.#redirect);
      back.search = search;
      const { authorizationCodeGrant } = await library();
      const tokens = await authorizationCodeGrant(configuration, back, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      return await this.#claims(configuration, tokens);
    });
  }

  /** @throws TealError `login-failed` when the issuer does not offer it */
  async startDevice(): Promise<DeviceStart> {
    return await told(async () => {
      const configuration = await this.#configuration();
      if (configuration.serverMetadata().device_authorization_endpoint === undefined)
        throw new TealError('login-failed', `${this.#oidc.issuer} offers no sign-in for the command line.`, {
          remedy: 'have the device flow enabled there, or use a token: teal login --token',
        });
      const scope = this.#oidc.scopes.join(' ');
      const { initiateDeviceAuthorization, pollDeviceAuthorizationGrant } = await library();
      const device = await initiateDeviceAuthorization(configuration, { scope });
      return {
        userCode: device.user_code,
        uri: device.verification_uri,
        completeUri: device.verification_uri_complete ?? null,
        expiresAt: this.#now() + device.expires_in * 1000,
        claims: (signal) =>
          told(async () => {
            const tokens = await pollDeviceAuthorizationGrant(configuration, device, undefined, { signal });
            return await this.#claims(configuration, tokens);
          }),
      };
    });
  }

  /** Of the ID token; what is missing there may be in the user info, which is asked with the access token. */
  async #claims(
    configuration: openid.Configuration,
    tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers,
  ): Promise<Claims> {
    const claims = tokens.claims();
    if (claims === undefined)
      throw new TealError('login-failed', 'Not signed in: the issuer gave no ID token.', {
        remedy: 'ask for the scope openid: control.oidc.scopes',
      });
    const { name, groups } = this.#oidc;
    const complete = claims[name] !== undefined && claims[groups.split('.')[0] ?? groups] !== undefined;
    if (complete || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    const { fetchUserInfo } = await library();
    const more = await fetchUserInfo(configuration, tokens.access_token, claims.sub);
    return { ...more, ...claims };
  }

  /** Asked again after a while, and at once when it failed. */
  #configuration(): Promise<openid.Configuration> {
    const known = this.#described;
    if (known !== null && this.#now() - known.at < describedForMs) return known.by;
    const by = told(() => this.#discover());
    this.#described = { at: this.#now(), by };
    by.catch(() => {
      if (this.#described?.by === by) this.#described = null;
    });
    return by;
  }

  async #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.#oidc;
    const oidc = await library();
    const secret =
      clientSecret === null ? null : valueOf('control.oidc.client-secret', clientSecret, process.env);
    const execute = [
      // The ID token's signature is checked, also where it came straight from the issuer.
      oidc.enableNonRepudiationChecks,
      // teal.yaml allows http on this machine alone.
      ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
    ];
    const options = { execute, timeout: patience };
    const found =
      secret === null
        ? await oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), options)
        : await oidc.discovery(new URL(issuer), clientId, secret, undefined, options);
    const methods = found.serverMetadata().token_endpoint_auth_methods_supported;
    // Basic is what OpenID Connect says where nothing is said; some know only the other.
    if (secret === null || methods?.includes('client_secret_post')) return found;
    const basic = new oidc.Configuration(
      found.serverMetadata(),
      clientId,
      secret,
      oidc.ClientSecretBasic(secret),
    );
    for (const apply of execute) apply(basic);
    basic.timeout = patience;
    return basic;
  }
}

/** Whatever the library throws, as an error for people: what it quotes of an answer may hold tokens, and stays out. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TealError) throw cause;
    const { error, code, message } = cause as { error?: unknown; code?: unknown; message: string };
    const why =
      typeof error === 'string' ? error : typeof code === 'string' ? `${message} (${code})` : message;
    throw new TealError('login-failed', `Not signed in: ${why}.`, {
      remedy: 'try again; an admin finds more in the log of teal up',
      cause,
    });
  }
}
