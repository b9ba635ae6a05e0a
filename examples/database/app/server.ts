// Users over HTTP. What differs between the versions is users.sql, and nothing else.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool } from 'pg';
import { statementsOf, type StatementName } from './statements.ts';

const {
  DATABASE_URL,
  TEAL_VERSION = 'unknown',
  TEAL_ENVIRONMENT,
  HOST = '127.0.0.1',
  PORT = '3000',
} = process.env;
const statements = statementsOf(new URL('users.sql', import.meta.url));
const address = new URL(DATABASE_URL ?? 'postgres://127.0.0.1/users');
// A role for each environment: so the database can tell by whom a statement was sent, and who is still connected.
if (TEAL_ENVIRONMENT !== undefined) address.username = `app_${TEAL_ENVIRONMENT}`;
const pool = new Pool({ connectionString: address.href, max: 6, application_name: `users ${TEAL_VERSION}` });
pool.on('error', (error) => console.error(error.message));

/** What somebody says of a user. A version that has no column for some of it leaves that out. */
interface Said {
  readonly email?: string;
  readonly name?: string;
  readonly locale?: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

let stopping = false;

const server = createServer((request, response) => {
  answer(request).then(
    (given) => send(response, given),
    (error: unknown) => send(response, failed(error)),
  );
});

async function answer(request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://users');
  if (pathname === '/healthz') return { status: 200, body: 'ok' };
  const [, email = ''] = /^\/users\/([^/]+)$/.exec(pathname) ?? [];
  const of = decodeURIComponent(email);
  switch (`${request.method} ${email === '' ? pathname : '/users/…'}`) {
    case 'POST /users': {
      const said = await read(request);
      const row = await ask(said.name === undefined ? 'sign-up-unnamed' : 'sign-up', said.email ?? '', said);
      return { status: 201, body: row };
    }
    case 'PUT /users/…':
      return { status: 200, body: await ask('put', of, await read(request)) };
    case 'PATCH /users/…': {
      const said = await read(request);
      return found(await ask(said.name === undefined ? 'touch' : 'rename', of, said));
    }
    case 'GET /users/…':
      return found(await ask('find', of, {}));
    default:
      return { status: 404, body: { error: `no ${request.method} ${pathname} here` } };
  }
}

/** @returns the row as it is now; null when there is none */
async function ask(name: StatementName, email: string, said: Said): Promise<unknown> {
  const { text, takes } = statements[name];
  const values = [email, said.name ?? '', said.locale ?? null].slice(0, takes);
  // By a name, as apps that are asked often do it: the server keeps its plan, over a change of the table too.
  const { rows } = await pool.query<Record<string, unknown>>({ name, text, values });
  return rows[0] ?? null;
}

const found = (row: unknown): Answer =>
  row === null ? { status: 404, body: { error: 'nobody has this address' } } : { status: 200, body: row };

async function read(request: IncomingMessage): Promise<Said> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Said;
}

function failed(error: unknown): Answer {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  // unique_violation: https://www.postgresql.org/docs/current/errcodes-appendix.html
  const taken = code === '23505';
  if (!taken) console.error(`${code}: ${message}`);
  return { status: taken ? 409 : 500, body: { error: message, code } };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-version': TEAL_VERSION,
    ...(stopping ? { connection: 'close' } : {}),
  });
  response.end(JSON.stringify(body));
}

/** What is in flight is answered, then nothing is held any more. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  server.close(() => void pool.end());
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.listen(Number(PORT), HOST);
