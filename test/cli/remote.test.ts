/** Every command, against a control plane elsewhere: over TLS, with a token, and the files of this machine sent there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { AuditEntry, TokenMade } from '../../src/control/contract-access.ts';
import { CertificateFolder, issue } from '../router/certificates.ts';
import { scratch } from '../control/help.ts';
import { project, yaml, type Project, type Running } from '../control/project.ts';
import { start, type Finished } from './cli.ts';

const run = promisify(execFile);

/** Answers which version's files it has. */
const build = (says: string): string =>
  `require('node:http').createServer((request, response) => response.end(${JSON.stringify(says)})).listen(process.env.PORT, process.env.HOST);`;

describe('a control plane elsewhere', () => {
  let shop: Project;
  let running: Running;
  let home: string;
  let url: string;
  let ca: string;
  let admin: string;
  const ended: (() => unknown)[] = [];
  const fake = { after: (end: () => unknown) => ended.push(end) } as never;
  /** In a folder without a teal.yaml, as on another machine. */
  const teal = (args: string, env: Record<string, string> = {}): Promise<Finished> =>
    start(home, args.split(' '), { HOME: home, XDG_CONFIG_HOME: path.join(home, '.config'), ...env })
      .finished;
  const good = async (args: string, env?: Record<string, string>): Promise<Finished> => {
    const finished = await teal(args, env);
    assert.equal(finished.code, 0, `teal ${args}: ${finished.out}${finished.err}`);
    return finished;
  };
  const given = () => ({ TEAL_URL: url, TEAL_TOKEN: admin, TEAL_CA: ca });

  before(async () => {
    const folder = await CertificateFolder.make();
    ended.push(() => folder[Symbol.asyncDispose]());
    const authority = issue({ subject: 'authority', authority: true });
    const files = await folder.put('control', issue({ names: ['localhost'], by: authority }));
    ca = folder.file('ca.pem');
    await writeFile(ca, authority.certificate);
    home = await scratch(fake);
    const top = `control: { listen: "127.0.0.1:0", max-upload: 1MB, tls: { certificate: ${files.certificate}, key: ${files.key} } }`;
    shop = await project(
      fake,
      yaml({ top })
        .replace('directory: ./versions/{version}', 'directory: .')
        .replace('path: /health', 'path: /'),
    );
    running = await shop.up();
    url = (running.control.url ?? '').replace('127.0.0.1', 'localhost');
    admin = (await running.api.post<TokenMade>('/v1/tokens', { name: 'admin', role: 'admin' })).secret;
  });
  after(async () => {
    for (const end of ended.toReversed()) await end();
  });

  test('is not answered for without a token, nor with a certificate that nobody knows', async () => {
    const nobody = await teal('status', { TEAL_URL: url, TEAL_CA: ca });
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /does\s+not\s+know\s+who\s+asks[\s\S]*code: not-signed-in/);
    const stranger = await teal('status', { TEAL_URL: url, TEAL_TOKEN: admin });
    assert.match(
      stranger.err,
      /The certificate of https:\/\/localhost:\d+ is not believed[\s\S]*--ca\s+<file>/,
    );
    const plain = await teal('status --server http://teal.example.com', { TEAL_TOKEN: admin });
    assert.match(plain.err, /is\s+not\s+encrypted:\s+a\s+token\s+would\s+be\s+read/);
    const away = await teal('status --server https://127.0.0.1:1', { TEAL_TOKEN: admin });
    assert.match(away.err, /Nobody answers at https:\/\/127\.0\.0\.1:1/);
  });

  test('is given the files of a folder, of an archive and of a git reference, as they are', async () => {
    const source = path.join(home, 'build');
    await mkdir(path.join(source, '@scope'), { recursive: true });
    await mkdir(path.join(source, '.git'));
    await writeFile(path.join(source, 'server.js'), build('from a folder'));
    await writeFile(path.join(source, '@scope', 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(path.join(source, '.git', 'config'), 'left out');
    await symlink('server.js', path.join(source, 'link.js'));
    await good('deploy shop v1 --from build --wait', given());
    assert.equal((await running.ask()).body, 'from a folder');
    const put = path.join(shop.data, 'versions/shop/v1');
    assert.equal((await stat(path.join(put, '@scope/run.sh'))).mode & 0o111, 0o111);
    assert.equal(await readFile(path.join(put, 'link.js'), 'utf8'), build('from a folder'));
    await assert.rejects(stat(path.join(put, '.git')));

    await writeFile(path.join(source, 'server.js'), build('from an archive'));
    await run('tar', ['-czf', 'build.tgz', '-C', source, 'server.js'], { cwd: home });
    await good('deploy shop v2 --from build.tgz --wait', given());
    assert.equal((await running.ask()).body, 'from an archive');

    const repository = path.join(home, 'repository');
    await mkdir(repository);
    await writeFile(path.join(repository, 'server.js'), build('from git'));
    const git = (...args: readonly string[]) =>
      run('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: repository });
    await git('init', '-q', '-b', 'main');
    await git('add', '.');
    await git('commit', '-qm', 'one');
    const deployed = await start(repository, ['deploy', 'shop', 'v3', '--from', 'git:main', '--wait'], {
      HOME: home,
      ...given(),
    }).finished;
    assert.equal(deployed.code, 0, deployed.err);
    assert.equal((await running.ask()).body, 'from git');
    await good('rollback shop --wait', given());
    assert.equal((await running.ask()).body, 'from an archive');
  });

  test('refuses an archive that is too large, damaged, or leads out of its folder', async () => {
    await writeFile(path.join(home, 'large.tgz'), Buffer.alloc(2 * 1024 ** 2, 7));
    const large = await teal('deploy shop v9 --from large.tgz', given());
    assert.equal(large.code, 2, large.err);
    assert.match(large.err, /has\s+\d+\s+bytes;\s+at\s+most\s+1048576\s+may\s+be\s+sent/);
    await writeFile(path.join(home, 'torn.tgz'), 'this is no archive');
    assert.match((await teal('deploy shop v9 --from torn.tgz', given())).err, /code: version-source-invalid/);
    const inner = path.join(home, 'inner');
    await mkdir(inner);
    await writeFile(path.join(home, 'outside.js'), 'outside');
    await run('tar', ['-czPf', 'evil.tgz', '-C', inner, '../outside.js'], { cwd: home });
    const evil = await teal('deploy shop v9 --from evil.tgz', given());
    assert.match(evil.err, /code: version-source-invalid/);
    await assert.rejects(stat(path.join(shop.data, 'versions', 'outside.js')));
    assert.match((await teal('deploy shop v9 --from nowhere', given())).err, /does\s+not\s+exist/);
    const { apps } = await running.api.get<{ apps: readonly { release: { version: string } | null }[] }>(
      '/v1/status',
    );
    assert.notEqual(apps[0]?.release?.version, 'v9');
  });

  test('looks the same as one on this machine', async () => {
    for (const command of [
      'status',
      'status shop',
      'history',
      'preview shop',
      'doctor',
      'doctor --security',
      'logs shop',
      'explain shop --ip 203.0.113.7',
      'token list',
      'audit list',
      'audit verify',
      'audit export',
      'apply --dry-run',
      'plan shop v3',
      'pause shop',
    ]) {
      const { code, out, err } = await teal(`${command} --json`, given());
      assert.ok(
        code === 0 || /wrong-state|no-release|expired|failed/.test(out),
        `${command}: ${code} ${out} ${err}`,
      );
      for (const line of out.trim().split('\n').filter(Boolean)) JSON.parse(line);
    }
  });

  test('has a name, is signed in to, used from then on, and forgotten', async () => {
    await good(`context add prod ${url} --ca ${ca}`);
    const file = path.join(home, '.config/teal/contexts.json');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const child = start(home, ['login', '--context', 'prod', '--token'], {
      HOME: home,
      XDG_CONFIG_HOME: path.join(home, '.config'),
    });
    assert.equal((await child.finished).code, 2, 'nothing on standard input');
    const wrong = await signIn(home, 'teal_x', 'prod');
    assert.match(wrong.err, /Nobody knows this token/);
    const signedIn = await signIn(home, admin, 'prod');
    assert.equal(signedIn.code, 0, signedIn.err);
    assert.match(signedIn.out, /Signed in +token:admin \(admin\)/);
    assert.ok(!signedIn.out.includes(admin) && !signedIn.err.includes(admin));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match((await good('status')).out, /shop/);
    assert.match((await good('context list')).out, /^\* prod/m);
    await good('context use local');
    assert.match((await teal('status')).err, /There\s+is\s+no\s+teal\.yaml/);
    assert.match((await good('status --context prod')).out, /shop/);
    assert.match(
      (await teal('status --context prod --server https://x')).err,
      /name\s+two\s+control\s+planes/,
    );
    assert.match((await teal('status --context nope')).err, /There is no context nope/);
    await chmod(file, 0o640);
    assert.match(
      (await teal('status --context prod')).err,
      /Others\s+can\s+read[\s\S]*contexts\.json[\s\S]*chmod 600/,
    );
    await chmod(file, 0o600);
    await good('logout --context prod');
    assert.match((await teal('status --context prod')).err, /not-signed-in/);
    await good(`status --context prod`, { TEAL_TOKEN: admin });
    await good('context remove prod');
    assert.equal((await readFile(file, 'utf8')).includes('teal_'), false);
  });

  test('makes tokens that are shown once, and ends them', async () => {
    const { out } = await good('token create ci --role deployer --app shop --expires 30d --json', given());
    const { secret } = JSON.parse(out) as TokenMade;
    assert.match((await good('status', { ...given(), TEAL_TOKEN: secret })).out, /shop/);
    const refused = await teal('approve shop', { ...given(), TEAL_TOKEN: secret });
    assert.match(
      refused.err,
      /approve\s+needs\s+the\s+role\s+approver;\s+you\s+are\s+token:ci\s+\(deployer\s+of\s+shop\)/,
    );
    const list = await good('token list', given());
    assert.match(list.out, /ci +deployer of shop, as token:ci/);
    assert.ok(!list.out.includes(secret));
    await good('token revoke ci', given());
    assert.match((await teal('status', { ...given(), TEAL_TOKEN: secret })).err, /The token ci was revoked/);
    const audit = await good('audit list --json --limit 200', given());
    const entries = JSON.parse(audit.out) as AuditEntry[];
    assert.ok(entries.some(({ what, actor }) => what.includes('revoke') && actor === 'token:admin'));
    assert.ok(!audit.out.includes(secret) && !audit.out.includes(admin));
  });

  test('that is nothing of the kind is told so', async (t) => {
    const other = http.createServer((_, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const { code, err } = await teal(`status --server http://127.0.0.1:${port}`, { TEAL_TOKEN: admin });
    assert.equal(code, 1);
    assert.match(err, /code: control-unavailable/);
  });
});

/** `teal login`, with the token on standard input. */
async function signIn(home: string, token: string, context: string): Promise<Finished> {
  const { spawn } = await import('node:child_process');
  const child = spawn(
    process.execPath,
    [path.resolve(import.meta.dirname, '../../bin/teal.js'), 'login', '--context', context, '--token'],
    {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: path.join(home, '.config') },
    },
  );
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.end(`${token}\n`);
  return await new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
