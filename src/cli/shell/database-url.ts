import { TealError } from '../../errors.ts';

/**
 * Which database is meant: `--url`, which may name a variable (`env:ADMIN_URL`) so that no password is on the command line, else
 * DATABASE_URL. @throws TealError `usage`
 */
export function databaseUrl(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const [, name] = /^env:(\w+)$/.exec(given ?? 'env:DATABASE_URL') ?? [];
  const url = name === undefined ? given : env[name];
  if (url !== undefined && url !== '') return url;
  throw new TealError('usage', `No database is named: ${name ?? 'DATABASE_URL'} is not set`, {
    remedy: 'Set it to postgres://user@host:5432/database, or name another variable: --url env:ADMIN_URL',
  });
}
