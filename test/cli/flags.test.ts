import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { socketPath } from '../../src/router/socket-path.ts';
import { start, teal, until } from './cli.ts';

let root: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'teal-flags-'));
});
after(() => rm(root, { recursive: true }));

const code =
  "import { client } from './client.js';\n\nexport async function page() {\n  if (await client.getBooleanValue('new-checkout', false)) {\n    return 'new';\n  }\n  return 'old';\n}\n";
const without = "export async function page() {\n  return 'new';\n}\n";

/** A repository with one file that uses the flag, committed. */
async function repository(files: Readonly<Record<string, string>> = { 'page.js': code }): Promise<string> {
  const folder = await mkdtemp(path.join(root, 'r-'));
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      stdio: 'ignore',
    });
  };
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  return folder;
}

const page = (folder: string): Promise<string> => readFile(path.join(folder, 'page.js'), 'utf8');
const remove = ['flags', 'remove', 'new-checkout', '--keep', 'true'] as const;

test('a flag is removed, the check runs on the result, and what to look at is named', async () => {
  const folder = await repository();
  const {
    code: exit,
    out,
    err,
  } = await teal(folder, ...remove, '--check', 'grep -q new page.js && echo fine');
  assert.equal(exit, 0, err);
  assert.equal(await page(folder), without);
  assert.match(err, /^\$ grep -q new page\.js && echo fine\n {2}fine\n/);
  assert.match(
    out,
    /^✓ Removed +new-checkout +kept true\n[^]*Calls +1 call in 1 file\n[^]*Check +passed: grep[^]*Next +git diff\n$/,
  );
  assert.deepEqual(
    execFileSync('git', ['status', '--porcelain'], { cwd: folder, encoding: 'utf8' }),
    ' M page.js\n',
  );
});

test('when the check fails every file is as it was, to the byte and the mode', async () => {
  const folder = await repository();
  execFileSync('chmod', ['755', path.join(folder, 'page.js')]);
  const { code: exit, err } = await teal(
    folder,
    ...remove,
    '--check',
    'grep -q "\'old\'" page.js || { echo the old way is gone; exit 3; }',
    '--allow-dirty',
  );
  assert.equal(exit, 1);
  assert.equal(await page(folder), code);
  assert.equal((await stat(path.join(folder, 'page.js'))).mode & 0o777, 0o755);
  assert.match(err, /exit code 3[^]*the old way is gone[^]*code: check-failed/);
  assert.equal(existsSync(path.join(folder, '.git', 'teal-removal.json')), false);
});

test('Ctrl-C during the check puts everything back, and the check does not go on', async () => {
  const folder = await repository();
  const mark = path.join(folder, '.git', 'mark');
  const running = start(folder, [...remove, '--check', `echo begun; sleep 30; touch ${mark}`]);
  await until(
    'the check runs',
    () => running.said().includes('begun\n  ') || running.said().includes('  begun'),
  );
  assert.equal(await page(folder), without);
  running.child.kill('SIGINT');
  const { code: exit, err } = await running.finished;
  assert.equal(exit, 130);
  assert.match(err, /Interrupted: every file is as it was before/);
  assert.equal(await page(folder), code);
  assert.equal(existsSync(mark), false);
});

test('after kill -9 in the middle the next run puts everything back first', async () => {
  const folder = await repository();
  const running = start(folder, [...remove, '--check', 'echo begun; sleep 3']);
  await until('the check runs', () => running.said().includes('  begun'));
  running.child.kill('SIGKILL');
  await running.finished;
  assert.equal(await page(folder), without);
  const { code: exit, err } = await teal(folder, ...remove, '--check', 'false');
  assert.equal(exit, 1);
  assert.match(err, /An earlier removal ended in its middle: one file is as before it/);
  assert.equal(await page(folder), code);
});

test('what somebody changed after a crash is left alone', async () => {
  const folder = await repository();
  const running = start(folder, [...remove, '--check', 'echo begun; sleep 3']);
  await until('the check runs', () => running.said().includes('  begun'));
  running.child.kill('SIGKILL');
  await running.finished;
  await writeFile(path.join(folder, 'page.js'), '// mine\n');
  const { err } = await teal(folder, ...remove, '--no-check');
  assert.match(err, /Somebody has changed page\.js since/);
  assert.equal(await page(folder), '// mine\n');
});

test('files with changes that are not committed are not touched, unless told', async () => {
  const folder = await repository();
  await writeFile(path.join(folder, 'page.js'), `${code}// mine\n`);
  const refused = await teal(folder, ...remove, '--no-check');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /page\.js[^]*code: uncommitted-changes/);
  assert.equal(await page(folder), `${code}// mine\n`);
  assert.equal((await teal(folder, ...remove, '--no-check', '--allow-dirty')).code, 0);
  assert.equal(await page(folder), `${without}// mine\n`);
});

test('--dry-run prints a diff that git applies, and writes nothing', async () => {
  const folder = await repository();
  const { code: exit, out } = await teal(folder, ...remove, '--dry-run');
  assert.equal(exit, 0);
  assert.equal(await page(folder), code);
  execFileSync('git', ['apply', '-'], { cwd: folder, input: out });
  assert.equal(await page(folder), without);
  const json = JSON.parse((await teal(folder, ...remove, '--dry-run', '--json')).out);
  assert.deepEqual([json.written, json.calls, json.changed], [false, 0, []]);
});

