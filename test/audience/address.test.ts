import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientAddress, networksOf, plainAddress } from '../../src/audience/address.ts';

test('an address has one spelling', () => {
  for (const [written, plain] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unknown', ''],
    ['192.0.2', ''],
    ['192.0.2.01', ''],
    ['_hidden', ''],
    ['', ''],
  ] as const)
    assert.equal(plainAddress(written), plain, written);
});

test('whatever is written, a plain address is an address or nothing, and stays as it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (written) => {
      const plain = plainAddress(written);
      assert.ok(plain === '' || isIP(plain) !== 0, plain);
      assert.equal(plainAddress(plain), plain);
    }),
  );
});

/** The bits of an IPv4 address, told a second time. */
const bits = (address: string): string =>
  address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');

test('a network holds the addresses that begin with its bits, also mapped into IPv6', () => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.integer({ min: 0, max: 32 }),
      fc.ipV4(),
      fc.boolean(),
      (network, length, other, near) => {
        const last = other.split('.').at(-1) ?? '0';
        const address = near ? `${network.split('.').slice(0, 3).join('.')}.${last}` : other;
        const inside = bits(address).slice(0, length) === bits(network).slice(0, length);
        const networks = networksOf([`${network}/${length}`]);
        assert.equal(networks.has(plainAddress(address)), inside);
        assert.equal(networks.has(plainAddress(`::ffff:${address}`)), inside);
      },
    ),
  );
});

test('networks of both families stand side by side', () => {
  const networks = networksOf(['192.0.2.0/24', '2001:db8::/32', '::1/128', '0.0.0.0/32']);
  assert.ok(networks.has('192.0.2.200') && networks.has('2001:db8:ffff::1') && networks.has('::1'));
  assert.ok(!networks.has('192.0.3.0') && !networks.has('2001:db9::1') && !networks.has(''));
  assert.ok(!networksOf(['::/0']).has('192.0.2.1'), 'all of IPv6 is not IPv4');
  assert.ok(!networksOf(['0.0.0.0/0']).has('::1'), 'nor the other way round');
  assert.ok(networksOf(['::ffff:192.0.2.0/120']).has('192.0.2.9'));
});

const trusted = networksOf(['10.0.0.0/8', 'fd00::/8']);

test('the client is the right-most address that is no trusted proxy', () => {
  for (const [peer, forwarded, client] of [
    ['203.0.113.1', '', '203.0.113.1'],
    ['203.0.113.1', '192.0.2.1', '203.0.113.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '6.6.6.6, 192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '6.6.6.6, 192.0.2.1, 10.0.0.2,10.0.0.3', '192.0.2.1'],
    ['10.0.0.1', '6.6.6.6, 10.0.0.9', '6.6.6.6'],
    ['10.0.0.1', '10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['fd00::1', '2001:db8::1', '2001:db8::1'],
    ['10.0.0.1', 'unknown', ''],
    ['10.0.0.1', '192.0.2.1, ', ''],
    ['10.0.0.1', '192.0.2.1, _x, 10.0.0.2', ''],
    ['', '192.0.2.1', ''],
  ] as const)
    assert.equal(clientAddress(peer, forwarded, trusted), client, `${peer} for ${forwarded}`);
});

test('whatever a client writes in front, the address that the proxy saw stays', () => {
  const piece = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('10.0.0.1', ',', ' ', '::', '"'));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      assert.equal(clientAddress('10.0.0.1', [...pieces, '192.0.2.1'].join(', '), trusted), '192.0.2.1');
      assert.equal(
        clientAddress('10.0.0.1', [...pieces, '192.0.2.1', '10.1.1.1'].join(','), trusted),
        '192.0.2.1',
      );
    }),
  );
});
