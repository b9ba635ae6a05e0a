import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import type { CertificateFiles, TlsConfig } from '../../src/config/router.ts';
import { TealError } from '../../src/errors.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { CertificateFolder, issue } from './certificates.ts';
import { answerOf } from './http2-rig.ts';
import type { Running } from './process-rig.ts';
import { closeSides, flip, sides, start, tlsOf } from './process-rig.ts';
import type { Origin } from './rig.ts';
import { answering, appTable, endpoint, lastGet, ok, RawClient, tableOf, until } from './rig.ts';
import { ask, connect, Hammer, sessionOf, shownFor } from './tls-client.ts';

/** A router with TLS in front of an origin that answers with what it was sent. */
async function secured(
  more: Partial<TlsConfig> & { readonly workers?: number } = {},
): Promise<
  AsyncDisposable &
    Running & { readonly folder: CertificateFolder; readonly secure: number; readonly origin: Origin }
> {
  const { workers = 1, ...config } = more;
  const folder = await CertificateFolder.make();
  const certificates = config.certificates ?? [await folder.put('shop', issue({ names: ['shop.test'] }))];
  const origin = await answering((text) => ok(text));
  const running = await start({ workers, tls: tlsOf(certificates, config) });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  return {
    ...running,
    folder,
    origin,
    secure: await running.securePort(),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function routerLog({ data }: Running): Promise<string> {
  return await readFile(path.join(data, 'router', 'router.log'), 'utf8');
}

// Most of their time they wait for a process to start, or for a file to be looked at.
describe('TLS', { concurrency: 4 }, () => {
  test('a request comes over TLS, the app is told, and every address says whether it is secure', async () => {
    await using running = await secured();
    const socket = await connect(running.secure, { servername: 'shop.test', ALPNProtocols: ['http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    const answer = await ask(socket);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\nX-Forwarded-Proto: https\r\n/);
    assert.match(answer, /\r\nX-Forwarded-For: 127\.0\.0\.1\r\n/);
    const { listen, certificates } = await running.router.status();
    assert.deepEqual(
      listen.map(({ secure }) => secure),
      [false, true],
    );
    assert.deepEqual(certificates[0]?.names, ['shop.test']);
    assert.ok((certificates[0]?.validUntil ?? 0) > Date.now());
  });

  test('HTTP/2 is spoken with who offers it, as HTTP/1.1 is, unless it is switched off', async () => {
    await using running = await secured({ hstsSeconds: 86_400 });
    const session = http2.connect(`https://127.0.0.1:${running.secure}`, {
      rejectUnauthorized: false,
      servername: 'shop.test',
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        answerOf(session.request({ ':path': '/', ':authority': 'shop.test' })),
      ),
    );
    assert.equal((session.socket as TLSSocket).alpnProtocol, 'h2');
    session.destroy();
    for (const { status, body, headers, reset } of answers) {
      assert.deepEqual([status, reset], [200, 0]);
      assert.match(body, /\r\nX-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: https\r\n/);
      assert.equal(headers['strict-transport-security'], 'max-age=86400');
    }
    // Who offers both gets it; who offers only the old one, or nothing, is spoken with as ever.
    for (const [offered, chosen] of [
      [['http/1.1', 'h2'], 'h2'],
      [['http/1.1'], 'http/1.1'],
      [undefined, false],
    ] as const) {
      const socket = await connect(
        running.secure,
        offered === undefined ? {} : { ALPNProtocols: [...offered] },
      );
      assert.equal(socket.alpnProtocol, chosen);
      socket.destroy();
    }
    await using without = await secured({ http2: false });
    const socket = await connect(without.secure, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    assert.match(await ask(socket), /200 OK/);
  });

  test('a switch loses nothing of HTTP/2 over TLS', async () => {
    await using files = await CertificateFolder.make();
    const certificates = [await files.put('shop', issue({ names: ['shop.test'] }))];
    await using running = await start({ tls: tlsOf(certificates) });
    const pair = await sides();
    await running.router.apply(flip(1, pair));
    const options = { rejectUnauthorized: false };
    const session = http2.connect(`https://127.0.0.1:${await running.securePort()}`, options);
    const request = () => answerOf(session.request({ ':path': '/', ':authority': 'shop.test' }));
    let stopped = false;
    const seen: { readonly status: number; readonly body: string; readonly reset: number }[] = [];
    const loops = Array.from({ length: 8 }, async () => {
      while (!stopped) seen.push(await request());
    });
    for (let generation = 2; generation <= 21; generation++) {
      const before = seen.length;
      await running.router.apply(flip(generation, pair));
      assert.equal((await request()).body, generation % 2 === 1 ? 'v1' : 'v2');
      await until(() => seen.length > before + 8, 'answers after the switch');
    }
    stopped = true;
    await Promise.all(loops);
    for (const { status, reset } of seen) assert.deepEqual([status, reset], [200, 0]);
    session.destroy();
    await closeSides(pair);
  });

  test('curl, which has a TLS of its own, verifies and is answered', async (t) => {
    const authority = issue({ subject: 'An Authority', authority: true });
    const folder = await CertificateFolder.make();
    t.after(() => folder[Symbol.asyncDispose]());
    const shop = issue({ names: ['shop.test'], by: authority });
    const files = await folder.put('shop', shop);
    const { certificate } = await folder.put('authority', authority);
    await using running = await secured({ certificates: [files] });
    const resolve = ['--resolve', `shop.test:${running.secure}:127.0.0.1`, '--cacert', certificate];
    let stdout: string;
    try {
      const url = `https://shop.test:${running.secure}/`;
      ({ stdout } = await promisify(execFile)('curl', ['-sS', '--http1.1', ...resolve, url]));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      t.skip('no curl on this machine');
      return;
    }
    assert.match(stdout, /X-Forwarded-Proto: https/);
  });

  test('the certificate is chosen by the name that is asked for', async (t) => {
    const folder = await CertificateFolder.make();
    t.after(() => folder[Symbol.asyncDispose]());
    const certificates: CertificateFiles[] = [];
    for (const [name, names] of [
      ['first', ['first.test']],
      ['many', ['a.many.test', 'b.many.test', '*.wild.test']],
      ['exact', ['exact.wild.test']],
      ['late', ['first.test', 'late.test']],
    ] as const) {
      certificates.push(await folder.put(name, issue({ subject: name, names })));
    }
    await using running = await secured({ certificates });
    for (const [asked, shown] of [
      ['first.test', 'first'],
      ['FIRST.test', 'first'],
      ['a.many.test', 'many'],
      ['b.many.test', 'many'],
      ['c.many.test', 'first'],
      ['any.wild.test', 'many'],
      ['exact.wild.test', 'exact'],
      ['two.labels.wild.test', 'first'],
      ['wild.test', 'first'],
      ['late.test', 'late'],
      ['unknown.test', 'first'],
      [undefined, 'first'],
    ] as const) {
      assert.equal(await shownFor(running.secure, asked), shown, String(asked));
    }
  });

  test('what is older than TLS 1.2, or without forward secrecy, is refused', async () => {
    await using running = await secured();
    const legacy = { ciphers: 'DEFAULT@SECLEVEL=0' };
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      await assert.rejects(
        connect(running.secure, { minVersion: version, maxVersion: version, ...legacy }),
        /alert protocol version|ALERT_PROTOCOL_VERSION/i,
      );
    }
    const old = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    await assert.rejects(
      connect(running.secure, { ...old, ciphers: 'AES128-GCM-SHA256' }),
      /handshake failure/i,
    );
    await assert.rejects(
      connect(running.secure, { ...old, ciphers: 'ECDHE-ECDSA-AES128-SHA' }),
      /handshake failure/i,
    );
    const fine = await connect(running.secure, old);
    assert.match(fine.getCipher().standardName, /^TLS_ECDHE_ECDSA_WITH_(AES_\d+_GCM|CHACHA20)/);
    assert.match(await ask(fine), /200 OK/);
  });

  test('min-version: TLSv1.3 leaves TLS 1.2 out', async () => {
    await using running = await secured({ minVersion: 'TLSv1.3' });
    await assert.rejects(connect(running.secure, { maxVersion: 'TLSv1.2' }), /protocol version/i);
    assert.match(await ask(await connect(running.secure)), /200 OK/);
  });

  test('a certificate that changes is in force soon, also under load, and no connection is dropped', async () => {
    await using running = await secured({ workers: 2 });
    const kept = await connect(running.secure, { servername: 'shop.test' });
    const hammer = new Hammer(running.secure);
    await until(() => hammer.answered > 20, 'requests');
    for (let round = 1; round <= 3; round++) {
      const renewed = issue({ subject: `round ${round}`, names: ['shop.test'] });
      // As renewals do: key and certificate one after the other, each in one step.
      await writeFile(running.folder.file('new.key'), renewed.key);
      await rename(running.folder.file('new.key'), running.folder.file('shop.key'));
      await writeFile(running.folder.file('new.pem'), renewed.certificate);
      await rename(running.folder.file('new.pem'), running.folder.file('shop.pem'));
      await until(
        async () => (await shownFor(running.secure, 'shop.test')) === `round ${round}`,
        'the new one',
      );
    }
    const answered = hammer.answered;
    await until(() => hammer.answered > answered + 20, 'requests after it');
    await hammer.stop();
    assert.deepEqual(hammer.failures, []);
    assert.match(await ask(kept), /200 OK/, 'the connection from before the first change');
  });

  test('what is no good is refused and told, the old certificate stays, and is replaced when all is well again', async () => {
    await using running = await secured();
    const file = running.folder.file('shop.pem');
    const good = await readFile(file, 'utf8');
    const problem = async (): Promise<string> =>
      (await running.router.status()).certificates[0]?.problem ?? '';
    const other = issue({ subject: 'another', names: ['shop.test'] });

    await writeFile(file, other.certificate);
    await until(
      async () => (await problem()).includes('is not the key of the certificate'),
      'a pair that does not fit',
    );
    assert.equal(await shownFor(running.secure, 'shop.test'), 'shop.test');

    await writeFile(file, 'not a certificate');
    await until(async () => (await problem()).includes('holds no certificate'), 'a file that is none');
    await rm(file);
    await until(async () => (await problem()).includes('does not exist'), 'a file that is gone');
    assert.equal(await shownFor(running.secure, 'shop.test'), 'shop.test');

    await writeFile(file, good);
    await until(async () => (await problem()) === '', 'the old one again');
    await running.folder.put('shop', other);
    await until(async () => (await shownFor(running.secure, 'shop.test')) === 'another', 'the new one');

    const log = await routerLog(running);
    assert.match(log, /is not the key of the certificate in .*; the old one stays in force/);
    for (const key of [other.key, await readFile(running.folder.file('shop.key'), 'utf8')]) {
      const secret = key.split('\n')[1] ?? '';
      assert.ok(secret.length > 20);
      assert.ok(!log.includes(secret), 'a key is in the log');
      assert.ok(!JSON.stringify(await running.router.status()).includes(secret), 'a key is in the status');
    }
  });

  test('a router does not start with a certificate that is no good, and says which file it is', async (t) => {
    const folder = await CertificateFolder.make();
    t.after(() => folder[Symbol.asyncDispose]());
    const one = issue({ names: ['one.test'] });
    const mixed = await folder.put('mixed', { certificate: one.certificate, key: issue({}).key });
    const missing = { certificate: folder.file('none.pem'), key: folder.file('none.key') };
    for (const [files, message] of [
      [mixed, /mixed\.key is not the key/],
      [missing, /none\.pem does not exist/],
    ] as const) {
      await assert.rejects(start({ tls: tlsOf([files]) }), (error: unknown) => {
        assert.ok(error instanceof TealError);
        assert.equal(error.code, 'certificate-invalid');
        assert.match(error.message, message);
        return true;
      });
    }
  });

  test('one certificate that is no good costs its own hosts only, until it is mended', async () => {
    await using folder = await CertificateFolder.make();
    const good = await folder.put('good', issue({ names: ['good.test'] }));
    const late = issue({ names: ['late.test'] });
    const broken = await folder.put('late', { certificate: 'no certificate', key: late.key });
    await using running = await secured({ certificates: [broken, good] });
    assert.match(await ask(await connect(running.secure, { servername: 'good.test' })), /200 OK/);
    assert.equal(await shownFor(running.secure), 'good.test');
    await assert.rejects(connect(running.secure, { servername: 'late.test' }), { code: 'ECONNRESET' });
    const { certificates } = await running.router.status();
    assert.match(certificates[0]?.problem ?? '', /late\.pem holds no certificate/);
    assert.deepEqual([certificates[0]?.validUntil, certificates[1]?.problem], [null, null]);
    assert.match(await routerLog(running), /late\.pem holds no certificate.*; its hosts are refused/);
    await folder.put('late', late);
    await until(
      () =>
        shownFor(running.secure, 'late.test').then(
          (name) => name === 'late.test',
          () => false,
        ),
      'the mended certificate to be read',
    );
    // Nothing is missing any more: a name that nobody holds gets the first, as ever.
    assert.equal(await shownFor(running.secure, 'other.test'), 'late.test');
  });

  test('a router that runs is not stopped for one that could not start', async () => {
    await using running = await secured();
    const missing = { certificate: running.folder.file('none.pem'), key: running.folder.file('none.key') };
    await assert.rejects(
      EmbeddedRouter.start({ ...running.options, tls: tlsOf([missing]) }),
      /none\.(?:pem|key) does not exist/,
    );
    assert.match(await ask(await connect(running.secure)), /200 OK/);
  });

  test('a session goes on at any worker, after the crash of one, and after a renewal', async () => {
    await using running = await secured({ workers: 2 });
    const session = await sessionOf(running.secure, { servername: 'shop.test' });
    const resumed = async (): Promise<boolean> => {
      const socket = await connect(running.secure, { servername: 'shop.test', session });
      const reused = socket.isSessionReused();
      assert.match(await ask(socket), /200 OK/);
      return reused;
    };
    // Both workers have taken some of so many.
    for (let index = 0; index < 12; index++) assert.ok(await resumed(), `connection ${index}`);
    const { workers } = await running.router.status();
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    await until(async () => {
      const now = (await running.router.status()).workers;
      return now.length === 2 && now.every(({ pid }) => pid !== workers[0]?.pid);
    }, 'another worker');
    for (let index = 0; index < 8; index++) assert.ok(await resumed(), `connection ${index} after the crash`);
    await running.folder.put('shop', issue({ subject: 'renewed', names: ['shop.test'] }));
    await until(async () => (await shownFor(running.secure, 'shop.test')) === 'renewed', 'the renewed one');
    assert.ok(await resumed(), 'after the renewal');
  });

  test('a switch under load loses nothing over TLS, and a drain waits for what is in flight', async () => {
    const folder = await CertificateFolder.make();
    await using files = folder;
    const certificates = [await files.put('shop', issue({ names: ['shop.test'] }))];
    await using running = await start({ tls: tlsOf(certificates) });
    const pair = await sides();
    await running.router.apply(flip(1, pair));
    const hammer = new Hammer(await running.securePort());
    for (let generation = 2; generation <= 31; generation++) {
      const answered = hammer.answered;
      await running.router.apply(flip(generation, pair));
      const left = generation % 2 === 0 ? 'b' : 'g';
      const drained = await running.router.drain(
        { app: 'shop', endpoints: [left], streams: 'drain', deadlineMs: 10_000 },
        new AbortController().signal,
      );
      assert.equal(drained.cut, 0);
      await until(() => hammer.answered > answered, 'an answer after the switch');
    }
    await hammer.stop();
    assert.deepEqual(hammer.failures, []);
    assert.deepEqual([...new Set(hammer.bodies)].sort(), ['v1', 'v2']);
    await closeSides(pair);
  });

  test('bytes that are no TLS end the connection, and TLS on a plain port is no request', async () => {
    await using running = await secured();
    const plain = new RawClient(running.secure, 'plain');
    await plain.send(lastGet()).until(({ closed, ended }) => closed || ended);
    assert.doesNotMatch(plain.text, /^HTTP/);
    plain.close();
    const port = await running.port();
    await assert.rejects(connect(port));
    // Both ports are well.
    assert.match(await ask(await connect(running.secure)), /200 OK/);
  });

  test('a handshake that is begun, or one that goes on byte by byte, is ended in time', async () => {
    const folder = await CertificateFolder.make();
    await using files = folder;
    const certificates = [await files.put('shop', issue({ names: ['shop.test'] }))];
    const client = {
      headBytes: 16_384,
      headers: 100,
      headTimeoutMs: 700,
      idleTimeoutMs: 10_000,
      connections: 100,
    };
    await using running = await start({ workers: 1, client, tls: tlsOf(certificates) });
    const port = await running.securePort();
    const begun = performance.now();
    const silent = net.connect(port, '127.0.0.1');
    const slow = net.connect(port, '127.0.0.1');
    // The start of a record of 512 bytes.
    slow.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    const drip = setInterval(() => slow.write(Buffer.from([0])), 100);
    for (const socket of [silent, slow]) socket.on('error', () => {}).resume();
    await Promise.all([once(silent, 'close'), once(slow, 'close')]);
    clearInterval(drip);
    const took = performance.now() - begun;
    assert.ok(took > 600 && took < 5_000, `${took} ms`);
  });

  test('thousands of handshakes that are given up leave nothing behind', async () => {
    await using running = await secured();
    for (let round = 0; round < 10; round++) {
      const sockets = Array.from({ length: 50 }, () => net.connect(running.secure, '127.0.0.1'));
      await Promise.all(
        sockets.map(async (socket, index) => {
          socket.on('error', () => {});
          await once(socket, 'connect');
          if (index % 3 === 0) socket.resetAndDestroy();
          else if (index % 3 === 1) socket.end(Buffer.from([0x16, 0x03, 0x01]));
          else socket.destroy();
        }),
      );
    }
    assert.match(await ask(await connect(running.secure)), /200 OK/);
    await until(async () => (await running.router.status()).workers[0]?.connections === 0, 'no connection');
    assert.doesNotMatch(await routerLog(running), /a worker ended/);
  });

  test('a response that breaks off is reset where its end would look like the end of the body', async (t) => {
    const folder = await CertificateFolder.make();
    t.after(() => folder[Symbol.asyncDispose]());
    const origin = await answering('HTTP/1.0 200 OK\r\n\r\nhalf of it');
    t.after(() => origin[Symbol.asyncDispose]());
    const certificates = [await folder.put('shop', issue({ names: ['shop.test'] }))];
    await using running = await start({ workers: 1, tls: tlsOf(certificates) });
    const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
    await running.router.apply(tableOf(1, appTable({ environments })));
    const client = new RawClient(await running.securePort(), 'tls');
    await client.send('GET / HTTP/1.0\r\n\r\n').has('half of it');
    for (const socket of origin.sockets) socket.resetAndDestroy();
    await client.until(({ closed }) => closed);
    assert.equal((client.error as NodeJS.ErrnoException | null)?.code, 'ECONNRESET');
    assert.equal(client.ended, false);
  });

  test('the alert of a client that ends its side is no end of the answer', async () => {
    await using running = await secured();
    const socket: TLSSocket = await connect(running.secure);
    socket.end('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n');
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString();
    });
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1\.1 200 OK/);
  });

  test('hsts is said on https answers of the app and of the router, and never on plain ones', async () => {
    await using running = await secured({ hstsSeconds: 86_400, redirect: false });
    const line = /\r\nStrict-Transport-Security: max-age=86400\r\n/;
    assert.match(await ask(await connect(running.secure)), line);
    const refused = new RawClient(running.secure, 'tls');
    assert.match(await refused.send('GET / HTTP/1.1\r\n\r\n').end(), line);
    refused.close();
    const plain = new RawClient(await running.port(), 'plain');
    assert.doesNotMatch(await plain.send(lastGet()).end(), line);
    plain.close();
  });
});
