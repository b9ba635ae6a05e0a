import type { DatabasePolicy } from '../../config/database.ts';
import { valueOf } from '../../config/secret.ts';
import { checkAddress } from '../../database/server/address.ts';

/** The address of an app's database. @throws TealError `secret-missing`; `usage` without the text, which may hold a password */
export function addressOf(app: string, url: NonNullable<DatabasePolicy['url']>): string {
  const address = valueOf('the database', url, process.env);
  checkAddress(address, url.kind === 'secret' ? url.name : `apps.${app}.database.url`);
  return address;
}
