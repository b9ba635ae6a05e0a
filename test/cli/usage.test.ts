import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { start, teal, until, type Finished } from './cli.ts';
import { project } from './fake.ts';

let directory: string;
let nowhere: string;
before(async () => {
  directory = await project();
  nowhere = await mkdtemp(path.join(os.tmpdir(), 'teal-empty-'));
});
after(async () => {
  await rm(directory, { recursive: true });
  await rm(nowhere, { recursive: true });
});

test('without arguments the help is printed, with commands to try first', async () => {
  const bare = await teal(nowhere);
  assert.equal(bare.code, 0);
  assert.ok(bare.out.indexOf('teal init') < bare.out.indexOf('Set up'));
  assert.deepEqual(await teal(nowhere, '--help'), bare);
  assert.ok(bare.out.split('\n').every((line) => line.length <= 80));
});

test('the help of a command begins with examples', async () => {
  const { code, out } = await teal(nowhere, 'deploy', '--help');
  assert.equal(code, 0);
  assert.match(out, /^USAGE\n {2}teal deploy shop v2 --from \. --wait\n/);
  assert.equal((await teal(nowhere, 'help', 'deploy')).out, out);
});

test('mistakes in what was typed exit with 2 and a suggestion', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['depoly shop v2', /There is no command "depoly"\n {2}Did you mean teal deploy\?/],
    ['deploy shop v2 --form .', /There is no flag --form\n {2}Did you mean --from\?/],
    ['deploy shop', /<version> is missing\n {2}See: teal deploy --help/],
    ['deploy shop v2 --promote never', /--promote cannot be "never": expected auto or manual/],
    ['deploy shop v2 --wait --timeout soon', /--timeout cannot be "soon": expected a duration such as 30s/],
    ['scale shop many', /instances cannot be "many": expected a whole number/],
    ['maintenance maybe', /on\|off cannot be "maybe": expected on or off/],
    ['restart shop --role worker', /There is no flag --role\n {2}See: teal restart --help/],
    ['restart shop --nocolor', /Did you mean --no-color\?/],
    ['xyzzy', /There is no command "xyzzy"\n {2}See: teal --help/],
    ['--config x.yaml status', /--config comes after the command\n {2}See: teal --help/],
    ['abort shop blog', /"blog" is one argument too many/],
    ['deploy shop v2 --from', /--from needs a value/],
    ['db collect', /--out is missing\n {2}See: teal db collect --help/],
    ['db new drop thing x', / thing cannot be "thing": expected[^]*See: teal db new drop --help/],
    ['db collect --out c --for soon', /--for cannot be "soon": expected a duration/],
    ['db lint db --wat', /There is no flag --wat\n {2}See: teal db lint --help/],
  ];
  await Promise.all(
    cases.map(async ([line, expected]) => {
      const { code, out, err } = await teal(directory, ...line.split(' '));
      assert.equal(code, 2, line);
      assert.equal(out, '', line);
      assert.match(err, expected, line);
      assert.match(err, /code: usage/, line);
    }),
  );
});

test('with --json a mistake is a document too', async () => {
  const { code, out } = await teal(directory, 'depoly', '--json');
  assert.equal(code, 2);
  assert.deepEqual(JSON.parse(out).error.details, { suggestions: ['teal deploy'] });
});

test('a control plane that does not run is said so, and nothing is left behind by looking', async () => {
  const { code, err } = await teal(directory, 'status');
  assert.equal(code, 1);
  assert.equal(
    err.replaceAll(/\s+/g, ' '),
    `✗ Teal is not running for ${path.join(directory, 'teal.yaml')} Start it with: teal up code: control-unavailable `,
  );
  await assert.rejects(readFile(path.join(directory, '.teal')), { code: 'ENOENT' });
});

test('a socket that nobody serves any more counts as not running', async () => {
  await mkdir(path.join(directory, '.teal'));
  await writeFile(path.join(directory, '.teal', 'control.sock'), '');
  const { code, out } = await teal(directory, 'status', '--json');
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).error.code, 'control-unavailable');
  await rm(path.join(directory, '.teal'), { recursive: true });
});

test('without a teal.yaml anywhere the way to write one is named', async () => {
  const { code, err } = await teal(nowhere, 'status');
  assert.equal(code, 2);
  assert.match(err, /teal init/);
  const named = await start(nowhere, ['status'], { TEAL_CONFIG: 'missing.yaml' }).finished;
  assert.equal(named.code, 2);
  assert.match(named.err.replaceAll(/\s+/g, ' '), /missing\.yaml \(from TEAL_CONFIG\)/);
});

