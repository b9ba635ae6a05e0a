import { TealError } from '../../errors.ts';

/**
 * The URL of the database that is meant: as given, or `env:NAME` for one that stands in a variable, so that no password is on the
 * command line; nothing: DATABASE_URL. @throws TealError `usage`
 */
export function addressGiven(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const [, name] = /^env:(\w+)$/.exec(given ?? 'env:DATABASE_URL') ?? [];
  const url = name === undefined ? given : env[name];
  if (url === undefined || url === '')
    throw new TealError('usage', `No database is named: ${name ?? 'DATABASE_URL'} is not set`, { remedy });
  checkAddress(url, name);
  return url;
}

const remedy =
  'It looks like postgres://user:password@host:5432/database; --url env:NAME takes it from a variable';

/** @param name of the variable that holds it @throws TealError `usage`, without the text, which may hold a password */
export function checkAddress(url: string, name?: string): void {
  if (/^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)) return;
  throw new TealError('usage', `${name ?? 'That'} is no address of a PostgreSQL database`, { remedy });
}

/** For people: database, host and port, never user or password. @param database another one on the same server */
export function sayAddress(url: string, database?: string): string {
  if (!URL.canParse(url)) return '(an address that is no URL)';
  const { host, pathname, searchParams } = new URL(url);
  const where = host === '' ? (searchParams.get('host') ?? 'localhost') : host;
  return `${database ?? pathname.slice(1)} at ${where}`;
}
