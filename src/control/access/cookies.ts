import { theCookie } from '../../audience/cookie.ts';

/**
 * `__Host-`: a browser takes it only from an encrypted page of this very host, so that no other host of the domain can
 * put another one in its place. Without encryption, on this machine, there is no such promise to ask for.
 */
const sessionName = (secure: boolean): string => (secure ? '__Host-teal-session' : 'teal-session');
const loginName = (secure: boolean): string => (secure ? '__Host-teal-login' : 'teal-login');

export interface CookieKind {
  readonly secure: boolean;
  readonly of: 'session' | 'login';
}

const nameOf = ({ secure, of }: CookieKind): string => (of === 'session' ? sessionName : loginName)(secure);

export const readCookie = (header: string | null, kind: CookieKind): string | null =>
  header === null ? null : theCookie(header, nameOf(kind));

/**
 * A Set-Cookie that scripts cannot read. The session's is Strict: nothing that another site begins is done in its name.
 * The login's is Lax: the provider sends the browser back from elsewhere.
 */
export function setCookie(kind: CookieKind, value: string, seconds: number): string {
  const site = kind.of === 'session' ? 'Strict' : 'Lax';
  const secure = kind.secure ? '; Secure' : '';
  return `${nameOf(kind)}=${value}; Path=/; HttpOnly; SameSite=${site}; Max-Age=${Math.max(0, Math.floor(seconds))}${secure}`;
}