test('data: is found however it is written', async () => {
  const { dataDirectory } = await import('../../src/cli/shell/locate.ts');
  const cases: readonly (readonly [string, string])[] = [
    ['apps: {}\n', '.teal'],
    ['data: state\napps: {}\n', 'state'],
    ['# data: no\ndata: ./a/b # why\n', 'a/b'],
    ['data: "with space"\n', 'with space'],
    ["'data': quoted\n", 'quoted'],
    ['{data: flow, apps: {}}\n', 'flow'],
    ['--- \ndata: marked\n', 'marked'],
    ['apps:\n  data: inner\n', '.teal'],
    ['apps:\n  x: |\n    data: text\ndata: &a anchored\n', 'anchored'],
  ];
  for (const [yaml, expected] of cases) {
    const file = path.join(nowhere, 'teal.yaml');
    await writeFile(file, yaml);
    assert.equal(await dataDirectory(file), path.join(nowhere, expected), JSON.stringify(yaml));
    await rm(file);
  }
});

test('config check names file, line and column, and exits with 2', async () => {
  const bad = await project('apps:\n  shop:\n    rum: {}\n');
  const { code, out, err } = await teal(bad, 'config', 'check');
  assert.equal(code, 2);
  assert.match(out, /^teal\.yaml:\d+:\d+/);
  assert.match(err, /code: config-invalid/);
  const json = await teal(bad, 'config', 'check', '--json');
  assert.equal(json.code, 2);
  assert.ok(JSON.parse(json.out).problems.length > 0);
  await rm(bad, { recursive: true });
});

test('prove counts what was answered and by which version', async () => {
  const server = createServer((_, response) => response.setHeader('x-version', 'v1').end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { code, out } = await teal(nowhere, 'prove', url, '--rps', '100', '--for', '500ms');
  assert.equal(code, 0, out);
  assert.match(out, /✓ Nothing lost/);
  assert.match(out, /Failed +0\n {2}Versions +v1 \d+/);
  const during = await teal(nowhere, 'prove', url, '--rps', '50', '--during', 'echo hi; exit 3', '--json');
  assert.equal(during.code, 1);
  assert.match(during.err, /^\$ echo hi; exit 3\n {2}hi\n/);
  const report = JSON.parse(during.out);
  assert.equal(report.failed, 0);
  assert.equal(report.during.code, 3);
  assert.deepEqual(
    report.windows.map(({ name }: { name: string }) => name),
    ['before', 'during', 'after'],
  );
  server.close();
  server.closeAllConnections();
});

test('prove exits with 1 when a request failed, and says how', async () => {
  let seen = 0;
  const server = createServer((_, response) => {
    seen += 1;
    response.statusCode = seen === 5 ? 503 : 200;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { code, out } = await teal(nowhere, 'prove', url, '--rps', '50', '--for', '400ms');
  assert.equal(code, 1);
  assert.match(out, /✗ Requests lost[^]*Failed +1\n +status-5xx +1, first: status 503/);
  server.close();
  server.closeAllConnections();
});

test('a proof that is interrupted is none: 130, after its report', async (t) => {
  let seen = 0;
  const server = createServer((_, response) => {
    seen += 1;
    response.end();
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const interrupted = async (...args: readonly string[]): Promise<Finished> => {
    const [before, running] = [seen, start(nowhere, ['prove', url, '--rps', '50', ...args])];
    await until('it sends', () => seen > before + 2);
    running.child.kill('SIGINT');
    return running.finished;
  };
  const steady = await interrupted('--for', '60s');
  assert.equal(steady.code, 130);
  assert.match(steady.out, /Nothing lost[^]*Interrupted +before its end/);
  const early = await interrupted('--during', 'echo it ran');
  assert.equal(early.code, 130);
  assert.match(early.out, /Interrupted +before it ran: echo it ran/);
  assert.equal(early.err, '');
  const json = await interrupted('--for', '60s', '--json');
  assert.deepEqual([json.code, JSON.parse(json.out).interrupted], [130, true]);
});

test('prove refuses what it cannot reach before it sends anything', async () => {
  const bad = await teal(nowhere, 'prove', 'localhost:8080');
  assert.equal(bad.code, 2);
  const closed = await teal(nowhere, 'prove', 'http://127.0.0.1:1/');
  assert.equal(closed.code, 1);
  assert.match(closed.err, /Nothing answers at http:\/\/127\.0\.0\.1:1\/ \(ECONNREFUSED\)/);
  assert.match(closed.err, /code: target-unreachable/);
});

test('a reader that takes only the first line is no error', async () => {
  const bin = path.resolve(import.meta.dirname, '../../bin/teal.js');
  const code = await new Promise((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', `"${process.execPath}" "${bin}" --help | head -1; exit 0`],
      (_error, out, err) => resolve(out.split('\n').length === 2 && err === ''),
    );
  });
  assert.equal(code, true);
});

test('version prints the package’s version', async () => {
  const { out } = await teal(nowhere, '--version', '--json');
  const pkg = JSON.parse(await readFile(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'));
  assert.equal(JSON.parse(out).version, pkg.version);
});
