import { TealError } from '../../errors.ts';
import type { Handlers } from '../api/routes/routes.ts';
import type { SessionView } from '../contract-access.ts';
import type { Access } from './access.ts';
import { signedIn, type Caller } from './caller.ts';
import { readCookie, setCookie } from './cookies.ts';
import { csrfOf } from './secret-text.ts';
import { offered, secondsOf } from './sign-in.ts';

type Sessions = Pick<Handlers, 'session' | 'logout' | 'login-link' | 'login-device' | 'login-device-token'>;

type Parts = Pick<Access, 'signIn' | 'book' | 'now' | 'secure' | 'entries' | 'origin'>;

/** Sessions, and signing in on the command line. */
export function sessionHandlers(access: Parts): Sessions {
  const { signIn, book, secure, entries, origin } = access;
  const kind = { secure, of: 'session' } as const;
  return {
    session: async ({ caller, request, head }): Promise<SessionView> => {
      const { view, cookie } = await sessionOf(access, signedIn(caller), request.headers);
      if (cookie !== null) head.append('set-cookie', cookie);
      return view;
    },
    logout: async ({ caller, head }) => {
      const { id, actor, by } = signedIn(caller);
      if (id !== null) await book.revoke((grant) => grant.id === id, actor);
      if (by === 'session') head.append('set-cookie', setCookie(kind, '', 0));
      return { ended: id !== null };
    },
    'login-link': async ({ caller, from }) => {
      const at = origin();
      if (at === null) throw noDashboard();
      const { code, expiresAt } = entries.link(signedIn(caller), from);
      return { url: `${at}/login/link?code=${code}`, expiresAt };
    },
    'login-device': async ({ from }) => {
      const { id, device } = await offered(signIn).beginDevice(from);
      const { userCode, uri, completeUri, expiresAt } = device;
      return { id, userCode, uri, completeUri, expiresAt };
    },
    'login-device-token': async ({ body }) => ({
      secret: offered(signIn).device(body.id)?.secret ?? null,
    }),
  };
}

/** Who the person at the browser is; `cookie` renews theirs when it is time to. */
export async function sessionOf(
  { signIn, secure, now }: Pick<Access, 'signIn' | 'secure' | 'now'>,
  { actor, role, apps, by, id, expiresAt }: Caller,
  headers: Headers,
): Promise<{ readonly view: SessionView; readonly cookie: string | null }> {
  const kind = { secure, of: 'session' } as const;
  const shown = readCookie(headers.get('cookie'), kind);
  const view = { actor, role, apps, expiresAt };
  if (by !== 'session' || id === null || shown === null)
    return { view: { ...view, csrf: null }, cookie: null };
  const made = (await signIn?.rotated(id)) ?? null;
  const cookie = made === null ? null : setCookie(kind, made.secret, secondsOf(made.grant, now()));
  return { view: { ...view, csrf: csrfOf(made?.secret ?? shown) }, cookie };
}

const noDashboard = (): TealError =>
  new TealError('wrong-state', 'Browsers cannot reach this Teal: it listens on its socket alone.', {
    remedy: 'add to teal.yaml: control: { listen: 127.0.0.1:7433 }, then start teal up again',
  });
