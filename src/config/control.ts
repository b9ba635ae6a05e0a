import type { EnvironmentValue } from './environment-value.ts';
import type { CertificateFiles, ListenAddress } from './router.ts';

/** Who may do what, each with all that those before it may. */
export const roles = ['viewer', 'deployer', 'approver', 'admin'] as const;
export type AccessRole = (typeof roles)[number];

/** How the control plane is reached beside its socket. */
export interface ControlConfig {
  /** Null: by the socket alone. */
  readonly listen: ListenAddress | null;
  /** Never null where `listen` can be reached from elsewhere. */
  readonly tls: CertificateFiles | null;
  /** What people type, without a path: `https://teal.example.com`. Null: where it listens. */
  readonly url: string | null;
  /** CIDR ranges whose X-Forwarded-For is believed; nobody's by default. */
  readonly trustedProxies: readonly string[];
  readonly maxUploadBytes: number;
  readonly oidc: OidcConfig | null;
}

/** Who signs people in, and what they may then do. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** Null for a public client. */
  readonly clientSecret: (EnvironmentValue & { readonly kind: 'secret' }) | null;
  readonly scopes: readonly string[];
  /** Claim with the name by which people are known. */
  readonly name: string;
  /** Claim with their groups. */
  readonly groups: string;
  /** Groups by role; `*` is everybody whom the issuer knows. */
  readonly roles: Readonly<Record<AccessRole, readonly string[]>>;
  /** How long a sign-in holds. */
  readonly sessionMs: number;
}

/** Whether only this machine reaches it. */
export const isLoopback = (host: string): boolean => /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host);
