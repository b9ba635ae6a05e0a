import { setTimeout as pause } from 'node:timers/promises';
import { TealError } from '../errors.ts';
import type { WhoAmI } from '../control/contract-access.ts';
import { Client } from './client.ts';
import { renderBlock } from './render/block.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { readContexts, writeContexts } from './shell/contexts.ts';
import { serverOf } from './shell/place.ts';
import type { Server } from './shell/server.ts';

export interface LoginFlags extends CommonFlags {
  readonly token?: boolean;
}

/** A person notices no second; the server asks the issuer by itself, as often as that allows. */
const askEveryMs = 1000;

/** Signs in to a control plane elsewhere, and keeps what it gave in a context of this user. */
export async function login(this: Context, flags: LoginFlags): Promise<Result> {
  const server = elsewhere(this, flags);
  const secret = flags.token === true ? await askForToken(this) : await signIn(this, server);
  const who = await new Client(server.url, { ...server, token: secret }).whoami();
  const name = keep(this, server, secret);
  return {
    json: { context: name, server: server.url, ...who },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Signed in',
          value: `${who.actor} (${who.role}${who.apps === null ? '' : ` of ${who.apps.join(', ')}`})`,
          rows: [
            ['Server', server.url],
            ['Context', `${name}, used from now on; back with: teal context use local`],
            ['Until', who.expiresAt === null ? null : new Date(who.expiresAt).toISOString()],
            ['Next', 'teal status'],
          ],
        },
        view,
      ),
  };
}

/** Forgets the token of a context; a sign-in is ended at the server, too. A token that an admin made goes on for others. */
export async function logout(this: Context, flags: CommonFlags): Promise<Result> {
  const server = elsewhere(this, flags);
  if (server.token !== null) await endSignIn(server, server.token);
  const all = readContexts(this.env);
  const contexts = Object.fromEntries(
    Object.entries(all.contexts).map(([name, { token, ...rest }]) => [
      name,
      rest.server === server.url || token === undefined ? rest : { ...rest, token },
    ]),
  );
  writeContexts(this.env, { ...all, contexts });
  return {
    json: { signedOut: true, server: server.url },
    text: (view) =>
      renderBlock(
        { state: 'ok', label: 'Signed out', value: server.url, rows: [['Next', 'teal login']] },
        view,
      ),
  };
}

/** One that has ended already, or a server that is away, keeps nobody from forgetting it. */
async function endSignIn(server: Server, token: string): Promise<void> {
  const client = new Client(server.url, { ...server, token });
  try {
    const who: WhoAmI = await client.whoami();
    if (who.by === 'login') await client.logout();
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
  }
}

function elsewhere(context: Context, flags: CommonFlags): Server {
  const server = serverOf(flags, context);
  if (server !== null) return server;
  throw new TealError(
    'usage',
    'Sign in to which control plane? The one of a teal.yaml here needs no login.',
    {
      remedy: 'teal login --server https://teal.example.com, or --context <name>',
    },
  );
}

/** In a browser, which may be on another machine. */
async function signIn({ terminal }: Context, server: Server): Promise<string> {
  const client = new Client(server.url, { ...server, token: null });
  const { id, userCode, uri, completeUri, expiresAt } = await client.beginLogin();
  terminal.note(`Open ${completeUri ?? uri}`);
  terminal.note(`and say that the code is ${userCode}`);
  while (Date.now() < expiresAt) {
    const secret = await answerOf(client, id);
    if (secret !== null) return secret;
    await pause(askEveryMs);
  }
  throw new TealError('login-failed', 'Nobody has signed in in time.', { remedy: 'again: teal login' });
}

/** Null: not yet, also where too many ask from the same address. */
async function answerOf(client: Client, id: string): Promise<string | null> {
  try {
    return (await client.finishLogin(id)).secret;
  } catch (error) {
    if (error instanceof TealError && error.code === 'too-many-requests') return null;
    throw error;
  }
}

async function askForToken({ terminal }: Context): Promise<string> {
  const given = (await terminal.ask('Token: ')).trim();
  if (given !== '') return given;
  throw new TealError('usage', 'There is no token on standard input.', {
    remedy: 'paste it, or: teal login --token --server <url> < file',
  });
}

/** @returns the name of the context */
function keep({ env }: Context, server: Server, token: string): string {
  const all = readContexts(env);
  const name = server.context ?? new URL(server.url).hostname;
  const saved = { server: server.url, ...(server.ca === null ? {} : { ca: server.ca }), token };
  writeContexts(env, { current: name, contexts: { ...all.contexts, [name]: saved } });
  return name;
}
