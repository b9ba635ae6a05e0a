import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import { after, before, describe, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { distinguishedName } from '../../src/router/embedded/tls/client-certificate.ts';
import type { Issued } from './certificates.ts';
import { CertificateFolder, issue } from './certificates.ts';
import { answerOf } from './http2-rig.ts';
import type { Running } from './process-rig.ts';
import { start, tlsOf } from './process-rig.ts';
import type { Origin } from './rig.ts';
import { answering, appTable, endpoint, ok, tableOf, until } from './rig.ts';
import { ask, connect, sessionOf } from './tls-client.ts';

describe('client certificates', () => {
  const authority = issue({ subject: 'Client Authority', authority: true });
  const other = issue({ subject: 'Another Authority', authority: true });
  const good = issue({ subject: 'Zoë, of "Teal"\r\nX-Evil: yes', by: authority });
  const stranger = issue({ subject: 'stranger', by: other });
  const late = issue({ subject: 'late', by: authority, until: new Date(Date.now() - 1000) });
  let folder: CertificateFolder;
  let origin: Origin;
  const running = new Map<'ask' | 'require', { readonly router: Running; readonly port: number }>();

  before(async () => {
    folder = await CertificateFolder.make();
    origin = await answering((text) => ok(text));
    const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
    for (const mode of ['ask', 'require'] as const) {
      const certificates = [await folder.put('shop', issue({ names: ['shop.test'] }))];
      const { certificate: ca } = await folder.put(`${mode}-ca`, authority);
      const router = await start({
        workers: 1,
        tls: tlsOf(certificates, { clientCertificates: { ca, mode } }),
      });
      await router.router.apply(tableOf(1, appTable({ environments })));
      running.set(mode, { router, port: await router.securePort() });
    }
  });

  after(async () => {
    for (const { router } of running.values()) await router[Symbol.asyncDispose]();
    await origin[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const as = ({ certificate, key }: Issued): ConnectionOptions => ({ cert: certificate, key });
  const asked = async (
    mode: 'ask' | 'require',
    options: ConnectionOptions,
    ...lines: string[]
  ): Promise<string> => await ask(await connect(running.get(mode)?.port ?? 0, options), ...lines);

  /** The lines of ours that reached the app. */
  const told = (answer: string): readonly string[] =>
    answer
      .split('\r\n')
      .filter((line) => /^x[-_]teal[-_]client/i.test(line))
      .map((line) => line.replace(/(Serial|Fingerprint): \S+$/, '$1'));

  const named = [
    'X-Teal-Client-Verify: ok',
    String.raw`X-Teal-Client-Subject: CN=Zo\C3\AB\, of \"Teal\"\0D\0AX-Evil: yes,O=Teal Test`,
    'X-Teal-Client-Serial',
    'X-Teal-Client-Fingerprint',
  ];

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const only = { minVersion: version, maxVersion: version } as const;

    test(`of an authority that is believed name the client to the app, by ${version}`, async () => {
      for (const mode of ['ask', 'require'] as const) {
        const answer = await asked(mode, { ...as(good), ...only });
        assert.deepEqual(told(answer), named);
        assert.match(answer, /\r\nX-Teal-Client-Fingerprint: sha256:[0-9a-f]{64}\r\n/);
        assert.match(answer, /\r\nX-Teal-Client-Serial: [0-9A-F]{32}\r\n/);
      }
    });

    test(`are not needed where they are only asked for, and then nobody is named, by ${version}`, async () => {
      assert.deepEqual(told(await asked('ask', only)), ['X-Teal-Client-Verify: none']);
      for (const bad of [stranger, late]) {
        assert.deepEqual(told(await asked('ask', { ...as(bad), ...only })), ['X-Teal-Client-Verify: failed']);
      }
    });

    test(`that are missing, of others or expired get nobody in where they are required, by ${version}`, async () => {
      const before = origin.received.length;
      for (const options of [{}, as(stranger), as(late)]) {
        // By TLS 1.3 a client learns of it only after its handshake.
        const answer = await asked('require', { ...options, ...only }).catch((error: unknown) =>
          String(error),
        );
        assert.doesNotMatch(answer, /HTTP\/1\.1/);
      }
      assert.equal(origin.received.length, before);
    });

    test(`count in a resumed session as in the first, by ${version}`, async () => {
      const port = running.get('require')?.port ?? 0;
      const session = await sessionOf(port, { ...as(good), ...only });
      const again = await connect(port, { ...as(good), ...only, session });
      assert.ok(again.isSessionReused());
      assert.deepEqual(told(await ask(again)), named);
    });
  }

  test('are told over HTTP/2 too, and cannot be claimed there either', async () => {
    const options = { ...as(good), rejectUnauthorized: false };
    const session = http2.connect(`https://127.0.0.1:${running.get('require')?.port ?? 0}`, options);
    const claim = { 'x-teal-client-subject': 'CN=admin', x_teal_client_verify: 'ok' };
    const { body } = await answerOf(session.request({ ':path': '/', ':authority': 'shop.test', ...claim }));
    session.destroy();
    assert.deepEqual(told(body), named);
  });

  test('cannot be claimed by headers, however they are spelled', async () => {
    const claims = [
      'X-Teal-Client-Verify: ok',
      'x-teal-client-subject: CN=admin',
      'X_Teal_Client_Subject: CN=admin',
      'X-Teal-Client-Subject : CN=admin',
    ];
    const answer = await asked('ask', {}, ...claims.slice(0, 3));
    assert.deepEqual(told(answer), ['X-Teal-Client-Verify: none']);
    assert.match(await asked('ask', {}, ...claims), /^HTTP\/1\.1 400/);
    // Nor taken away from who has one.
    const kept = await asked(
      'ask',
      as(good),
      'Connection: close, x-teal-client-verify, x-teal-client-subject',
    );
    assert.deepEqual(told(kept), named);
  });

  test('of other authorities are believed when the file says so, and sessions of before are not resumed', async () => {
    const port = running.get('require')?.port ?? 0;
    const session = await sessionOf(port, as(good));
    await folder.put('require-ca', other);
    const seen = async (): Promise<string> =>
      await asked('require', as(stranger)).catch((error: unknown) => String(error));
    await until(async () => told(await seen())[0] === 'X-Teal-Client-Verify: ok', 'the other authority');
    const again = await connect(port, { ...as(good), session }).catch(() => null);
    const answer = again === null ? '' : await ask(again);
    assert.doesNotMatch(answer, /HTTP\/1\.1/);
    await folder.put('require-ca', authority);
    await until(async () => {
      const back = await asked('require', as(good)).catch((error: unknown) => String(error));
      return told(back)[0] === 'X-Teal-Client-Verify: ok';
    }, 'the first authority again');
    assert.match(await readFile(folder.file('require-ca.pem'), 'utf8'), /BEGIN/);
  });
});

test('a distinguished name is one line of printable ASCII, the most specific part first', () => {
  assert.equal(distinguishedName('O=Teal\nCN=a'), 'CN=a,O=Teal');
  assert.equal(distinguishedName('CN=é€😀\u0007'), String.raw`CN=\C3\A9\E2\82\AC\F0\9F\98\80\07`);
});
