import type { DatabasePolicy } from '../../config/database.ts';
import { policyOf } from '../../release/migrate.ts';
import type { AppState } from '../../release/state.ts';
import { addressOf } from './address.ts';

/** The address of the server that counts what it sends; null: nobody asks for that. */
export function countedBy(state: AppState): DatabasePolicy['url'] {
  const policy = policyOf(state);
  return policy === null || policy.proof === null ? null : policy.url;
}

/** The app with its server, which several may share; nothing: it is not looked at. */
export function countedAt(state: AppState): readonly { readonly app: string; readonly server: string }[] {
  const { app } = state;
  const url = countedBy(state);
  if (url === null) return [];
  try {
    const { host, searchParams } = new URL(addressOf(app, url));
    return [{ app, server: `${host}${searchParams.get('host') ?? ''}` }];
  } catch {
    // The look itself says what is wrong with its address.
    return [{ app, server: `of ${app}` }];
  }
}
