/** The typed form of `identity` and `audiences` of an app in teal.yaml. */
import type { Continent } from './countries.ts';

/** Who somebody is: what makes a person the same person on the next request. */
export interface Identity {
  /** The first that is present in a request wins; after them the signed cookie of Teal's own. */
  readonly sources: readonly IdentitySource[];
  /** How long a person without any of them is remembered: for long, for one release, or not at all. */
  readonly anonymous: 'keep' | 'release' | 'off';
  /** `Domain` of Teal's cookies; null means that they belong to the one host that set them. */
  readonly cookieDomain: string | null;
  readonly jwt: JwtSettings | null;
}

/** Where somebody's key comes from. */
export type IdentitySource =
  | { readonly kind: 'jwt'; readonly claim: string }
  | { readonly kind: 'header'; readonly name: string; readonly from: Sender }
  | { readonly kind: 'cookie'; readonly name: string };

/** Whose header counts: only that of `router.trusted-proxies`, or anyone's. */
type Sender = 'proxies' | 'anyone';

/** What a JWT has to be before anything it says counts. */
export interface JwtSettings {
  readonly keys: JwtKeys;
  /** One of these in `iss`. */
  readonly issuer: readonly string[];
  /** One of these in `aud`; null: any. */
  readonly audience: readonly string[] | null;
  readonly algorithms: readonly JwtAlgorithm[];
  readonly toleranceMs: number;
  /** Lower case; `authorization` carries it after `Bearer`, any other header as it is. */
  readonly header: string;
  /** Looked at when the header is absent. */
  readonly cookie: string | null;
}

/** What tokens are verified with. */
export type JwtKeys =
  | { readonly kind: 'jwks'; readonly url: string }
  /** A JWK Set in JSON, or one public key in PEM. */
  | { readonly kind: 'file'; readonly path: string }
  /** A shared secret, for HS256 and its like; named, never written. */
  | { readonly kind: 'secret'; readonly source: 'env' | 'file'; readonly name: string };

/** Those whose keys are public, and those whose key is a shared secret (RFC 7518 §3.1); `none` is neither. */
export const publicAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const;
export type JwtAlgorithm = (typeof publicAlgorithms)[number] | (typeof secretAlgorithms)[number];

/** Who belongs to an audience. */
export type Rule =
  | { readonly kind: 'users'; readonly users: readonly string[] }
  | { readonly kind: 'groups'; readonly claim: string; readonly groups: readonly string[] }
  | { readonly kind: 'header'; readonly name: string; readonly match: TextMatch; readonly from: Sender }
  | { readonly kind: 'cookie'; readonly name: string; readonly match: TextMatch }
  | { readonly kind: 'cidr'; readonly ranges: readonly string[] }
  | { readonly kind: 'country'; readonly countries: readonly string[] }
  /** ISO 3166-2, such as DE-BY. */
  | { readonly kind: 'region'; readonly regions: readonly string[] }
  | { readonly kind: 'continent'; readonly continents: readonly Continent[] }
  /** In thousandths of a percent: 2.5 % is 2500. */
  | { readonly kind: 'percent'; readonly width: number }
  | { readonly kind: 'all' | 'any'; readonly rules: readonly Rule[] }
  | { readonly kind: 'not'; readonly rule: Rule }
  /** Another audience of the app, by its name. */
  | { readonly kind: 'audience'; readonly name: string };

/** How the value of a header or cookie is compared. */
export type TextMatch =
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly values: readonly string[] }
  | { readonly kind: 'prefix'; readonly prefix: string }
  /** RE2 syntax; the whole value has to match. */
  | { readonly kind: 'regex'; readonly pattern: string };
