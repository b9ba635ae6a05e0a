import { resolve } from 'node:path';
import type { ControlConfig, OidcConfig } from './control.ts';
import type { FileInput } from './schema.ts';

/** Paths are made absolute from the folder of teal.yaml. */
export function buildControl({ control }: FileInput, base: string): ControlConfig {
  const { listen, tls, url, oidc } = control;
  return {
    listen: listen ?? null,
    tls:
      tls === undefined ? null : { certificate: resolve(base, tls.certificate), key: resolve(base, tls.key) },
    url: url ?? null,
    trustedProxies: control['trusted-proxies'],
    maxUploadBytes: control['max-upload'],
    oidc: oidc === undefined ? null : buildOidc(oidc, base),
  };
}

function buildOidc(oidc: NonNullable<FileInput['control']['oidc']>, base: string): OidcConfig {
  const secret = oidc['client-secret'];
  return {
    issuer: oidc.issuer,
    clientId: oidc['client-id'],
    clientSecret:
      secret === undefined
        ? null
        : secret.source === 'file'
          ? { ...secret, name: resolve(base, secret.name) }
          : secret,
    scopes: oidc.scopes,
    name: oidc.name,
    groups: oidc.groups,
    roles: oidc.roles,
    sessionMs: oidc.session,
  };
}
