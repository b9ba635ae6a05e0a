/** The programs of docs/database.md that sign in as the role of their environment, run as they stand there. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { onServers, type Server } from './server.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Where psycopg 3 is; without it that program is left out, and told. */
const python = process.env['PYTHON'] ?? 'python3';

async function documented(language: string): Promise<string> {
  const text = await readFile(path.join(root, 'docs/database.md'), 'utf8');
  const section = text.slice(text.indexOf('### As whom the app signs in'));
  const [, code] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(section) ?? [];
  assert.ok(code, `docs/database.md has no program in ${language}`);
  return code;
}

/** What it answers, in each environment and without Teal. */
async function answersOf(
  command: readonly string[],
  folder: string,
  { url }: Server,
): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const colour of ['blue', 'green', '']) {
    const port = await freePort();
    const [program = '', ...args] = command;
    const { TEAL_ENVIRONMENT: _, ...own } = process.env;
    const env = { ...own, DATABASE_URL: url, HOST: '127.0.0.1', PORT: String(port) };
    const child = spawn(program, args, {
      cwd: folder,
      env: colour === '' ? env : { ...env, TEAL_ENVIRONMENT: colour },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      answers.push(await asked(`http://127.0.0.1:${port}/`));
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  return answers;
}

async function asked(url: string): Promise<string> {
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    try {
      return (await (await fetch(url)).text()).trim();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

onServers(
  'an app signs in as the role of its environment, as documented',
  async (server, t) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-documented-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const client = await server.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_user::text AS name');
    await client.query('CREATE ROLE app_blue LOGIN; CREATE ROLE app_green LOGIN');
    const wanted = ['app_blue', 'app_green', rows[0]?.name];
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    await writeFile(path.join(folder, 'server.mjs'), await documented('js'));
    await writeFile(path.join(folder, 'server.py'), await documented('python'));
    assert.deepEqual(await answersOf([process.execPath, 'server.mjs'], folder, server), wanted);
    if (spawnSync(python, ['-c', 'import psycopg']).status === 0)
      assert.deepEqual(await answersOf([python, 'server.py'], folder, server), wanted);
    else t.diagnostic(`the program in Python was not run: ${python} has no psycopg`);
  },
  [18],
);