test('what cannot be removed surely is named with file and line, and nothing is changed', async () => {
  const folder = await repository({ 'page.js': code, 'other.js': "\nask('new-checkout');\n" });
  const { code: exit, err } = await teal(folder, ...remove, '--no-check');
  assert.equal(exit, 1);
  assert.match(
    err,
    /in one place; nothing was changed[^]*other\.js:2 +ask\('new-checkout'\)[^]*--partial[^]*code: removal-refused/,
  );
  assert.equal(await page(folder), code);
  const json = JSON.parse((await teal(folder, ...remove, '--no-check', '--json')).out);
  assert.deepEqual(
    json.error.details.places.map(({ file, line }: { file: string; line: number }) => [file, line]),
    [['other.js', 2]],
  );
  const partial = await teal(folder, ...remove, '--no-check', '--partial');
  assert.equal(partial.code, 0);
  assert.match(partial.out, /^! Removed[^]*Refused +other\.js:2/);
  assert.equal(await page(folder), without);
});

test('the value to keep comes from the flag itself: of a file, or of the control plane', async () => {
  const folder = await repository({ 'page.js': code, 'teal.yaml': 'apps: {}\n' });
  const state = { flag: 'new-checkout', stage: 'live-for-all', keep: true, since: 0, release: 'shop-7' };
  await writeFile(
    path.join(folder, 'flags.json'),
    JSON.stringify([state, { ...state, flag: 'open-one', stage: 'open' }]),
  );
  const open = await teal(folder, 'flags', 'remove', 'open-one', '--flags', 'flags.json');
  assert.equal(open.code, 2);
  assert.match(open.err, /The value of open-one is not final: it is open/);
  assert.match(
    (await teal(folder, 'flags', 'remove', 'x', '--flags', 'flags.json')).err,
    /There is no flag x[^]*--keep true/,
  );
  assert.match(
    (await teal(folder, 'flags', 'remove', 'x')).err,
    /Teal is not running[^]*--flags flags\.json/,
  );
  await mkdir(path.join(folder, '.teal'), { recursive: true });
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/v1/flags' ? [state] : {}));
  });
  await new Promise<void>((resolve) =>
    server.listen(socketPath(path.join(folder, '.teal'), 'control.sock'), resolve),
  );
  const removed = await teal(folder, 'flags', 'remove', 'new-checkout', '--no-check');
  server.close();
  assert.equal(removed.code, 0, removed.err);
  assert.equal(await page(folder), without);
});

test('flags check fails when a flag of an ended release is overdue, with file and line, also in a narrow terminal', async () => {
  const folder = await repository();
  const write = (since: number): Promise<void> =>
    writeFile(
      path.join(folder, 'flags.json'),
      JSON.stringify([{ flag: 'new-checkout', stage: 'to-remove', keep: true, since, grace: '1d' }]),
    );
  await write(Date.now());
  const young = await teal(folder, 'flags', 'check', '--flags', 'flags.json');
  assert.equal(young.code, 0);
  assert.match(young.out, /^! [^]*has until [^]*page\.js:4[^]*None is overdue/);
  await write(Date.now() - 3 * 24 * 3_600_000);
  const old = await start(folder, ['flags', 'check', '--flags', 'flags.json'], { COLUMNS: '40' }).finished;
  assert.equal(old.code, 1);
  assert.match(
    old.out,
    /^✗ [^]*overdue for 2 d[^]*page\.js:4[^]*Next: teal flags remove new-checkout --dry-run/,
  );
  assert.ok(
    old.out.split('\n').every((line) => line.length <= 64),
    old.out,
  );
  const github = await teal(folder, 'flags', 'check', '--flags', 'flags.json', '--format', 'github');
  assert.match(github.out, /^::error file=page\.js,line=4,col=\d+,/);
  const json = JSON.parse((await teal(folder, 'flags', 'check', '--flags', 'flags.json', '--json')).out);
  assert.deepEqual(
    json.debts.map(({ overdue }: { overdue: boolean }) => overdue),
    [true],
  );
  assert.equal((await teal(folder, ...remove, '--no-check')).code, 0);
  assert.equal((await teal(folder, 'flags', 'check', '--flags', 'flags.json')).code, 0);
});

test('flags refs lists every flag that the code asks for', async () => {
  const folder = await repository();
  const { code: exit, out } = await teal(folder, 'flags', 'refs');
  assert.equal(exit, 0);
  assert.match(
    out,
    /^new-checkout +1 place\n {2}page\.js:4 +client\.getBooleanValue\('new-checkout', false\)\n/,
  );
});

test('without the parser the command says how to install it, and text is still found', async () => {
  const folder = await repository({ 'page.js': code, 'main.py': 'f("other-flag")\n' });
  const hide = path.join(folder, 'hide.mjs');
  await writeFile(
    hide,
    "import { registerHooks } from 'node:module';\nregisterHooks({ resolve(name, context, next) { if (name === 'ts-morph') throw new Error('it is not there'); return next(name, context); } });\n",
  );
  const env = { NODE_OPTIONS: `--import=${hide}` };
  const { code: exit, err } = await start(folder, ['flags', 'refs', '--flag', 'new-checkout'], env).finished;
  assert.equal(exit, 1);
  assert.match(err, /npm install --save-dev ts-morph@28[^]*code: parser-missing/);
  const text = await start(folder, ['flags', 'refs', '--flag', 'other-flag'], env).finished;
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /main\.py:1/);
});
