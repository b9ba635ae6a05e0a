import type { Handlers } from '../api/routes/routes.ts';
import type { SessionView } from '../contract-access.ts';
import type { Access } from './access.ts';
import { signedIn } from './caller.ts';
import { readCookie, setCookie } from './cookies.ts';
import { csrfOf } from './secret-text.ts';
import { offered, secondsOf } from './sign-in.ts';

type Sessions = Pick<Handlers, 'session' | 'logout' | 'login-device' | 'login-device-token'>;

/** Sessions, and signing in on the command line. */
export function sessionHandlers({ signIn, book, now }: Pick<Access, 'signIn' | 'book' | 'now'>): Sessions {
  const kind = { secure: signIn?.secure ?? false, of: 'session' } as const;
  return {
    session: async ({ caller, request, head }): Promise<SessionView> => {
      const { actor, role, apps, by, id, expiresAt } = signedIn(caller);
      const cookie = readCookie(request.headers.get('cookie'), kind);
      if (by !== 'session' || id === null || cookie === null || signIn === null)
        return { actor, role, apps, csrf: null, expiresAt };
      const made = await signIn.rotated(id);
      if (made !== null)
        head.append('set-cookie', setCookie(kind, made.secret, secondsOf(made.grant, now())));
      return { actor, role, apps, csrf: csrfOf(made?.secret ?? cookie), expiresAt };
    },
    logout: async ({ caller, head }) => {
      const { id, actor, by } = signedIn(caller);
      if (id !== null) await book.revoke((grant) => grant.id === id, actor);
      if (by === 'session') head.append('set-cookie', setCookie(kind, '', 0));
      return { ended: id !== null };
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
