import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { test } from 'node:test';
import { certificates } from '../../src/control/doctor-certificates.ts';
import { baseOf, baseUrl, urlsOf } from '../../src/control/urls.ts';
import type { BoundAddress, CertificateStatus } from '../../src/router/router.ts';
import { app } from '../release/story.ts';
import { CertificateFolder, issue } from '../router/certificates.ts';
import { FakeRouter } from './fakes.ts';

const plain: BoundAddress = { host: '0.0.0.0', port: 80, secure: false };
const secure: BoundAddress = { host: '0.0.0.0', port: 443, secure: true };

test('people get https where there is some, and no port that goes without saying', () => {
  const shop = { ...app(), hosts: ['shop.test', '*.shop.test'], paths: ['/app'] };
  const anywhere = { ...app(), hosts: [], paths: ['/'] };
  for (const [listen, base, named] of [
    [[plain, secure], 'https://127.0.0.1', 'https://shop.test/app'],
    [[plain, { ...secure, port: 8443 }], 'https://127.0.0.1:8443', 'https://shop.test:8443/app'],
    [[plain], 'http://127.0.0.1', 'http://shop.test/app'],
    [[{ ...plain, host: '::1', port: 8080 }], 'http://[::1]:8080', 'http://shop.test:8080/app'],
  ] as const) {
    assert.equal(baseOf({ listen }), base);
    assert.deepEqual(urlsOf(shop, base), [named]);
    assert.deepEqual(urlsOf(anywhere, base), [`${base}/`]);
  }
  assert.equal(baseOf({ listen: [] }), null);
});

test('Teal itself comes in without encryption: no certificate fits the address of the machine', async () => {
  class Both extends FakeRouter {
    override async status() {
      return { ...(await super.status()), listen: [secure, { ...plain, port: 8080 }] };
    }
  }
  assert.equal(await baseUrl({ router: new Both() }), 'http://127.0.0.1:8080');
});

test('the doctor says of certificates until when they hold, and what is wrong with them', async () => {
  await using folder = await CertificateFolder.make();
  const files = await folder.put('shop', issue({ names: ['shop.test'] }));
  const day = 24 * 3600_000;
  const now = Date.parse('2026-06-01T12:00:00Z');
  const fine: CertificateStatus = {
    ...files,
    names: ['shop.test', 'www.shop.test'],
    validFrom: now - day,
    validUntil: now + 60 * day,
    problem: null,
  };
  const told = async (more: Partial<CertificateStatus>) => {
    const { state, says, remedy } = await certificates([fine, { ...fine, ...more }], now);
    return { state, says, remedy };
  };
  assert.deepEqual(await told({ names: [] }), {
    state: 'ok',
    says: `shop.test until 2026-07-31, ${files.certificate} until 2026-07-31`,
    remedy: null,
  });
  assert.deepEqual(await told({ validUntil: now + 13 * day }), {
    state: 'warning',
    says: 'shop.test expires on 2026-06-14',
    remedy: `renew ${files.certificate}`,
  });
  assert.deepEqual(await told({ validUntil: now - 1 }), {
    state: 'failed',
    says: 'shop.test has expired on 2026-06-01',
    remedy: `renew ${files.certificate}`,
  });
  assert.deepEqual(await told({ problem: 'x.pem holds no certificate' }), {
    state: 'failed',
    says: 'x.pem holds no certificate; the old one stays in force',
    remedy: 'correct the file: it is read again by itself',
  });
  assert.deepEqual(
    await told({ names: [], validFrom: null, validUntil: null, problem: 'x.pem holds no certificate' }),
    {
      state: 'failed',
      says: 'x.pem holds no certificate; its hosts are refused',
      remedy: 'correct the file: it is read again by itself',
    },
  );
  assert.equal((await told({ validFrom: now + day })).state, 'failed');
  await chmod(files.key, 0o644);
  const readable = await certificates([fine], now);
  assert.equal(readable.state, 'warning');
  assert.equal(readable.remedy, `chmod 600 ${files.key}`);
});
